"""One session of a run: what is held, what is written down at its end, and which run a command continues.

The domains are fakes that say who they are.
"""

import os
import signal
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from support.building import Clock, a_plan_between, identity_reply
from support.engine import FakeEngine, FakeIndex, snapshot_reply
from support.fake_domain import FakeDomain, Reply, engine_error, ok

from configs.plan import DomainSettings, Plan
from domains.domain import Domain, Side
from domains.errors import AwsError, Denied, RoleRefused, SnapferryError, Unreachable
from domains.http.error_bodies import error_for, parse
from flows.previews.migration import migration_preview
from flows.sessions.options import RunOptions
from flows.sessions.session import session
from flows.sessions.verb_rules import finished_before
from flows.verify import verify_plan
from runs.errors import Busy, PlanChanged
from runs.journal import Journal, now
from runs.progress import Poll, Progress, listening
from runs.state import State
from snapferry.exit_codes import ExitCode, code_of_error, code_of_status
from tasks.errors import ExecutionError, PreconditionError, TimedOut, VerificationFailed
from tasks.migration import Migration
from tasks.planning.resolve import require_moving, resolve
from tasks.records.verification import Verdict, VerificationRecord

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def plan(source: FakeDomain, target: FakeDomain) -> Plan:
    """A plan between two engines; each holds an index of its own."""
    FakeEngine(source, "source", FakeIndex("a"))
    FakeEngine(target, "target", FakeIndex("b"))
    return a_plan_between(source, target)


def ended(plan: Plan, state: Path, error: BaseException | None = None, *, changing: bool = False) -> Journal:
    """A session that ends with this error."""
    expected = pytest.raises(type(error)) if error else nullcontext()
    with expected, session(plan, RunOptions(state=state)) as m:
        if changing:
            with m.journal.intend("restore", "target", "restore", {"names": ["a"]}):
                pass
        if error:
            raise error
    return next(State(state, plan.name).journals())


def said(error: BaseException | None) -> str:
    if error is None or isinstance(error, SnapferryError):
        return str(error or "")
    return f"{type(error).__name__}: {error}" if isinstance(error, Exception) else "interrupted from outside"


EXPIRED = '{"message": "The security token included in the request is expired"}'

ENDS: list[tuple[BaseException | None, bool, str, int]] = [
    (None, True, "done", 0),
    (VerificationFailed("a differs"), True, "different", 4),
    (PreconditionError("no"), False, "refused", 3),
    (SnapferryError("no"), False, "refused", 3),
    (SnapferryError("no"), True, "failed", 1),
    (ExecutionError("no"), True, "failed", 1),
    (RuntimeError("bug"), True, "failed", 1),
    (TimedOut("later"), True, "interrupted", 5),
    (AwsError("the token has expired"), False, "interrupted", 5),
    (AwsError("the token has expired"), True, "interrupted", 5),
    (error_for("source: GET /", 403, EXPIRED, None), False, "interrupted", 5),
    (error_for("source: GET /", 403, EXPIRED, None), True, "interrupted", 5),
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
    assert document.message == said(error)
    assert document.ended
    assert sorted(path.suffix for path in (tmp_path / "plans/orders/reports").iterdir()) == [
        ".html",
        ".json",
        ".md",
    ]
    assert not State(tmp_path, "orders").is_held()


def test_a_session_whose_only_request_was_denied_is_a_refusal(plan: Plan, tmp_path: Path) -> None:
    denied = Denied("source: PUT /x", 403, parse('{"Message": "not authorized"}'))
    with (
        pytest.raises(Denied),
        session(plan, RunOptions(state=tmp_path)) as m,
        m.journal.intend("register on source", "source", "register", {"name": "repo"}),
    ):
        raise denied
    assert m.journal.document.status == "refused"
    assert State(tmp_path, "orders").current("migrate") is None


def test_requests_are_counted_over_all_sessions(plan: Plan, tmp_path: Path, source: FakeDomain) -> None:
    ended(plan, tmp_path, TimedOut("later"), changing=True)
    first = ended(plan, tmp_path, TimedOut("later"), changing=True).document
    assert first.sessions == 2
    assert first.requests["source"] == {"reads": len(source.requests), "writes": 0}


def test_an_unfinished_run_is_continued_and_a_finished_one_is_not(plan: Plan, tmp_path: Path) -> None:
    first = ended(plan, tmp_path, TimedOut("later"), changing=True)
    assert finished_before(plan, RunOptions(state=tmp_path)) is None
    second = ended(plan, tmp_path, changing=True)
    assert first.run_id == second.run_id
    found = finished_before(plan, RunOptions(state=tmp_path))
    assert found
    assert found.run_id == first.run_id
    assert finished_before(plan, RunOptions(state=tmp_path, new_run=True)) is None


def test_a_refused_run_is_not_continued(plan: Plan, tmp_path: Path) -> None:
    ended(plan, tmp_path, PreconditionError("no"))
    ended(plan, tmp_path, PreconditionError("no"))
    assert len({journal.run_id for journal in State(tmp_path, "orders").journals()}) == 2


def changes(m: Migration) -> None:
    with m.journal.intend("restore", "target", "restore", {"names": ["a"]}):
        pass


def current(state: Path) -> str | None:
    found = State(state, "orders").current("migrate")
    return found.run_id if found else None


def test_a_run_that_was_interrupted_while_looking_is_not_continued(plan: Plan, tmp_path: Path) -> None:
    first = ended(plan, tmp_path, TimedOut("later"))
    assert current(tmp_path) is None
    assert ended(plan, tmp_path, TimedOut("later")).run_id != first.run_id


def test_a_new_run_abandons_an_unfinished_one_once_it_has_changed_something(
    plan: Plan, tmp_path: Path
) -> None:
    first = ended(plan, tmp_path, TimedOut("later"), changing=True)
    with session(plan, RunOptions(state=tmp_path, new_run=True)) as m:
        assert m.journal.run_id != first.run_id
        assert m.snapshot != f"orders-{first.run_id}"
        changes(m)
    document = Journal.load(first.path).document
    assert (document.status, m.journal.run_id in document.message) == ("abandoned", True)


def test_a_new_run_that_fails_after_a_change_abandons_the_former(plan: Plan, tmp_path: Path) -> None:
    first = ended(plan, tmp_path, TimedOut("later"), changing=True)
    with pytest.raises(TimedOut), session(plan, RunOptions(state=tmp_path, new_run=True)) as m:
        changes(m)
        raise TimedOut("later")
    assert Journal.load(first.path).document.status == "abandoned"
    assert current(tmp_path) == m.journal.run_id


def test_a_new_run_that_was_refused_leaves_the_unfinished_one_to_be_continued(
    plan: Plan, tmp_path: Path
) -> None:
    first = ended(plan, tmp_path, TimedOut("later"), changing=True)
    with pytest.raises(PreconditionError), session(plan, RunOptions(state=tmp_path, new_run=True)):
        raise PreconditionError("no")
    assert Journal.load(first.path).document.status == "interrupted"
    assert current(tmp_path) == first.run_id


def test_a_new_run_leaves_a_finished_one_as_it_is(plan: Plan, tmp_path: Path) -> None:
    first = ended(plan, tmp_path, changing=True)
    with session(plan, RunOptions(state=tmp_path, new_run=True)) as m:
        changes(m)
    assert Journal.load(first.path).document.status == "done"


def test_another_plan_does_not_continue_the_run(
    plan: Plan, tmp_path: Path, source: FakeDomain, target: FakeDomain
) -> None:
    first = ended(plan, tmp_path, TimedOut("later"), changing=True)
    before = first.path.read_bytes()
    changed = plan.model_copy(update={"conflicts": plan.conflicts.model_copy(update={"policy": "skip"})})
    with (
        pytest.raises(PlanChanged, match=r"conflicts\.policy") as caught,
        session(changed, RunOptions(state=tmp_path)),
    ):
        pass
    assert code_of_error(caught.value) == ExitCode.REFUSED
    assert first.path.read_bytes() == before
    assert source.changing == target.changing == []


def test_a_finished_run_is_not_shown_for_another_plan(plan: Plan, tmp_path: Path) -> None:
    ended(plan, tmp_path, changing=True)
    changed = plan.model_copy(update={"indices": plan.indices.model_copy(update={"include": ["b"]})})
    with pytest.raises(PlanChanged, match=r"indices\.include"):
        finished_before(changed, RunOptions(state=tmp_path))
    assert finished_before(changed, RunOptions(state=tmp_path, new_run=True)) is None


def decided(plan: Plan, state: Path) -> Journal:
    """An unfinished run that has looked and has begun to restore."""
    with pytest.raises(TimedOut), session(plan, RunOptions(state=state)) as m:
        with m.journal.step("resolve"):
            m.journal.keep("resolve", resolve(m))
        changes(m)
        raise TimedOut("later")
    return m.journal


@pytest.mark.parametrize("side", ["source", "target"])
def test_a_run_does_not_go_on_with_another_cluster(
    plan: Plan, tmp_path: Path, source: FakeDomain, target: FakeDomain, side: str
) -> None:
    first = decided(plan, tmp_path)
    fake = source if side == "source" else target
    fake.on("GET /", ok({**identity_reply(side), "cluster_uuid": "Another"}))
    words = f"the {side} is a different cluster than in run {first.run_id}: its UUID is Another"
    with pytest.raises(PlanChanged, match=words), session(plan, RunOptions(state=tmp_path)):
        pass
    for verb in (
        lambda: migration_preview(plan, RunOptions(state=tmp_path)),
        lambda: verify_plan(plan, tmp_path),
    ):
        with pytest.raises(PlanChanged, match=words):
            verb()
    assert Journal.load(first.path).document.status == "interrupted"


@pytest.mark.parametrize("outcome", ["not compared", "different"])
def test_a_run_that_could_not_compare_is_looked_at_again(plan: Plan, tmp_path: Path, outcome: Any) -> None:
    verdicts = tuple(
        Verdict(source=name, target=name, outcome=found, source_count=None, target_count=None)
        for name, found in (("a", "equal"), ("b", outcome))
    )
    record = VerificationRecord(level="counts", verdicts=verdicts, skipped=(), at=now())
    with pytest.raises(VerificationFailed), session(plan, RunOptions(state=tmp_path)) as m:
        changes(m)
        with m.journal.step("verify"):
            m.journal.keep("verify", record)
        raise VerificationFailed("b")
    assert (finished_before(plan, RunOptions(state=tmp_path)) is None) is (outcome == "not compared")
    if outcome == "not compared":
        with session(plan, RunOptions(state=tmp_path)) as again:
            assert again.journal.run_id == m.journal.run_id


def test_a_plan_may_be_corrected_as_long_as_nothing_was_changed(plan: Plan, tmp_path: Path) -> None:
    ended(plan, tmp_path, Unreachable("source: GET /", "no such host"))
    changed = plan.model_copy(update={"conflicts": plan.conflicts.model_copy(update={"policy": "skip"})})
    with session(changed, RunOptions(state=tmp_path)):
        pass


# locks


@pytest.mark.usefixtures("impatient")
def test_one_plan_is_run_once_at_a_time(plan: Plan, tmp_path: Path) -> None:
    with session(plan, RunOptions(state=tmp_path)) as m:
        run_id = m.journal.run_id
        with (
            pytest.raises(Busy, match=rf"plan orders .process {os.getpid()}"),
            session(plan, RunOptions(state=tmp_path)),
        ):
            pass
    assert [journal.run_id for journal in State(tmp_path, "orders").journals()] == [run_id]


@pytest.mark.usefixtures("impatient")
def test_two_plans_over_one_pair_of_clusters_are_one_after_the_other(
    plan: Plan, tmp_path: Path, source: FakeDomain
) -> None:
    other = plan.model_copy(update={"name": "other"})
    with session(plan, RunOptions(state=tmp_path)):
        with (
            pytest.raises(Busy, match="this pair of domains") as caught,
            session(other, RunOptions(state=tmp_path)),
        ):
            pass
        assert code_of_error(caught.value) == ExitCode.BUSY
        assert list(State(tmp_path, "other").journals()) == [], "a run that did not begin leaves no journal"
    with session(other, RunOptions(state=tmp_path, new_run=True)):
        pass


def test_kill_9_frees_everything_and_the_same_command_continues(plan: Plan, tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from configs.plan import DomainSettings, Plan
from domains.domain import Domain, Side
from flows.sessions.options import RunOptions
from flows.sessions.session import session
with session(Plan.model_validate_json(sys.argv[1]), RunOptions(state=Path(sys.argv[2]))) as m:
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
        with pytest.raises(Busy, match=f"process {process.pid}"), session(plan, RunOptions(state=tmp_path)):
            pass
        process.send_signal(signal.SIGKILL)
    assert State(tmp_path, "orders").latest().document.status == "running"  # type: ignore[union-attr]
    with session(plan, RunOptions(state=tmp_path)) as m:
        assert m.journal.run_id == run_id
        assert m.journal.changed_something
        assert m.journal.intents("restore")[0].result is None


# looking, without a run


def test_what_would_be_done_is_shown_and_nothing_is_written(
    plan: Plan, tmp_path: Path, source: FakeDomain, target: FakeDomain
) -> None:
    found = migration_preview(plan, RunOptions(state=tmp_path))
    assert [unit.name for unit in found.document.resolution.moving] == ["a"]
    assert (found.continues, found.finished) == (None, None)
    assert source.changing == target.changing == []
    assert list(tmp_path.iterdir()) == []


def test_of_an_unfinished_run_its_own_decision_is_shown(
    plan: Plan, tmp_path: Path, source: FakeDomain
) -> None:
    first = decided(plan, tmp_path)
    FakeEngine(source, "source", FakeIndex("a"), FakeIndex("later"))
    found = migration_preview(plan, RunOptions(state=tmp_path))
    assert [unit.name for unit in found.document.resolution.moving] == ["a"]
    assert (found.continues, found.fresh) == (first.run_id, False)
    changed = plan.model_copy(update={"conflicts": plan.conflicts.model_copy(update={"policy": "skip"})})
    with pytest.raises(PlanChanged):
        migration_preview(changed, RunOptions(state=tmp_path))


def test_verify_takes_another_level_and_sample_but_no_other_plan(plan: Plan, tmp_path: Path) -> None:
    decided(plan, tmp_path)
    for level in ("counts", "operations"):
        other = plan.model_copy(update={"verify": plan.verify.model_copy(update={"level": level})})
        assert verify_plan(other, tmp_path).level == level
    sampled = {"verify": plan.verify.model_copy(update={"level": "counts", "sample": 0.5, "seed": 3})}
    assert verify_plan(plan.model_copy(update=sampled), tmp_path).level == "counts"
    changed = plan.model_copy(update={"indices": plan.indices.model_copy(update={"include": ["b"]})})
    with pytest.raises(PlanChanged, match=r"indices\.include"):
        verify_plan(changed, tmp_path)


def test_verify_without_a_run_compares_the_plans_indices_by_their_names(
    plan: Plan, tmp_path: Path, source: FakeDomain, target: FakeDomain
) -> None:
    record = verify_plan(plan, tmp_path)
    assert [(v.source, v.target, v.outcome) for v in record.verdicts] == [("a", "a", "not compared")]
    assert not record.passed
    assert list(tmp_path.iterdir()) == []


def test_verify_looks_for_the_settings_that_the_plan_asks_for(
    plan: Plan, tmp_path: Path, target: FakeDomain
) -> None:
    """After a migration that has ended with 4 for one, it must not say that all is equal."""
    FakeEngine(target, "target", FakeIndex("a"))
    told = {"archived.index.codek": "x", "index.number_of_replicas": "3", "index.hidden": "true"}
    target.on("GET /a/_settings", ok({"a": {"settings": told}}))
    outcomes: list[str] = []
    for wanted in ({"index.codek": "x"}, {"index.hidden": False, "index.number_of_replicas": 0}):
        asked = {"restore": plan.restore.model_copy(update={"index_settings": wanted})}
        (verdict,) = verify_plan(plan.model_copy(update=asked), tmp_path).verdicts
        outcomes.append(verdict.outcome)
    assert outcomes == ["different", "equal"], "other values are the target's owner's to set"


# everything that can refuse, at once


def look(plan: Plan, tmp_path: Path) -> Migration:
    with session(plan, RunOptions(state=tmp_path)) as m:
        return m


def test_all_reasons_are_told_at_once_and_nothing_was_sent_but_reads(
    plan: Plan, tmp_path: Path, source: FakeDomain, target: FakeDomain
) -> None:
    FakeEngine(source, "source", FakeIndex("a"), FakeIndex("old", created="5061799"), FakeIndex("c"))
    FakeEngine(target, "target", FakeIndex("a"), FakeIndex("x", aliases={"c": {}}))
    plan = plan.model_copy(
        update={
            "indices": plan.indices.model_copy(update={"include": ["a", "old", "c", "gone"]}),
            "snapshot": plan.snapshot.model_copy(update={"allow_partial": True}),
        }
    )
    target.on(
        "GET /_snapshot", Reply(200, {"repo": {"type": "s3", "settings": {"bucket": "another-bucket"}}})
    )
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
    assert [problem.split(": ")[0] for problem in caught.value.problems] == [
        "indices.selected", "indices.created", "indices.names", "safety.repository (target)",
        "the plan also needs the consent --allow-partial",
    ]  # fmt: skip
    assert told.count("    next: ") == 4, "each check says what to do about it"
    assert source.changing == target.changing == []


def test_one_cluster_behind_two_endpoints_is_refused(plan: Plan, tmp_path: Path, target: FakeDomain) -> None:
    FakeEngine(target, "source")
    with pytest.raises(PreconditionError, match="source and target are one cluster"):
        resolve(look(plan, tmp_path))


def test_an_older_target_is_refused(plan: Plan, tmp_path: Path, target: FakeDomain) -> None:
    FakeEngine(target, "target", number="2.19.4")
    with pytest.raises(PreconditionError, match="only be restored on the same or a newer version"):
        resolve(look(plan, tmp_path))


def test_an_alias_is_not_an_index(plan: Plan, tmp_path: Path, source: FakeDomain) -> None:
    FakeEngine(source, "source", FakeIndex("a", aliases={"current": {}}))
    plan = plan.model_copy(update={"indices": plan.indices.model_copy(update={"include": ["current"]})})
    with pytest.raises(PreconditionError, match="current is an alias; name its indices: a"):
        resolve(look(plan, tmp_path))


def test_nothing_left_to_move_is_refused(plan: Plan, tmp_path: Path, target: FakeDomain) -> None:
    FakeEngine(target, "target", FakeIndex("a"))
    plan = plan.model_copy(update={"conflicts": plan.conflicts.model_copy(update={"policy": "skip"})})
    found = resolve(look(plan, tmp_path))
    with pytest.raises(PreconditionError, match="nothing to move"):
        require_moving(found)
    document = migration_preview(plan, RunOptions(state=tmp_path)).document
    assert (document.changes, document.requests) == (0, ())


def including(plan: Plan, **indices: Any) -> Plan:
    return plan.model_copy(update={"indices": plan.indices.model_copy(update=indices)})


def test_a_name_that_was_asked_for_and_cannot_move_is_a_problem(
    plan: Plan, tmp_path: Path, source: FakeDomain
) -> None:
    FakeEngine(source, "source", FakeIndex("a"), FakeIndex("shut", open=False), FakeIndex(".kibana_1"))
    migration = look(including(plan, include=["a", "shut", ".kibana_1"]), tmp_path)
    with pytest.raises(PreconditionError) as caught:
        resolve(migration)
    (problem,) = caught.value.problems
    instead = "remove it from the list, and export its saved objects and import them on the target"
    assert problem.splitlines() == [
        "indices.selected: 2 problems",
        f"      indices.include: .kibana_1 belongs to Dashboards or Kibana and never moves; {instead}",
        "      indices.include: shut is closed; set indices.closed: move, or remove it from the list",
        "    next: correct indices.include and indices.exclude",
    ]
    found = resolve(look(including(plan, include=["*"]), tmp_path / "another"))
    assert {left.name for left in found.left_out} == {"shut", ".kibana_1"}


def test_a_refusal_says_why_where_its_names_are_bare(
    plan: Plan, tmp_path: Path, source: FakeDomain, target: FakeDomain
) -> None:
    engine = FakeEngine(target, "target")
    engine.cluster_settings = {**engine.cluster_settings, "cluster.indices.close.enable": "false"}
    FakeEngine(source, "source", FakeIndex("a"), FakeIndex("shut", open=False))
    with pytest.raises(PreconditionError) as caught:
        resolve(look(including(plan, include=["*"], closed="move"), tmp_path))
    (problem,) = caught.value.problems
    assert problem.startswith("indices.closed: shut: closed on the source, and the target's cluster.indices")
    assert "next: open them on the source" in problem


def test_what_a_deciding_check_could_not_tell_is_noted(
    plan: Plan, tmp_path: Path, target: FakeDomain
) -> None:
    FakeEngine(target, "target")
    target.on("GET /_cat/plugins", engine_error(403, "security_exception", "no permissions for [x]"))
    notes = resolve(look(plan, tmp_path)).notes
    assert [note.split(": could not tell")[0] for note in notes if "could not tell" in note] == [
        "indices.plugins"
    ]


def test_an_index_that_refuses_writes_is_noted_in_plan_and_report(
    plan: Plan, tmp_path: Path, source: FakeDomain
) -> None:
    blocked = {"index.blocks.write": "true", "index.lifecycle.name": "tidy"}
    FakeEngine(source, "source", FakeIndex("a", settings=blocked))
    (note,) = resolve(look(plan, tmp_path)).notes
    check, told = note.split(": ", 1)
    assert check == "indices.settings"
    assert told == "a: writes are refused on the source, but not by the copies; a: settings stay behind"


def test_what_the_plan_requires_to_be_known_refuses_a_migration_too(plan: Plan, tmp_path: Path) -> None:
    required = plan.checks.model_copy(update={"require": ["bucket.lifecycle", "domains.tcp"]})
    with pytest.raises(PreconditionError) as caught:
        resolve(look(plan.model_copy(update={"checks": required}), tmp_path))
    (problem,) = caught.value.problems
    assert problem.startswith("bucket.lifecycle: not checked: no side has AWS credentials")


def registered(**settings: Any) -> dict[str, Any]:
    return {"type": "s3", "settings": {"bucket": "my-snapshots", "region": "us-east-1", **settings}}


def holding(fake: FakeDomain, **registrations: Any) -> None:
    fake.on("GET /_snapshot", ok(registrations))
    for name, registration in registrations.items():
        fake.on(f"GET /_snapshot/{name}", ok({name: registration}))


def test_a_readonly_registration_on_the_source_is_a_problem(
    plan: Plan, tmp_path: Path, source: FakeDomain
) -> None:
    holding(source, repo=registered(readonly="true"))
    with pytest.raises(PreconditionError, match="registered readonly on the source") as caught:
        resolve(look(plan, tmp_path))
    assert len(caught.value.problems) == 1
    assert source.changing == []


def test_what_becomes_of_registrations_and_templates_is_noted(
    plan: Plan, tmp_path: Path, source: FakeDomain, target: FakeDomain
) -> None:
    engine = FakeEngine(source, "source", FakeIndex("a"), FakeIndex(".ds-logs-000001"))
    engine.streams["logs"] = [".ds-logs-000001"]
    automated = {"cs-automated-enc": {"type": "s3"}}
    holding(source, repo=registered(), **automated)
    holding(target, repo=registered(), elsewhere=registered(bucket="other"), **automated)
    assert list(resolve(look(plan, tmp_path)).notes) == [
        "data stream logs: its index template is not moved; create it on the target",
        "repository repo already exists on the source; it will get the plan's settings",
        "repository repo is registered read-write on the target: it will become readonly",
    ]


@pytest.mark.parametrize("side", ["source", "target"])
@pytest.mark.parametrize(
    ("snapshot", "problem"),
    [
        (ok(snapshot_reply("nightly", indices=["b"])), "a: not in snapshot nightly"),
        (ok(snapshot_reply("nightly", "FAILED")), "snapshot nightly ended as FAILED"),
        (
            engine_error(404, "snapshot_missing_exception", "[repo:nightly] is missing"),
            "has no snapshot nightly",
        ),
        (ok(snapshot_reply("nightly", run=None)), ""),
    ],
)
def test_an_existing_snapshot_is_looked_at_before_anything_is_changed(
    plan: Plan,
    tmp_path: Path,
    source: FakeDomain,
    target: FakeDomain,
    side: str,
    snapshot: Reply,
    problem: str,
) -> None:
    fake = source if side == "source" else target
    readonly = {"readonly": "true"} if side == "target" else {}
    holding(fake, repo=registered(**readonly))
    fake.on("GET /_snapshot/repo/nightly", snapshot)
    plan = plan.model_copy(update={"snapshot": plan.snapshot.model_copy(update={"existing": "nightly"})})
    migration = look(plan, tmp_path)
    if not problem:
        assert resolve(migration).snapshot == "nightly"
        return
    with pytest.raises(PreconditionError) as caught:
        resolve(migration)
    (told,) = caught.value.problems
    assert problem in told
    assert source.changing == target.changing == []


def test_a_role_that_was_made_just_now_is_waited_for_and_told(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows.sessions import session as sessions

    pauses, told, real = list[float](), list[Progress](), sessions.open_domain

    def opened(side: Side, settings: DomainSettings) -> Domain:
        if side == "source" and len(pauses) < 3:
            raise RoleRefused("could not assume arn:x: AccessDenied", "let its trust policy name the caller")
        return real(side, settings)

    monkeypatch.setattr(sessions, "open_domain", opened)
    monkeypatch.setattr(sessions, "Poll", lambda limit: Poll(limit, sleep=pauses.append))
    with listening(told.append), session(plan, RunOptions(state=tmp_path)):
        pass
    assert len(pauses) == 3 and sum(pauses) < 60
    assert len(told) >= 3 and "made just now" in told[0].message and "arn:x" in told[0].message


def test_a_role_that_stays_refused_is_told_after_a_minute_and_nothing_begins(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows.sessions import session as sessions

    real, clock = sessions.open_domain, Clock()

    def refused(side: Side, settings: DomainSettings) -> Domain:
        if side == "target":
            return real(side, settings)
        raise RoleRefused("could not assume arn:x: AccessDenied", "let its trust policy name the caller")

    monkeypatch.setattr(sessions, "open_domain", refused)
    monkeypatch.setattr(sessions, "Poll", clock.poll)
    with pytest.raises(RoleRefused), session(plan, RunOptions(state=tmp_path)):
        pass
    assert 55 < sum(clock.pauses) < 70
    assert list(State(tmp_path, plan.name).journals()) == []
