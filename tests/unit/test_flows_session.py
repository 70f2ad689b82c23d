"""One session of a run: what is held, what is written down at its end, and which run a command continues.

The domains are fakes that say who they are.
"""

import os
import signal
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest
from support.building import NO_AUTH, a_plan
from support.engine import FakeEngine, Held
from support.fake_domain import FakeDomain, Reply, engine_error

from configs.plan import Plan
from domains.errors import SnapferryError, Unreachable
from flows.looking import resolved, verified
from flows.session import Options, finished_before, session
from runs.errors import Busy, PlanChanged
from runs.journal import Journal
from runs.state import State
from snapferry.exit_codes import ExitCode, code_of_error, code_of_status
from tasks.errors import ExecutionError, PreconditionError, TimedOut, VerificationFailed
from tasks.migration import Consents, Migration
from tasks.resolve import resolve

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def plan(source: FakeDomain, target: FakeDomain) -> Plan:
    """A plan between two engines; each holds an index of its own."""
    FakeEngine(source, "source", Held("a"))
    FakeEngine(target, "target", Held("b"))
    for fake in (source, target):
        fake.on("GET /_snapshot/repo", engine_error(404, "repository_missing_exception", "[repo] missing"))
    return a_plan(
        source={"endpoint": source.endpoint, "auth": NO_AUTH},
        target={"endpoint": target.endpoint, "auth": NO_AUTH},
    )


def ended(plan: Plan, state: Path, error: BaseException | None = None, *, changing: bool = False) -> Journal:
    """A session that ends with this error."""
    expected = pytest.raises(type(error)) if error else nullcontext()
    with expected, session(plan, Options(state)) as m:
        if changing:
            with m.journal.intend("restore", "target", "restore", {"names": ["a"]}):
                pass
        if error:
            raise error
    return next(State(state, plan.name).journals())


ENDS: list[tuple[BaseException | None, bool, str, int]] = [
    (None, True, "done", 0),
    (VerificationFailed("a differs"), True, "different", 4),
    (PreconditionError("no"), False, "refused", 3),
    (SnapferryError("no"), False, "refused", 3),
    (SnapferryError("no"), True, "failed", 1),
    (ExecutionError("no"), True, "failed", 1),
    (RuntimeError("bug"), True, "failed", 1),
    (TimedOut("later"), True, "interrupted", 5),
    (Unreachable("source: GET /", "gone"), False, "interrupted", 5),
    (Unreachable("source: GET /", "gone"), True, "interrupted", 5),
    (KeyboardInterrupt(), True, "interrupted", 5),
    (SystemExit(1), True, "interrupted", 5),
]


@pytest.mark.parametrize(("error", "changing", "status", "code"), ENDS)
def test_the_end_of_a_session_is_written_down(
    plan: Plan, tmp_path: Path, error: BaseException | None, changing: bool, status: str, code: int
) -> None:
    document = ended(plan, tmp_path, error, changing=changing).document
    assert document.status == status
    assert code_of_status(status) == code
    assert document.message == (str(error) or type(error).__name__ if error else "")
    assert document.ended
    assert sorted(path.suffix for path in (tmp_path / "plans/orders/reports").iterdir()) == [".json", ".md"]
    assert not State(tmp_path, "orders").is_held()


def test_requests_are_counted_over_all_sessions(plan: Plan, tmp_path: Path, source: FakeDomain) -> None:
    ended(plan, tmp_path, TimedOut("later"), changing=True)
    first = ended(plan, tmp_path, TimedOut("later"), changing=True).document
    assert first.sessions == 2
    assert first.requests["source"] == {"reads": len(source.requests), "writes": 0}


def test_an_unfinished_run_is_continued_and_a_finished_one_is_not(plan: Plan, tmp_path: Path) -> None:
    first = ended(plan, tmp_path, TimedOut("later"), changing=True)
    assert finished_before(plan, Options(tmp_path)) is None
    second = ended(plan, tmp_path, changing=True)
    assert first.run_id == second.run_id
    found = finished_before(plan, Options(tmp_path))
    assert found
    assert found.run_id == first.run_id
    assert finished_before(plan, Options(tmp_path, new_run=True)) is None


def test_a_refused_run_is_not_continued(plan: Plan, tmp_path: Path) -> None:
    ended(plan, tmp_path, PreconditionError("no"))
    ended(plan, tmp_path, PreconditionError("no"))
    assert len({journal.run_id for journal in State(tmp_path, "orders").journals()}) == 2


def test_a_new_run_abandons_an_unfinished_one(plan: Plan, tmp_path: Path) -> None:
    first = ended(plan, tmp_path, TimedOut("later"), changing=True)
    with session(plan, Options(tmp_path, new_run=True)) as m:
        assert m.journal.run_id != first.run_id
        assert m.snapshot != f"orders-{first.run_id}"
    assert Journal.load(first.path).document.status == "abandoned"


def test_a_new_run_leaves_a_finished_one_as_it_is(plan: Plan, tmp_path: Path) -> None:
    first = ended(plan, tmp_path, changing=True)
    with session(plan, Options(tmp_path, new_run=True)):
        pass
    assert Journal.load(first.path).document.status == "done"


def test_another_plan_does_not_continue_the_run(plan: Plan, tmp_path: Path, source: FakeDomain) -> None:
    first = ended(plan, tmp_path, TimedOut("later"), changing=True)
    before = first.path.read_bytes(), len(source.requests)
    changed = plan.model_copy(update={"conflicts": plan.conflicts.model_copy(update={"policy": "skip"})})
    with (
        pytest.raises(PlanChanged, match=r"conflicts\.policy") as caught,
        session(changed, Options(tmp_path)),
    ):
        pass
    assert code_of_error(caught.value) == ExitCode.REFUSED
    assert (first.path.read_bytes(), len(source.requests)) == before


@pytest.mark.xfail(
    strict=True,
    reason="BUG runs/state.py require_same_plan: a run that has changed nothing (endpoint mistyped, exit 5) "
    "binds the plan, so that putting the endpoint right is refused",
)
def test_a_plan_may_be_corrected_as_long_as_nothing_was_changed(plan: Plan, tmp_path: Path) -> None:
    ended(plan, tmp_path, Unreachable("source: GET /", "no such host"))
    changed = plan.model_copy(update={"conflicts": plan.conflicts.model_copy(update={"policy": "skip"})})
    with session(changed, Options(tmp_path)):
        pass


# locks


def test_one_plan_is_run_once_at_a_time(plan: Plan, tmp_path: Path) -> None:
    with session(plan, Options(tmp_path)) as m:
        run_id = m.journal.run_id
        with (
            pytest.raises(Busy, match=rf"plan orders .process {os.getpid()}"),
            session(plan, Options(tmp_path)),
        ):
            pass
    assert [journal.run_id for journal in State(tmp_path, "orders").journals()] == [run_id]


def test_two_plans_over_one_pair_of_clusters_are_one_after_the_other(
    plan: Plan, tmp_path: Path, source: FakeDomain
) -> None:
    other = plan.model_copy(update={"name": "other"})
    with session(plan, Options(tmp_path)):
        with pytest.raises(Busy, match="this pair of domains") as caught, session(other, Options(tmp_path)):
            pass
        assert code_of_error(caught.value) == ExitCode.BUSY
    with session(other, Options(tmp_path, new_run=True)):
        pass


def test_kill_9_frees_everything_and_the_same_command_continues(plan: Plan, tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from configs.plan import Plan
from flows.session import Options, session
with session(Plan.model_validate_json(sys.argv[1]), Options(Path(sys.argv[2]))) as m:
    with m.journal.intend("restore", "target", "restore", {"names": ["a"]}):
        print(m.journal.run_id, flush=True)
        sys.stdin.read()
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code, plan.model_dump_json(), str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process:
        assert process.stdout
        run_id = process.stdout.readline().strip()
        with pytest.raises(Busy, match=f"process {process.pid}"), session(plan, Options(tmp_path)):
            pass
        process.send_signal(signal.SIGKILL)
    assert State(tmp_path, "orders").latest().document.status == "running"  # type: ignore[union-attr]
    with session(plan, Options(tmp_path)) as m:
        assert m.journal.run_id == run_id
        assert m.journal.changed_something
        assert m.journal.intents("restore")[0].result is None


# looking, without a run


def test_what_would_be_done_is_shown_and_nothing_is_written(
    plan: Plan, tmp_path: Path, source: FakeDomain, target: FakeDomain
) -> None:
    found = resolved(plan, tmp_path, Consents())
    assert [unit.name for unit in found.moving] == ["a"]
    assert source.changing == target.changing == []
    assert list(tmp_path.iterdir()) == []


def test_verify_without_a_run_compares_the_plans_indices_by_their_names(
    plan: Plan, tmp_path: Path, source: FakeDomain, target: FakeDomain
) -> None:
    record = verified(plan, tmp_path)
    assert [(v.source, v.target, v.outcome) for v in record.verdicts] == [("a", "a", "not compared")]
    assert not record.passed
    assert list(tmp_path.iterdir()) == []


# everything that can refuse, at once


def look(plan: Plan, tmp_path: Path) -> Migration:
    with session(plan, Options(tmp_path)) as m:
        return m


def test_all_reasons_are_told_at_once_and_nothing_was_sent_but_reads(
    plan: Plan, tmp_path: Path, source: FakeDomain, target: FakeDomain
) -> None:
    FakeEngine(source, "source", Held("a"), Held("old", created="5061799"), Held("c"))
    FakeEngine(target, "target", Held("a"), Held("x", aliases={"c": {}}))
    plan = plan.model_copy(
        update={
            "indices": plan.indices.model_copy(update={"include": ["a", "old", "c", "gone"]}),
            "snapshot": plan.snapshot.model_copy(update={"allow_partial": True}),
        }
    )
    target.on(
        "GET /_snapshot/repo", Reply(200, {"repo": {"type": "s3", "settings": {"bucket": "another-bucket"}}})
    )
    for fake in (source,):
        fake.on("GET /_snapshot/repo", engine_error(404, "repository_missing_exception", "[repo] missing"))
    with pytest.raises(PreconditionError) as caught:
        resolve(look(plan, tmp_path))
    told = "\n".join(caught.value.problems)
    for part in (
        "the source has no index or data stream gone",
        "old: created on Elasticsearch 5.6.17",
        "a: the target already has index a",
        "c: the target already has alias c of x",
        "--allow-partial",
        "another-bucket",
    ):
        assert part in told
    assert len(caught.value.problems) == 6
    assert source.changing == target.changing == []


def test_one_cluster_behind_two_endpoints_is_refused(plan: Plan, tmp_path: Path, target: FakeDomain) -> None:
    FakeEngine(target, "source")
    with pytest.raises(PreconditionError, match="source and target are one cluster"):
        resolve(look(plan, tmp_path))


def test_an_older_target_is_refused(plan: Plan, tmp_path: Path, target: FakeDomain) -> None:
    FakeEngine(target, "target", number="2.19.4")
    with pytest.raises(PreconditionError, match="same or a newer version only"):
        resolve(look(plan, tmp_path))


def test_an_alias_is_not_an_index(plan: Plan, tmp_path: Path, source: FakeDomain) -> None:
    FakeEngine(source, "source", Held("a", aliases={"current": {}}))
    plan = plan.model_copy(update={"indices": plan.indices.model_copy(update={"include": ["current"]})})
    source.on("GET /_snapshot/repo", engine_error(404, "repository_missing_exception", "[repo] missing"))
    with pytest.raises(PreconditionError, match="current is an alias; name its indices: a"):
        resolve(look(plan, tmp_path))


def test_nothing_left_to_move_is_refused(plan: Plan, tmp_path: Path, target: FakeDomain) -> None:
    FakeEngine(target, "target", Held("a"))
    target.on("GET /_snapshot/repo", engine_error(404, "repository_missing_exception", "[repo] missing"))
    plan = plan.model_copy(update={"conflicts": plan.conflicts.model_copy(update={"policy": "skip"})})
    with pytest.raises(PreconditionError, match="nothing to move"):
        resolve(look(plan, tmp_path))
