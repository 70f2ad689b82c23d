"""Gates: who opens them, for which run, until when, and the messages meanwhile. Time does not pass."""

import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from click.testing import Result
from support.building import Clock, a_plan
from support.progress import standing_of
from typer.testing import CliRunner

from reports.build.report import report_of
from runs.approvals import approval_of, approve, run_to_approve
from runs.commands import Called
from runs.errors import StateUnusable
from runs.events import Event, delivered_to
from runs.journal import GateEntry, Journal, now
from runs.progress import Progress, listening
from runs.state import State
from runs.step_names import StepName
from snapferry.main import app
from tasks import gates
from tasks.errors import TimedOut
from tasks.gates import ApprovalRoute
from tasks.migration import Migration

pytestmark = pytest.mark.slow

GATE = "before-restore"


@pytest.fixture
def clock() -> Clock:
    return Clock(step=1.0)


def at_gate(folder: Path, clock: Clock, verb: str = "migrate", **settings: Any) -> Migration:
    """A run whose plan names a gate; its domains are not looked at."""
    plan = a_plan(gates={GATE: {"timeout": "90s", **settings}})
    journal = State(folder, plan.name).begin(plan, verb)
    return Migration(plan, None, None, journal, poll=clock.poll)  # type: ignore[arg-type]


def waited(m: Migration, other: ApprovalRoute | None = None) -> str:
    """Goes through the gate as the flow does, and returns who has opened it."""
    settings = gates.closed_gate(m, GATE)
    assert settings
    gates.record_arrival(m, GATE, settings)
    by = gates.approver(m, GATE, settings) or gates.await_approval(
        m, GATE, settings, other or ApprovalRoute()
    )
    gates.record_approval(m, GATE, by)
    return by


def opened_after(clock: Clock, seconds: float, open_it: Any) -> ApprovalRoute:
    """Does something after so many seconds of waiting."""

    def look() -> None:
        if clock.now >= 1000 + seconds:
            open_it()

    return ApprovalRoute("", look)


def test_it_is_opened_by_an_approval_and_not_waited_for_again(tmp_path: Path, clock: Clock) -> None:
    m = at_gate(tmp_path, clock)
    assert waited(m, opened_after(clock, 5, lambda: approve(m.journal, GATE, "ann@desk"))) == "ann@desk"
    again = Journal.load(m.journal.path).document.gates[GATE]
    assert (again.by, bool(again.approved)) == ("ann@desk", True)
    assert gates.closed_gate(m, GATE) is None


def test_an_approval_given_in_advance_opens_it_without_a_wait(tmp_path: Path, clock: Clock) -> None:
    m = at_gate(tmp_path, clock)
    approve(m.journal, GATE, "ann@desk")
    assert waited(m) == "ann@desk"
    assert clock.pauses == []


def test_at_the_timeout_it_says_what_to_do_and_the_next_session_has_the_whole_time_again(
    tmp_path: Path, clock: Clock
) -> None:
    m = at_gate(tmp_path, clock)
    for _ in range(2):
        began = clock.now
        with pytest.raises(TimedOut, match=r"nobody approved before-restore within 1m30s") as caught:
            waited(m)
        assert "snapferry approve PLAN before-restore" in caught.value.hint
        assert 90 <= clock.now - began <= 96
    assert m.journal.document.gates[GATE].approved is None
    assert gates.closed_gate(m, GATE)


def test_a_file_opens_it_only_when_it_is_younger_than_the_run(tmp_path: Path, clock: Clock) -> None:
    file = tmp_path / "go"
    file.touch()
    m = at_gate(tmp_path, clock, file=str(file))
    started = m.journal.document.started.timestamp()
    os.utime(file, (started - 1, started - 1))
    with pytest.raises(TimedOut):
        waited(m)
    by = waited(m, opened_after(clock, 120, lambda: os.utime(file, (started + 1, started + 1))))
    assert f"file {file}" in by
    approval = approval_of(m.journal, GATE)
    assert approval and approval.by == by  # the file may go: the approval stays


def test_another_way_opens_it(tmp_path: Path, clock: Clock) -> None:
    assert waited(at_gate(tmp_path, clock), ApprovalRoute("resume it", lambda: "somebody")) == "somebody"


def test_an_approval_that_cannot_be_read_opens_nothing(tmp_path: Path, clock: Clock) -> None:
    m = at_gate(tmp_path, clock)
    approve(m.journal, GATE, "ann@desk")
    (file,) = tmp_path.rglob(f"{GATE}.json")
    file.write_text("{}")
    with pytest.raises(StateUnusable, match="as an approval"):
        waited(m)
    assert m.journal.document.gates[GATE].approved is None


def test_an_approval_is_for_one_run_only(tmp_path: Path, clock: Clock) -> None:
    approve(at_gate(tmp_path, clock).journal, GATE, "ann@desk")
    with pytest.raises(TimedOut):
        waited(at_gate(tmp_path, clock))


def test_an_approval_of_a_refused_start_is_none_for_the_next_start_under_the_same_id(
    tmp_path: Path, clock: Clock
) -> None:
    first = at_gate(tmp_path, clock)
    old, _ = approve(first.journal, GATE, "ann@desk")
    again = State(tmp_path, "orders").begin(first.plan, "migrate", first.journal.run_id)
    m = Migration(first.plan, first.source_domain, first.target, again, poll=clock.poll)
    assert approval_of(again, GATE) is None
    with pytest.raises(TimedOut):
        waited(m)
    new, fresh = approve(again, GATE, "bob@desk")
    assert fresh
    assert (new.by, new.at > old.at) == ("bob@desk", True)
    assert waited(m) == "bob@desk"
    assert not list(tmp_path.rglob("*.new"))


def test_a_rehearsal_passes_no_gate_and_a_plan_without_the_gate_none_either(
    tmp_path: Path, clock: Clock
) -> None:
    assert gates.closed_gate(at_gate(tmp_path, clock, "rehearse"), GATE) is None
    assert gates.closed_gate(at_gate(tmp_path, clock), "before-snapshot") is None


def test_a_gate_that_was_taken_out_of_the_plan_is_not_shown_as_closed(tmp_path: Path, clock: Clock) -> None:
    m = at_gate(tmp_path, clock)
    with pytest.raises(TimedOut):
        waited(m)
    without = Migration(a_plan(), m.source_domain, m.target, m.journal)
    assert gates.closed_gate(without, GATE) is None
    assert m.journal.document.gates == {}


def test_the_wait_says_how_to_end_it_once_a_minute(tmp_path: Path, clock: Clock) -> None:
    m = at_gate(tmp_path, clock, file="/nowhere/go")
    m.journal.document.called = Called(verb="migrate", plan="my plan.yaml", state="s")
    told: list[Progress] = []
    with pytest.raises(TimedOut), listening(told.append):
        waited(m, ApprovalRoute("resume flow run x in Prefect"))
    assert len(told) == 2
    assert told[0].waiting
    assert f"until {m.journal.document.gates[GATE].until:%Y-%m-%d %H:%M:%S} UTC" in told[0].message
    approve = "snapferry approve 'my plan.yaml' --state s before-restore"
    for way in (approve, "touch /nowhere/go", "resume flow run x in Prefect"):
        assert way in told[0].detail


def test_the_hooks_hear_the_wait_and_its_end_and_a_failing_one_leaves_the_gate_to_be_told_again(
    tmp_path: Path, clock: Clock
) -> None:
    m = at_gate(tmp_path, clock)
    heard: list[Event] = []

    def hear(happening: Event) -> None:
        heard.append(happening)
        if happening.event == "gate-approved" and len(heard) == 2:
            raise ValueError("the hook has failed")

    with delivered_to(hear):
        with pytest.raises(ValueError, match="the hook"):
            waited(m, ApprovalRoute("", lambda: "ann"))
        assert gates.closed_gate(m, GATE)
        assert waited(m) == "ann"
    assert [each.event for each in heard] == ["gate-waiting", "gate-approved", "gate-approved"]
    assert (heard[1].gate, heard[1].by) == (GATE, "ann")


# ---- in Prefect


def in_prefect(m: Migration, clock: Clock, then: Callable[[Any, UUID], object]) -> tuple[str, str]:
    """A flow run that comes to the gate: its state there, and after `then` was done while it waited."""
    from prefect import flow
    from prefect.client.orchestration import get_client
    from prefect.runtime import flow_run

    from flows.chains.gates import pass_gate
    from flows.prefect_runtime.flow_runs import in_flow_run
    from flows.sessions.options import RunOptions

    states: list[str] = []
    slept = clock.sleep

    def sleep(seconds: float) -> None:
        slept(seconds)
        if not states:
            run = UUID(flow_run.get_id())
            with get_client(sync_client=True) as client:
                states.append(client.read_flow_run(run).state.type.value)
                then(client, run)

    clock.sleep = sleep  # type: ignore[method-assign]

    @flow(name="gated")
    def gated() -> str:
        with in_flow_run(m.plan, RunOptions(state=m.journal.path.parent)):
            assert pass_gate(m, GATE)
        with get_client(sync_client=True) as client:
            return client.read_flow_run(UUID(flow_run.get_id())).state.type.value

    after = gated()
    return states[0], after


@pytest.mark.usefixtures("prefect_server")
def test_resumed_in_prefect_it_goes_on(tmp_path: Path, clock: Clock) -> None:
    m = at_gate(tmp_path, clock)
    assert in_prefect(m, clock, lambda client, run: client.resume_flow_run(run)) == ("PAUSED", "RUNNING")
    approval = approval_of(m.journal, GATE)
    assert approval and re.fullmatch(r"Prefect: flow run \S+ was resumed", approval.by)


@pytest.mark.usefixtures("prefect_server")
def test_approved_otherwise_it_is_resumed_in_prefect_too(tmp_path: Path, clock: Clock) -> None:
    m = at_gate(tmp_path, clock)
    assert in_prefect(m, clock, lambda *_: approve(m.journal, GATE, "ann")) == ("PAUSED", "RUNNING")
    assert m.journal.document.gates[GATE].by == "ann"


@pytest.mark.usefixtures("prefect_server")
def test_cancelled_in_prefect_the_wait_ends_and_the_same_command_continues(
    tmp_path: Path, clock: Clock
) -> None:
    from prefect.states import Cancelling

    m = at_gate(tmp_path, clock)
    with pytest.raises(TimedOut, match="was cancelled in Prefect while it waited"):
        in_prefect(m, clock, lambda client, run: client.set_flow_run_state(run, Cancelling()))
    assert gates.closed_gate(m, GATE)


@pytest.mark.usefixtures("prefect_server")
def test_a_prefect_server_that_is_lost_leaves_the_other_ways(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    import httpx

    from flows.prefect_runtime import gates as in_flow

    m = at_gate(tmp_path, clock)
    asked: list[str] = []

    def lost(_: float) -> Any:
        asked.append("asked")
        if len(asked) == 3:
            approve(m.journal, GATE, "ann")
        raise httpx.ConnectError("refused")

    def then(*_: object) -> None:
        monkeypatch.setattr(in_flow, "brief_client", lost)

    assert in_prefect(m, clock, then)[0] == "PAUSED"
    assert m.journal.document.gates[GATE].by == "ann"


@pytest.mark.usefixtures("prefect_server")
@pytest.mark.parametrize("resumed", [False, True])
def test_a_pause_whose_reply_was_lost_is_seen_and_ended_too(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch, resumed: bool
) -> None:
    import httpx
    from prefect.client.orchestration import SyncPrefectClient

    send = SyncPrefectClient.set_flow_run_state

    def lost(self: Any, run: Any, state: Any, **more: Any) -> Any:
        answer = send(self, run, state, **more)
        if state.is_paused():
            raise httpx.ReadTimeout("no reply")
        return answer

    monkeypatch.setattr(SyncPrefectClient, "set_flow_run_state", lost)
    m = at_gate(tmp_path, clock)

    def then(client: Any, run: UUID) -> None:
        if resumed:
            clock.sleep = slept  # type: ignore[method-assign]
            client.resume_flow_run(run)
        else:
            approve(m.journal, GATE, "ann")

    slept = clock.sleep
    assert in_prefect(m, clock, then) == ("PAUSED", "RUNNING")
    by = m.journal.document.gates[GATE].by
    assert by.endswith("was resumed") if resumed else by == "ann"


# ---- `snapferry approve`, and where it is shown

PLAN = """name: orders
source: {endpoint: "http://127.0.0.1:1", auth: {type: none}}
target: {endpoint: "http://127.0.0.1:2", auth: {type: none}}
repository: {name: repo, bucket: my-snapshots, region: us-east-1}
gates: {before-restore: {timeout: 90s, file: /nowhere/go}}
"""


@pytest.fixture
def plan(tmp_path: Path) -> Iterator[Path]:
    file = tmp_path / "plan.yaml"
    file.write_text(PLAN, encoding="utf-8")
    yield file


def snapferry(verb: str, plan: Path, *more: str) -> Result:
    return CliRunner().invoke(app, [verb, str(plan), *more, "--state", str(plan.parent / "state")])


def run_at_the_gate(plan: Path) -> Journal:
    m = at_gate(plan.parent / "state", Clock(), file="/nowhere/go")
    settings = gates.closed_gate(m, GATE)
    assert settings
    gates.record_arrival(m, GATE, settings)
    return m.journal


def test_approve_opens_the_gate_of_the_run_that_came_there(plan: Path) -> None:
    journal = run_at_the_gate(plan)
    journal.settle("interrupted", "nobody has approved it")
    made = snapferry("approve", plan, GATE)
    assert made.exit_code == 0, made.output
    assert f"Gate {GATE} of run {journal.run_id} is approved by" in made.stdout
    assert "No process is working on the run" in made.stdout
    assert made.stderr == f"next: snapferry migrate {plan} --state {plan.parent}/state --execute\n"
    first = approval_of(journal, GATE)
    again = snapferry("approve", plan, GATE, "--json")
    assert again.exit_code == 0
    assert json.loads(again.stdout)["already"] is True
    assert approval_of(journal, GATE) == first


def test_approve_says_that_a_process_goes_on(plan: Path) -> None:
    run_at_the_gate(plan)
    with State(plan.parent / "state", "orders").lock_plan():
        assert "The run continues" in snapferry("approve", plan, GATE).stdout


@pytest.mark.parametrize("status", [None, "done", "abandoned", "refused"])
def test_approve_refuses_when_no_run_can_come_to_the_gate(plan: Path, status: Any) -> None:
    if status:
        run_at_the_gate(plan).settle(status, "")
    result = snapferry("approve", plan, GATE)
    assert (result.exit_code, result.stdout) == (3, "")
    assert "no run of plan orders waits at before-restore" in result.stderr
    assert "start or resume the run first" in result.stderr
    assert not list(plan.parent.rglob(f"{GATE}.json"))


@pytest.mark.parametrize("change", ["put back", "being put back"])
def test_approve_refuses_for_a_cutover_that_opens_nothing_any_more(plan: Path, change: str) -> None:
    plan.write_text(PLAN.replace("before-restore", "before-open"), encoding="utf-8")
    state = State(plan.parent / "state", "orders")
    journal = state.begin(a_plan(), "cutover")
    journal.document.gates["before-open"] = GateEntry(since=now(), until=now())
    journal.settle("failed", "")
    assert run_to_approve(state, "before-open").run_id == journal.run_id
    if change == "put back":
        with journal.step(StepName.ROLL_BACK):
            pass
        journal.document.steps[StepName.ROLL_BACK].record = {"why": "it differs"}
    journal.document.aborting = change == "being put back"
    journal.save()
    result = snapferry("approve", plan, "before-open")
    assert (result.exit_code, "no run of plan orders waits at before-open" in result.stderr) == (3, True)


@pytest.mark.parametrize("gate", ["before-snapshot", "nonsense"])
def test_approve_exits_with_2_for_a_gate_that_the_plan_does_not_name(plan: Path, gate: str) -> None:
    run_at_the_gate(plan)
    result = snapferry("approve", plan, gate)
    assert result.exit_code == 2
    assert gate in result.stderr and GATE in result.stderr


def test_status_shows_the_wait_and_how_to_end_it(plan: Path) -> None:
    journal = run_at_the_gate(plan)
    entry = journal.document.gates[GATE]
    with State(plan.parent / "state", "orders").lock_plan():
        said = snapferry("status", plan).stdout
    assert f"Gate {GATE}: not approved; since {entry.since:%Y-%m-%d %H:%M:%S} UTC" in said
    assert "To do: approve it (or touch /nowhere/go)" in said
    assert f"next: snapferry approve {plan} --state {plan.parent}/state before-restore" in said
    standing = standing_of(report_of(journal.document), held=False)
    assert standing["next"].startswith("run the same command again: it continues this run")
    assert standing["gates"][0]["name"] == GATE


def test_status_and_report_show_who_has_approved(plan: Path) -> None:
    journal = run_at_the_gate(plan)
    approve(journal, GATE, "ann@desk")
    m = Migration(a_plan(), None, None, journal)  # type: ignore[arg-type]
    gates.record_approval(m, GATE, "somebody else")
    journal.settle("interrupted", "")
    for form in (("status",), ("report",), ("report", "--format", "markdown")):
        assert "ann@desk" in snapferry(form[0], plan, *form[1:]).stdout
    assert "somebody else" not in snapferry("report", plan, "--json").stdout
