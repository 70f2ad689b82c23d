"""A step that meets a transient error is tried again as a whole, in this process and as a Prefect task."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from requests.auth import HTTPBasicAuth
from support.building import a_domain, a_plan
from support.fake_domain import FakeDomain, Reply

from domains.errors import Unreachable
from flows.chains.steps import run_step
from flows.sessions.session import status_after
from runs.journal import Journal
from runs.progress import Progress, listening
from runs.state import State
from tasks.errors import PreconditionError


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return State(tmp_path, "orders").begin(a_plan(), "migrate")


def twice(journal: Journal) -> list[str]:
    """What was tried: a step that gets there at the third attempt, and one that never will."""
    tries: list[str] = []

    def shaky() -> str:
        tries.append("shaky")
        if len(tries) < 3:
            raise Unreachable("source: GET /", "gone")
        return "there"

    def broken() -> str:
        tries.append("broken")
        raise ValueError("no")

    assert run_step(journal, "resolve", shaky) == "there"
    with pytest.raises(ValueError, match="no"):
        run_step(journal, "restore", broken)
    return tries


def in_this_process(journal: Journal) -> list[str]:
    return twice(journal)


def as_tasks(journal: Journal) -> list[str]:
    from prefect import flow

    from flows.prefect_runtime.flow_runs import in_flow_run
    from flows.sessions.options import RunOptions

    @flow(name="two-steps")
    def both() -> list[str]:
        with in_flow_run(a_plan(), RunOptions(state=journal.path.parent)):
            return twice(journal)

    return both()


@pytest.mark.slow
@pytest.mark.usefixtures("prefect_server")
@pytest.mark.parametrize("way", [in_this_process, as_tasks])
def test_a_transient_error_is_tried_again_and_a_lasting_one_is_not(
    journal: Journal, monkeypatch: pytest.MonkeyPatch, way: Callable[[Journal], list[str]]
) -> None:
    monkeypatch.setattr("flows.sessions.recording.FIRST_PAUSE_S", 0.01)
    assert way(journal) == ["shaky", "shaky", "shaky", "broken"]
    kept = journal.document.steps
    assert (kept["resolve"].attempts, kept["resolve"].error) == (3, None)
    assert (kept["restore"].attempts, kept["restore"].error) == (1, "ValueError: no")


def test_the_pauses_grow_and_say_why(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    told: list[Progress] = []
    monkeypatch.setattr("flows.sessions.recording.time.sleep", slept.append)

    def lost() -> Any:
        raise Unreachable("source: GET /", "gone")

    with listening(told.append), pytest.raises(Unreachable):
        run_step(journal, "resolve", lost)
    first, second = slept
    assert 5 <= first <= 7.5 and 10 <= second <= 15
    assert [message.step for message in told] == ["resolve", "resolve"]
    assert told[0].message == f"trying again in {first:.0f} s: source: GET /: gone"
    assert told[0].waiting
    assert journal.document.steps["resolve"].attempts == 3


@pytest.mark.slow
@pytest.mark.usefixtures("prefect_server")
def test_a_prefect_server_that_is_lost_interrupts_the_run(journal: Journal) -> None:
    import httpx

    from flows.prefect_runtime.steps import ServerLost, prefect_reachable

    with pytest.raises(ServerLost, match="Prefect server no longer answers") as caught, prefect_reachable():
        raise httpx.ConnectError("refused")
    assert "it continues this run" in caught.value.hint
    assert status_after(caught.value, journal) == "interrupted"
    with pytest.raises(ValueError, match="ours"), prefect_reachable():
        raise ValueError("ours")


@pytest.mark.slow
@pytest.mark.usefixtures("prefect_server")
def test_the_flow_changes_nothing_unless_it_is_told_to(tmp_path: Path) -> None:
    from flows.deployed.migrate import migrate

    with pytest.raises(PreconditionError, match="execute"):
        migrate(a_plan(), state=str(tmp_path))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.usefixtures("prefect_server")
def test_what_prefect_keeps_of_a_failure_is_visible_and_holds_no_secret(
    journal: Journal, source: FakeDomain
) -> None:
    from prefect import flow
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

    from flows.prefect_runtime.flow_runs import in_flow_run
    from flows.sessions.options import RunOptions

    password = "correct horse battery"
    source.on(".*", Reply(403, {"error": {"type": "x", "reason": f"\x1b[31mno: {password} of me"}}))
    connection = a_domain(source, auth=HTTPBasicAuth("me", password)).connection

    @flow(name="quoting")
    def quoting() -> None:
        with in_flow_run(a_plan(), RunOptions(state=journal.path.parent)):
            run_step(journal, "restore", lambda: connection.write("PUT", "/x", body={}))

    ended: Any = quoting(return_state=True)
    run_id = ended.state_details.flow_run_id
    with get_client(sync_client=True) as client:
        its_own = FlowRunFilter(id=FlowRunFilterId(any_=[run_id]))
        states = [client.read_flow_run(run_id).state, *client.read_flow_run_states(run_id)]
        states += [each.state for each in client.read_task_runs(flow_run_filter=its_own)]
    kept = [f"{state.message} {state.data}" for state in states if state]
    assert any(r"\u001b[31mno: [cut out] of me" in text for text in kept), kept
    assert not [text for text in kept if password in text or "\x1b" in text]
