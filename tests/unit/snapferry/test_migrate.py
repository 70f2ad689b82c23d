"""`snapferry migrate --execute` where it cannot go on: exit codes and words.

The domains are fakes that say who they are, or nobody at all.
"""

import fcntl
import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from support.building import Clock, a_plan
from support.engine import FakeEngine, FakeIndex
from support.fake_domain import CLOSE, FakeDomain
from typer.testing import CliRunner

from configs.loading.loader import load_plan
from flows.sessions.begin_or_resume import Request
from flows.sessions.options import RunOptions
from flows.sessions.verb_rules import MIGRATE
from reports.build.report import report_of
from runs.errors import Busy
from runs.journal import WindowEntry, now
from runs.state import State
from runs.verbs import Verb
from snapferry.exit_codes import ExitCode
from snapferry.main import app
from snapferry.running import Chain, run_chain

ROLE = "arn:aws:iam::123456789012:role/R"
pytestmark = pytest.mark.usefixtures("no_aws", "without_prefect")


@pytest.fixture
def without_prefect(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prefect is not even imported: no test here names a server."""
    monkeypatch.setitem(sys.modules, "prefect", None)


def migrate(plan: Path, state: Path, *more: str) -> Result:
    return CliRunner().invoke(app, ["migrate", str(plan), "--execute", "--state", str(state), *more])


def plan_file(folder: Path, source: str, target: str, auth: str = "type: none", more: str = "") -> Path:
    file = folder / "plan.yaml"
    file.write_text(
        f"""name: orders
source: {{endpoint: "{source}", region: us-east-1, auth: {{{auth}}}}}
target: {{endpoint: "{target}", region: eu-west-1, auth: {{{auth}}}}}
repository: {{name: repo, bucket: my-snapshots, region: us-east-1, role_arn: "{ROLE}"}}
{more}""",
        encoding="utf-8",
    )
    return file


def journal_of(state: Path) -> Any:
    return next(State(state, "orders").journals(), None)


def test_a_run_that_another_process_began_meanwhile_is_not_taken_for_ones_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = State(tmp_path, "orders")
    monkeypatch.setattr("snapferry.running._meet", lambda _: None)

    def call(_: Request) -> str:
        runs.begin(a_plan(), "migrate")  # the other one was quicker meanwhile
        raise Busy("another run holds plan orders")

    with pytest.raises(Busy):
        run_chain(Request(a_plan(), RunOptions(state=tmp_path)), MIGRATE, Chain(call, call))


@pytest.mark.parametrize(("changing", "status"), [(True, "failed"), (False, "refused")])
def test_a_disk_that_fills_up_in_the_middle_is_the_end_of_the_run_and_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changing: bool, status: str
) -> None:
    """The end cannot be recorded either; the journal keeps what it said last, and the run can be resumed."""
    runs = State(tmp_path, "orders")
    monkeypatch.setattr("snapferry.running._meet", lambda _: None)

    def call(_: Request) -> str:
        journal = runs.begin(a_plan(), "migrate")
        if changing:
            with journal.intend("snapshot", "source", "snapshot", {"name": "s"}):
                pass
        journal.path.with_suffix(".new").mkdir()  # stands for a full disk
        with journal.step("snapshot"):
            raise AssertionError("never reached")

    ended = run_chain(Request(a_plan(), RunOptions(state=tmp_path)), MIGRATE, Chain(call, call))
    assert ended.document.status == status
    assert (
        f"cannot write {ended.path}: {ended.path.with_suffix('.new')}: Is a directory"
        in report_of(ended.document).message
    )
    assert "run the same command again" in report_of(ended.document).next
    kept = journal_of(tmp_path)
    assert kept.document.status == "running"
    assert [intent.result for intent in kept.intents("snapshot")] == (["sent"] if changing else [])


@pytest.mark.usefixtures("impatient")
def test_a_held_plan_exits_with_6(tmp_path: Path, source: FakeDomain, target: FakeDomain) -> None:
    state = tmp_path / "state"
    lock = state / "plans/orders/lock"
    lock.parent.mkdir(parents=True)
    with lock.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write('{"pid": 4711, "since": "today"}')
        file.flush()
        result = migrate(plan_file(tmp_path, source.endpoint, target.endpoint), state)
    assert result.exit_code == ExitCode.BUSY
    assert "another run holds plan orders (process 4711, since today)" in result.stderr
    assert result.stdout == ""
    assert source.requests == target.requests == []
    assert journal_of(state) is None


def test_a_changed_plan_exits_with_3(tmp_path: Path, source: FakeDomain, target: FakeDomain) -> None:
    state = tmp_path / "state"
    FakeEngine(source, "source")
    FakeEngine(target, "target")
    before = State(state, "orders").begin(a_plan(), "migrate")
    with before.intend("snapshot", "source", "snapshot", {"name": "s"}):
        pass
    before.settle("interrupted", "killed")
    result = migrate(plan_file(tmp_path, source.endpoint, target.endpoint), state)
    assert result.exit_code == ExitCode.REFUSED
    assert result.stdout == ""
    assert "the plan has changed since run" in result.stderr
    assert "source.endpoint" in result.stderr
    assert "--new-run" in result.stderr
    assert source.requests == target.requests == []
    assert journal_of(state).document.message == "killed"


@pytest.mark.parametrize(
    ("verb", "before", "said"),
    [
        ("seed", "cutover", "is unfinished"),
        ("follow", "cutover", "is unfinished"),
        ("follow", "seed", "seed round {run} of plan orders is unfinished"),
        ("fallback", "migrate", "needs your consent: --allow-freeze"),
        ("fallback --allow-freeze", "migrate", "has promised a way back"),
        ("cutover --allow-freeze", "seed", "seed round {run} of plan orders is unfinished"),
        ("cutover", "migrate", "needs your consent: --allow-freeze"),
        ("rehearse --prefix other-", "rehearse", "its options were others: prefix: 'rehearsal-' → 'other-'"),
    ],
)
def test_what_the_plans_runs_exclude_needs_no_domain(
    tmp_path: Path, source: FakeDomain, target: FakeDomain, verb: str, before: Verb, said: str
) -> None:
    state = tmp_path / "state"
    file = plan_file(tmp_path, source.endpoint, target.endpoint)
    run = State(state, "orders").begin(load_plan(file), before)
    if before == "rehearse":
        run.document.rehearsal = {"prefix": "rehearsal-"}
    if before == "cutover":
        run.document.window = WindowEntry(frozen=now(), deadline=now() + timedelta(hours=1))
    with run.intend("restore", "target", "restore", {"names": ["a"]}):
        pass
    run.settle("interrupted", "killed")
    name, *more = verb.split()
    arguments = [name, str(file), *more, "--execute", "--state", str(state)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == ExitCode.REFUSED, result.stderr
    assert said.format(run=run.run_id) in result.stderr
    assert source.requests == target.requests == []
    assert journal_of(state).document.message == "killed"


def test_a_refusal_lists_its_reasons_line_by_line_wherever_it_is_shown(
    tmp_path: Path, source: FakeDomain, target: FakeDomain
) -> None:
    FakeEngine(source, "source", FakeIndex("a"), FakeIndex("b\nc"))
    FakeEngine(target, "target", FakeIndex("a"), FakeIndex("b\nc"))
    file, state = plan_file(tmp_path, source.endpoint, target.endpoint), tmp_path / "state"
    refused = migrate(file, state)
    assert refused.exit_code == ExitCode.REFUSED, refused.output
    shown = [CliRunner().invoke(app, [verb, str(file), "--state", str(state)]) for verb in ("status", "plan")]
    for output in (refused.output, *(each.output for each in shown)):
        lines = [line.strip() for line in output.splitlines()]
        for line in (
            "- indices.names: 2 problems",
            "a: the target already has index a",
            r"b\nc: the target already has index b\nc",
        ):
            assert line in lines, output


def test_missing_credentials_exit_with_3(tmp_path: Path, source: FakeDomain, target: FakeDomain) -> None:
    state = tmp_path / "state"
    result = migrate(plan_file(tmp_path, source.endpoint, target.endpoint, "type: sigv4"), state)
    assert result.exit_code == ExitCode.REFUSED
    assert "no AWS credentials were found" in result.stderr
    assert "AWS_PROFILE" in result.stderr
    assert source.requests == target.requests == []


def test_domains_that_are_not_reached_exit_with_3_and_name_their_keys(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.sessions.first_contact._PAUSE_S", 0.01)
    state = tmp_path / "state"
    result = migrate(plan_file(tmp_path, "http://127.0.0.1:1", "https://nowhere.invalid"), state, "--json")
    assert result.exit_code == ExitCode.REFUSED
    assert clock.pauses == [], "nothing is waited for"
    assert "source.endpoint: no connection to 127.0.0.1:1" in result.stderr
    assert "target.endpoint: the endpoint's host nowhere.invalid has no address" in result.stderr
    assert result.stdout == ""
    assert journal_of(state) is None, "no run has begun"


def test_a_domain_that_is_lost_after_the_run_began_exits_with_5(
    tmp_path: Path, source: FakeDomain, target: FakeDomain, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.sessions.recording.FIRST_PAUSE_S", 0.01)
    FakeEngine(source, "source", FakeIndex("a"))
    FakeEngine(target, "target")
    source.on("GET /_cat/indices", CLOSE)
    state = tmp_path / "state"
    result = migrate(plan_file(tmp_path, source.endpoint, target.endpoint), state, "--json")
    assert result.exit_code == ExitCode.INTERRUPTED
    report = json.loads(result.stdout)
    assert (report["outcome"], report["changes"]) == ("interrupted", [])
    assert "GET /_cat/indices" in report["message"]
    assert journal_of(state).document.status == "interrupted"
