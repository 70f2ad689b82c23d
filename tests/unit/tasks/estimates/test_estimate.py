"""Estimates: the inputs that are read, the history of earlier runs, and limits of the ranges."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console, RenderableType
from support.building import (
    a_document,
    a_domain,
    a_journal,
    a_migration,
    a_plan,
    a_resolution,
    a_snapshot,
    a_unit,
    selected,
)
from support.fake_domain import FakeDomain, engine_error, ok

from domains.engine.nodes import nodes, rate, recovery_limit
from domains.errors import UnexpectedReply
from flows.previews.estimates import estimate_of, record_estimate, record_projection, update_projection
from reports.build.report import report_of
from reports.views.markdown import markdown
from reports.views.plan import plan_view
from reports.views.report import report_view
from reports.words import common, outcomes
from reports.words import estimates as words
from runs.begun_plan import plan_record
from runs.journal import Document, Journal, StepEntry, now
from runs.progress import Progress, listening
from runs.state import State
from snapferry.output import progress
from tasks.estimates.estimate import estimate
from tasks.estimates.explanation import Circumstances
from tasks.estimates.history import Measurement, kept_snapshot, measurements
from tasks.estimates.sizing import workload
from tasks.estimates.workload import throttled_seconds
from tasks.records.checks import CheckRecord, PreflightRecord
from tasks.records.cleanup import Finish, FinishRecord, RemovalRecord, Skipped, SkippedReason
from tasks.records.estimates import DOCUMENTED_LIMIT, Estimate, Workload
from tasks.records.transfer import IndexRestore, RestoreRecord
from tasks.records.verification import Verdict, VerificationRecord
from tasks.steps import ESTIMATED
from tasks.survey import Survey

MB = 1_000_000
UNIT = a_unit("orders", selected("orders", bytes=100 * MB, shards=2))
RESOLUTION = a_resolution(UNIT, a_unit("small", selected("small", bytes=0)))


# inputs

ROLES = [{"name": "b", "node.role": "dim"}, {"name": "a", "node.role": "di"}, {"name": "m", "node.role": "m"}]
ROOM = [
    {"node": "a", "shards": "3", "disk.total": "100", "disk.avail": "60"},
    {"node": "b", "shards": "0", "disk.total": None, "disk.avail": None},
    {"node": "UNASSIGNED", "shards": "7", "disk.total": None, "disk.avail": None},
]


def with_nodes(fake: FakeDomain, roles: Any = ROLES, room: Any = ROOM) -> FakeDomain:
    fake.on("GET /_cat/nodes", ok(roles))
    return fake.on("GET /_cat/allocation", ok(room))


def with_limit(fake: FakeDomain, **scopes: str) -> FakeDomain:
    told = {scope: {"indices": {"recovery": {"max_bytes_per_sec": text}}} for scope, text in scopes.items()}
    return fake.on("GET /_cluster/settings", ok(told))


def test_each_node_is_seen_with_its_room_and_whether_it_holds_data(source: FakeDomain) -> None:
    with_nodes(source)
    a, b, m = nodes(a_domain(source))
    assert (a.name, a.data, a.total_bytes, a.available_bytes, a.shards) == ("a", True, 100, 60, 3)
    assert (b.data, b.total_bytes, b.available_bytes, b.shards) == (True, None, None, 0)
    assert (m.name, m.data, m.total_bytes, m.shards) == ("m", False, None, 0)


def test_a_node_that_came_between_the_two_looks_counts(source: FakeDomain) -> None:
    with_nodes(source, ROLES[:1])
    assert [(node.name, node.data) for node in nodes(a_domain(source))] == [("a", True), ("b", True)]


def test_half_a_row_is_no_node(source: FakeDomain) -> None:
    with_nodes(source, [{"name": "a"}])
    with pytest.raises(UnexpectedReply):
        nodes(a_domain(source))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("40mb", 40 * 1024**2),
        ("41943040b", 41943040),
        ("1g", 1024**3),
        ("1.5kb", 1536),
        ("0", None),
        ("-1", None),
        ("12", 12),
    ],
)
def test_limits_are_read_as_the_engines_write_them(text: str, found: int | None) -> None:
    assert rate(text) == found


def test_what_is_set_goes_before_the_default(target: FakeDomain) -> None:
    with_limit(target, defaults="40mb", persistent="100mb")
    assert recovery_limit(a_domain(target, "target")) == 100 * 1024**2


def look_at(source: FakeDomain, target: FakeDomain, **plan: Any) -> Survey:
    domains = a_domain(source), a_domain(target, "target")
    from tasks.migration import Consents

    return Survey(a_plan(**plan), {"source": lambda: domains[0], "target": lambda: domains[1]}, Consents())


def test_the_work_is_what_moves_between_how_many_nodes(source: FakeDomain, target: FakeDomain) -> None:
    with_nodes(source)
    with_nodes(target, ROLES[:1], ROOM[1:])
    with_limit(target, defaults="80mb")
    settings = {"max_snapshot_bytes_per_sec": "200mb"}
    plan = {
        "repository": {"name": "r", "bucket": "my-snapshots", "region": "us-east-1", "settings": settings}
    }
    found = workload(look_at(source, target, **plan), RESOLUTION.indices)
    assert (found.indices, found.shards, found.bytes, found.largest_shard) == (2, 3, 100 * MB, 50 * MB)
    assert (found.source_nodes, found.target_nodes) == (2, 1)
    assert (found.snapshot_limit, found.restore_limit) == (200 * 1024**2, 80 * 1024**2)
    assert found.unknown == ()


def test_a_refused_look_leaves_an_estimate_that_says_so(source: FakeDomain, target: FakeDomain) -> None:
    for fake in (source, target):
        fake.on("GET /_.*", engine_error(403, "security_exception", "no permissions for [cluster:monitor]"))
    found = workload(look_at(source, target), RESOLUTION.indices)
    assert (found.source_nodes, found.target_nodes, found.restore_limit) == (1, 1, DOCUMENTED_LIMIT)
    said = " ".join(words.assumptions(estimate(found)))
    for words_ in ("the source has one data node", "the target has one data node", "40 MB per second"):
        assert words_ in said


# what a range must never do

WORK = st.builds(
    Workload,
    indices=st.integers(1, 20_000),
    shards=st.integers(1, 50_000),
    bytes=st.integers(0, 10**14),
    largest_shard=st.integers(0, 10**11),
    source_nodes=st.integers(1, 80),
    target_nodes=st.integers(1, 80),
    snapshot_limit=st.sampled_from([None, DOCUMENTED_LIMIT, 10**9]),
    restore_limit=st.sampled_from([None, DOCUMENTED_LIMIT, 10**9]),
)
SECONDS = st.floats(0.01, 10**6)


def measured(work: Workload, seconds: float = 10.0, run_id: str = "r1", **changes: Any) -> list[Measurement]:
    values: dict[str, Any] = {"work": work, "run_id": run_id, "rehearsal": True, **changes}
    return [Measurement(step, seconds, **values) for step in ESTIMATED]


def is_wider(made: Estimate) -> bool:
    return any(step.high > 2 * step.low + 0.01 for step in made.steps)


@given(WORK)
def test_low_is_never_above_high_and_the_window_is_part_of_the_whole(work: Workload) -> None:
    made = estimate(work)
    assert all(0 < step.low <= step.high for step in made.steps)
    assert 0 < made.whole.low <= made.whole.high
    assert made.window.low < made.whole.low
    assert made.window.high < made.whole.high
    assert words.basis(made) == "rough estimate: nothing measured yet"


@given(WORK, st.lists(SECONDS, min_size=1, max_size=5))
def test_what_was_measured_is_told_within_a_factor_of_two(work: Workload, runs: list[float]) -> None:
    found = [each for n, seconds in enumerate(runs) for each in measured(work, seconds, f"r{n}")]
    made = estimate(work, found)
    assert made.whole.high <= 2 * made.whole.low + 0.01
    assert made.window.high <= 2 * made.window.low + 0.01
    assert not is_wider(made)
    assert words.basis(made).startswith("measured in rehearsal r")


@given(WORK, SECONDS)
def test_the_same_again_is_in_the_range(work: Workload, seconds: float) -> None:
    made = estimate(work, measured(work, seconds))
    assert made.whole.low <= len(ESTIMATED) * seconds <= made.whole.high


@given(WORK, st.integers(1, 10**13), st.booleans())
def test_more_bytes_never_give_less_time(work: Workload, more: int, known: bool) -> None:
    found = measured(work) if known else []
    bigger = work.model_copy(update={"bytes": work.bytes + more})
    less, longer = estimate(work, found), estimate(bigger, found)
    if words.basis(longer) == words.basis(
        less
    ):  # so much more may be that what was measured says nothing any more
        assert longer.whole.low >= less.whole.low - 0.01
        assert longer.whole.high >= less.whole.high - 0.01


@given(WORK)
def test_more_nodes_never_give_more_time(work: Workload) -> None:
    more = work.model_copy(
        update={"source_nodes": work.source_nodes + 1, "target_nodes": work.target_nodes + 1}
    )
    assert estimate(more).whole.high <= estimate(work).whole.high


def test_copying_is_as_slow_as_the_nodes_that_take_part_and_the_largest_shard() -> None:
    limit = 10 * MB
    work = Workload(indices=1, shards=2, bytes=100 * MB, source_nodes=5, snapshot_limit=limit)
    assert throttled_seconds(work, "source") == 5  # two shards keep two nodes busy
    assert throttled_seconds(work.model_copy(update={"shards": 50}), "source") == 2
    lump = work.model_copy(update={"shards": 50, "largest_shard": 90 * MB})
    assert throttled_seconds(lump, "source") == 9
    assert throttled_seconds(work.model_copy(update={"snapshot_limit": None}), "source") > 0


def test_a_tenth_that_was_rehearsed_is_scaled_up_and_a_thousandth_is_not() -> None:
    whole = Workload(indices=100, shards=100, bytes=10**12, largest_shard=10**10)
    tenth = Workload(indices=10, shards=10, bytes=10**11, largest_shard=10**10)
    made = estimate(whole, measured(tenth, 2600))
    restore = next(step for step in made.steps if step.step == "restore")
    assert restore.low < 26_000 < restore.high <= 2 * restore.low + 0.01
    assert any("had 10 of 100 indices and 100.0 GB of 1,000.0 GB" in line for line in words.assumptions(made))
    thousandth = tenth.model_copy(update={"bytes": 10**9, "largest_shard": 10**8})
    made = estimate(whole, measured(thousandth, 26))
    assert "rough estimates for snapshot, restore" in words.basis(made)
    assert made.whole.high > 2 * made.whole.low


def test_runs_that_agree_narrow_the_range_and_the_newest_counts_most() -> None:
    work = Workload(indices=10, shards=10, bytes=10**9)
    one = estimate(work, measured(work, 100)).whole
    three = estimate(work, [e for n in range(3) for e in measured(work, 100, f"r{n}")]).whole
    assert three.high - three.low < one.high - one.low
    shifted = estimate(work, [*measured(work, 200, "new"), *measured(work, 100, "old")]).whole
    assert one.low + one.high < shifted.low + shifted.high
    assert (shifted.low + shifted.high) / 2 > 8 * 150


def test_the_bottleneck_is_what_takes_the_most() -> None:
    many = Workload(indices=5000, shards=5000, bytes=10 * MB)
    assert (
        words.bottleneck(estimate(many)) == "restore: the number of indices (5,000) rather than their bytes"
    )
    much = Workload(indices=9, shards=90, bytes=10**12, source_nodes=3, target_nodes=6)
    assert (
        words.bottleneck(estimate(much))
        == "snapshot: copying 1,000.0 GB through 3 nodes, each at no more than 42 MB per second"
    )
    throttled = much.model_copy(update={"snapshot_limit": 300_000})
    assert "at no more than 0.3 MB per second" in words.bottleneck(estimate(throttled))
    lump = much.model_copy(update={"largest_shard": 9 * 10**11})
    assert "one shard of 900.0 GB, copied by a single node" in words.bottleneck(estimate(lump))
    little = Workload(indices=1, shards=1, bytes=10)
    assert "there is little to move" in words.bottleneck(estimate(little))


def test_a_snapshot_that_shares_files_with_a_kept_one_may_write_nothing() -> None:
    work = Workload(indices=1, shards=1, bytes=10**12, largest_shard=10**12)
    made = estimate(work, measured(work, 24_000), Circumstances(kept_snapshot="orders-1"))
    snapshot = next(step for step in made.steps if step.step == "snapshot")
    assert snapshot.low < 60
    assert snapshot.high > 24_000
    assert any("orders-1 is still in the repository" in line for line in words.assumptions(made))


def test_a_snapshot_that_is_there_costs_nothing() -> None:
    work = Workload(indices=1, shards=1, bytes=10**12)
    snapshot = next(s for s in estimate(work, (), Circumstances(existing=True)).steps if s.step == "snapshot")
    assert snapshot.high < 60


# what earlier runs tell

VERIFIED = VerificationRecord(
    level="operations",
    verdicts=(
        Verdict(source="orders", target="orders", outcome="equal", source_count=1, target_count=1),
        Verdict(source="small", target="small", outcome="equal", source_count=1, target_count=1),
    ),
    skipped=(),
    at=now(),
)


def arrived(name: str, count: int, **changes: Any) -> IndexRestore:
    values: dict[str, Any] = {"restored": True, "shards": 1, "reused_bytes": 0, "adopted": False, **changes}
    return IndexRestore(source=name, target=name, bytes=count, **values)


RECORDS: dict[str, Any] = {
    "resolve": RESOLUTION,
    "snapshot": a_snapshot(bytes_written=100 * MB),
    "restore": RestoreRecord(indices=(arrived("orders", 100 * MB), arrived("small", 0)), batches=1),
    "verify": VERIFIED,
}


def a_run(run_id: str = "r1", **changes: Any) -> Document:
    """A finished run whose every step took ten seconds; records of steps may be given by `records`."""
    records = {**RECORDS, **changes.pop("records", {})}
    entries = {
        step: StepEntry(
            attempts=1,
            started=now(),
            ended=now(),
            seconds=10,
            record=records[step].model_dump(mode="json") if step in records else None,
        )
        for step in ESTIMATED
    }
    values: dict[str, Any] = {"plan": plan_record(a_plan()), "verb": "migrate", "started": now(), **changes}
    return Document(run_id=run_id, steps=entries, **values)


def told_by(*runs: Document, work: Workload | None = None) -> dict[str, Measurement]:
    found = measurements(runs, a_plan(), RESOLUTION, work or Workload(indices=2, shards=3, bytes=100 * MB))
    return {each.step: each for each in reversed(found)}


def test_every_step_of_a_whole_run_is_measured() -> None:
    found = told_by(a_run())
    assert set(found) == set(ESTIMATED)
    assert {each.seconds for each in found.values()} == {10}
    assert not found["restore"].rehearsal


def test_an_incremental_snapshot_is_measured_by_what_it_wrote() -> None:
    found = told_by(a_run(records={"snapshot": a_snapshot(bytes_written=5)}))
    assert found["snapshot"].work.bytes == 5
    assert found["restore"].work.bytes == 100 * MB


def test_a_snapshot_that_nobody_saw_and_that_was_too_fast_for_its_bytes_is_no_measure() -> None:
    unseen = {"snapshot": a_snapshot(bytes_written=None)}
    assert "snapshot" in told_by(a_run(records=unseen))
    much = a_resolution(a_unit("orders", selected("orders", bytes=10**12)))
    assert "snapshot" not in told_by(a_run(records={**unseen, "resolve": much}))


UNUSABLE: dict[str, tuple[str, Any]] = {
    "an adopted snapshot": ("snapshot", a_snapshot(adopted=True)),
    "an existing snapshot": ("snapshot", a_snapshot(existing=True)),
    "an adopted index": (
        "restore",
        RestoreRecord(indices=(arrived("orders", 1, adopted=True), arrived("small", 0)), batches=1),
    ),
    "an index that failed": (
        "restore",
        RestoreRecord(indices=(arrived("orders", 1, restored=False), arrived("small", 0)), batches=1),
    ),
    "another level": ("verify", VERIFIED.model_copy(update={"level": "counts"})),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_what_was_not_done_in_whole_is_no_measure(name: str) -> None:
    step, record = UNUSABLE[name]
    assert set(told_by(a_run(records={step: record}))) == set(ESTIMATED) - {step}


def test_a_step_that_was_begun_twice_or_failed_or_waited_for_others_is_no_measure() -> None:
    run = a_run()
    run.steps["restore"].attempts = 2
    run.steps["verify"].error = "Unreachable: x"
    run.steps["start snapshot"].seconds = 600
    assert set(told_by(run)) == set(ESTIMATED) - {"restore", "verify", "start snapshot"}


def test_runs_between_other_domains_tell_nothing_but_a_shadow_does() -> None:
    other = RESOLUTION.target.model_copy(update={"cluster_uuid": "another"})
    moved = {"resolve": RESOLUTION.model_copy(update={"target": other})}
    assert told_by(a_run(records=moved)) == {}
    shadow = {"prefix": "rehearsal-", "only": [], "keep": False, "shadow": "third"}
    found = told_by(a_run(records=moved, rehearsal=shadow, verb="rehearse"))
    assert found["restore"].shadow == "third"
    work = found["restore"].work
    assert "the target is as fast as third" in " ".join(
        words.assumptions(estimate(work, list(found.values())))
    )


def test_a_kept_snapshot_is_known_and_a_removed_one_is_not() -> None:
    assert kept_snapshot([a_run()], a_plan()) == "snap"
    rehearsal = {"prefix": "rehearsal-", "only": [], "shadow": None}
    assert kept_snapshot([a_run(rehearsal={**rehearsal, "keep": True})], a_plan()) == "snap"
    assert kept_snapshot([a_run(rehearsal={**rehearsal, "keep": False})], a_plan()) == ""
    elsewhere = a_plan(repository={"name": "repo", "bucket": "another", "region": "us-east-1"})
    assert kept_snapshot([a_run()], elsewhere) == ""
    done = FinishRecord(
        at=now(), wanted=Finish(), kept=(), removed=("snap",), registrations={}, released=(), refusing=()
    )
    finished = a_run("r2", records={"snapshot": RECORDS["snapshot"].model_copy(update={"name": "last"})})
    finished.steps["finish"] = StepEntry(started=now(), ended=now(), record=done.model_dump(mode="json"))
    assert kept_snapshot([finished, a_run()], a_plan()) == "last", "one run's finish removes its rounds' too"
    assert kept_snapshot([a_run(), finished], a_plan()) == "last"


# in the journal, the plan, the progress and the report


def test_journals_of_earlier_versions_load_and_are_measured(tmp_path: Path) -> None:
    document = json.loads(a_run("20260101-000000000-0000").model_dump_json())
    for key in ("estimate", "projection", "gates", "hooks", "unheard"):
        del document[key]
    path = tmp_path / "plans" / "orders" / "20260101-000000000-0000.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(document))
    loaded = Journal.load(path)
    assert report_of(loaded.document).estimate is None
    assert set(told_by(loaded.document)) == set(ESTIMATED)
    assert State.of(loaded).current("migrate") is None  # it has changed nothing
    assert [journal.run_id for journal in State.of(loaded).journals()] == [loaded.run_id]


def test_a_run_makes_its_estimate_once_and_a_continued_one_keeps_it(
    tmp_path: Path, source: FakeDomain, target: FakeDomain
) -> None:
    heard: list[Progress] = []
    for fake in (source, target):
        with_limit(with_nodes(fake), defaults="40mb")
    m = a_migration(tmp_path, source, target)
    m.journal.document.steps = {"resolve": a_run().steps["resolve"]}  # its own, which measures nothing yet
    m.journal.save()
    with listening(heard.append):
        record_estimate(m, RESOLUTION)
        asked = len(source.requests)
        made = Journal.load(m.journal.path).document.estimate
        a_run_later = a_journal(tmp_path, m.plan)
        a_run_later.document.steps = a_run().steps
        a_run_later.save()
        record_estimate(m, RESOLUTION)
    assert made
    assert made == m.journal.document.estimate
    assert len(source.requests) == asked
    assert [look.message for look in heard] == [heard[0].message] * 2
    assert "(rough estimate: nothing measured yet)" in heard[0].message
    assert heard[0].expected
    assert set(heard[0].expected) == set(ESTIMATED)


def test_what_a_rehearsal_measured_is_what_the_plan_shows(
    tmp_path: Path, source: FakeDomain, target: FakeDomain
) -> None:
    for fake in (source, target):
        with_limit(with_nodes(fake), defaults="40mb")
    m = a_migration(tmp_path, source, target)
    m.journal.document.steps = a_run().steps
    m.journal.document.rehearsal = {"prefix": "rehearsal-", "only": [], "keep": False, "shadow": None}
    m.journal.save()
    made = estimate_of(Survey.of(m), RESOLUTION, State(tmp_path, m.plan.name))
    assert words.basis(made) == f"measured in rehearsal {m.journal.run_id}"
    text = shown(plan_view(a_document(RESOLUTION, estimate=made)))
    assert "Estimate: 54 to 106 s; stop writes to the source for 34 to 66 s of that" in text
    assert words.basis(made) in text


def test_the_real_run_is_projected_from_its_own_indices_and_what_the_rehearsal_measured(
    tmp_path: Path, source: FakeDomain, target: FakeDomain
) -> None:
    row = {"status": "open", "health": "green", "pri": "1", "rep": "0", "docs.count": "1"}
    names = ("orders", "more", "most")
    for fake, there in ((source, names), (target, ())):
        with_limit(with_nodes(fake), defaults="40mb")
        rows = [{**row, "index": name, "uuid": name, "pri.store.size": f"{100 * MB}"} for name in there]
        fake.on("GET /_cat/indices", ok(rows))
        fake.on("GET /_all/_settings", ok({name: {"settings": {}} for name in there}))
        fake.on("GET /_all/_alias", ok({name: {"aliases": {}} for name in there}))
        fake.on("GET /_data_stream", ok({"data_streams": []}))
    m = a_migration(tmp_path, source, target)
    record_projection(m, RESOLUTION)
    first = Estimate.model_validate(m.journal.document.projection)
    assert (first.workload.indices, first.workload.bytes, words.basis(first)) == (
        3,
        300 * MB,
        "rough estimate: nothing measured yet",
    )
    m.journal.document.steps = a_run().steps
    m.journal.document.rehearsal = {"prefix": "rehearsal-", "only": ["orders"], "keep": False, "shadow": None}
    m.journal.save()
    update_projection(m, RESOLUTION)
    made = Estimate.model_validate(Journal.load(m.journal.path).document.projection)
    assert made.workload == first.workload
    assert words.basis(made) == f"measured in rehearsal {m.journal.run_id}"
    restore = next(step for step in made.steps if step.step == "restore")
    assert restore.low > 10  # three times the bytes


def test_a_real_run_that_cannot_be_looked_at_is_not_projected_and_the_rehearsal_goes_on(
    tmp_path: Path, source: FakeDomain, target: FakeDomain
) -> None:
    heard: list[Progress] = []
    source.on("GET /_cat/indices", engine_error(403, "security_exception", "no permissions for [x]"))
    m = a_migration(tmp_path, source, target)
    with listening(heard.append):
        record_projection(m, RESOLUTION)
        update_projection(m, RESOLUTION)
    assert m.journal.document.projection is None
    assert "no projection of the real run" in heard[0].message
    m.journal.document.rehearsal = {"prefix": "rehearsal-", "only": [], "keep": False, "shadow": None}
    assert "not projected" in shown(report_view(report_of(m.journal.document)))


def shown(view: RenderableType) -> str:
    console = Console(file=io.StringIO(), width=240, color_system=None)
    console.print(view)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_step_that_runs_shows_what_it_was_expected_to_take(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(progress, "say_unwrapped", said.append)
    with progress.shown_progress():
        from runs.progress import report_progress

        report_progress(Progress("restore", "restoring", 1, 9, "bytes"))
        report_progress(Progress("estimate", "so long", finished=True, expected={"snapshot": (180, 360)}))
        report_progress(Progress("snapshot", "taking the snapshot", 1, 9, "bytes"))
        report_progress(Progress("snapshot", "all of it", finished=True))
    assert [("expected='3 min to 6 min'" in line) for line in said] == [False, False, True, False]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        ((0.4, 0.8), "0.4 to 0.8 s"),
        ((4, 12.4), "4.0 to 12 s"),
        ((60, 119), "60 to 119 s"),
        ((60, 120), "60 s to 2 min"),
        ((180, 360), "3 min to 6 min"),
        ((3600, 7200), "60 min to 2 h 00 min"),
        ((40_000, 79_999), "11 h 07 min to 22 h 13 min"),
    ],
)
def test_ranges_in_words(seconds: tuple[float, float], text: str) -> None:
    assert common.span(*seconds) == text


def expected_of(run: Document, **changes: Any) -> Document:
    made = estimate(Workload(indices=2, shards=3, bytes=100 * MB))
    return run.model_copy(update={"estimate": made.model_dump(mode="json"), **changes})


def test_the_report_compares_the_estimate_with_the_truth() -> None:
    report = report_of(expected_of(a_run(), status="done"))
    found = report.estimate
    assert found
    assert (found.seconds, found.window_seconds, found.inside) == (80, 50, True)
    assert {step.seconds for step in found.steps} == {10}
    for text in (shown(report_view(report)), markdown(report)):
        assert common.span(found.low, found.high) in text
        assert "1 min 20 s" in text
    assert "took 1 min 20 s: within" in shown(report_view(report))
    slow = expected_of(a_run())
    slow.steps["restore"].seconds = 10_000
    assert "longer" in shown(report_view(report_of(slow)))
    assert report_of(slow).estimate.inside is False  # type: ignore[union-attr]


def test_a_run_that_has_not_come_to_its_end_has_no_truth() -> None:
    run = expected_of(a_run())
    del run.steps["verify"]
    run.steps["restore"].error = "TimedOut: x"
    found = report_of(run).estimate
    assert found
    assert (found.seconds, found.inside, found.window_seconds) == (None, None, None)
    assert {step.step: step.seconds for step in found.steps}["snapshot"] == 10
    assert "took" not in shown(report_view(report_of(run))).partition("Estimate:")[2].partition("\n")[0]


def a_check(status: Any, id: str) -> CheckRecord:
    return CheckRecord(
        id=id, group="room", name="x", side="target", status=status, detail=f"{id} it is", hint=f"do {id}"
    )


def rehearsed(**changes: Any) -> Document:
    checks = (a_check("WARN", "room.disk"), a_check("FAIL", "room.shards"), a_check("OK", "room.batches"))
    made = estimate(
        Workload(indices=20, shards=30, bytes=1000 * MB),
        measured(Workload(indices=2, shards=3, bytes=100 * MB)),
    )
    run = a_run(verb="rehearse", status="different", projection=made.model_dump(mode="json"))
    run.rehearsal = {"prefix": "rehearsal-", "only": ["ord*"], "keep": False, "shadow": None}
    removed = RemovalRecord(
        indices=("rehearsal-orders",),
        snapshots=("snap",),
        registrations={},
        left=(Skipped(name="rehearsal-small", why=SkippedReason.NOT_RESTORED_BY_THE_RUN),),
    )
    for step, record in (("look ahead", PreflightRecord(checks=checks)), ("clean", removed)):
        run.steps[step] = StepEntry(
            attempts=1, started=now(), ended=now(), seconds=500, record=record.model_dump(mode="json")
        )
    return run.model_copy(update=changes)


def test_the_rehearsals_report_tells_what_the_real_run_would_meet_and_take() -> None:
    report = report_of(rehearsed(failure={"message": "restore: the disk is full", "hint": "x"}))
    found = report.rehearsal
    assert found
    assert [check.id for check in found.checks] == ["room.shards", "room.disk"]
    assert found.checked == 3
    assert (found.seconds, report.seconds) == (80, 1080)
    rates = {rate.step: rate for rate in found.rates}
    assert (rates["snapshot"].bytes, rates["snapshot"].bytes_per_second) == (100 * MB, 10 * MB)
    assert (rates["restore"].indices, rates["restore"].indices_per_second) == (2, 0.2)
    assert found.projection
    assert found.projection.seconds is None
    for text in (shown(report_view(report)), markdown(report)):
        for fact in (
            "restore: the disk is full",
            "room.shards it is",
            "do room.shards",
            "room.disk it is",
            "10.0 MB per second",
            common.span(found.projection.low, found.projection.high),
            common.span(found.projection.window_low, found.projection.window_high),
            "r1, which had 2 of 20 indices",
            "measured in rehearsal r1",
            "removed: 1 index or data stream, the snapshot",
            "it is not the index that this run restored",
        ):
            assert fact in text, fact
        assert "room.batches it is" not in text
        assert "1 min 20 s" in text
        assert "18 min" not in text  # the look ahead and the removal are no part of the job


def test_a_rehearsal_that_is_equal_is_not_said_to_differ() -> None:
    report = report_of(rehearsed())
    equal = report.totals.model_copy(update={"equal": report.totals.indices, "different": 0})
    said = outcomes.headline(report.model_copy(update={"totals": equal}))
    assert said.startswith("moved and equal, but the real run would be refused or fail: ")
    assert "difference" not in said
    unequal = report.totals.model_copy(update={"equal": 0, "different": report.totals.indices})
    assert "found a difference" in outcomes.headline(report.model_copy(update={"totals": unequal}))


def test_a_rehearsal_that_is_kept_says_so() -> None:
    run = rehearsed()
    del run.steps["clean"]
    run.rehearsal = {**(run.rehearsal or {}), "keep": True}
    assert "Nothing was removed" in shown(report_view(report_of(run)))
    assert "--keep" in markdown(report_of(run))


def test_a_run_is_no_rehearsal() -> None:
    report = report_of(a_run(status="done"))
    assert (report.rehearsal, report.verb) == (None, "migrate")
    assert "Rehearsal" not in markdown(report)
