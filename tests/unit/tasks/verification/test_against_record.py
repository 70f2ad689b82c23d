"""Level record: what a snapshot says that it holds, against what the target has restored."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.building import (
    Clock,
    a_domain,
    a_journal,
    a_plan,
    a_resolution,
    a_snapshot,
    a_stream_unit,
    a_unit,
    selected,
)
from support.engine import FakeEngine, FakeIndex, snapshot_reply
from support.fake_domain import FakeDomain, engine_error, ok
from support.rounds import keep

from domains.shard_mark import Mark
from runs.state import State
from tasks import steps
from tasks.migration import Migration
from tasks.records.resolution import Resolution
from tasks.records.transfer import IndexRestore, MarksRecord, RestoreRecord
from tasks.records.verification import Limit, Verdict, VerificationRecord
from tasks.verification.against_record import verify_against_record

NAME = "nightly"
PLACE = f"repo/{NAME}"
RUN = "20261124-101010000-abcd"


class Scene:
    """A target that has restored index `a` from a snapshot of one shard, a thousand bytes."""

    def __init__(self, target: FakeDomain, folder: Path, **plan: Any) -> None:
        self.folder, self.domain = folder, target
        self.engine = FakeEngine(target, "target", FakeIndex("a", "uuid-a", origin=PLACE))
        self.plan = a_plan(source={"snapshot": NAME}, **plan)
        self.m = Migration(
            self.plan, None, a_domain(target, "target"), a_journal(folder, self.plan), poll=Clock().poll
        )
        self.snapshot: dict[str, Any] = snapshot_reply(NAME, run=None)["snapshots"][0]
        self.held = {"a": (1, 0, 1000)}
        settings = {"bucket": "my-snapshots", "readonly": "true"}
        target.on("GET /_snapshot", ok({"repo": {"type": "s3", "settings": settings}}))
        target.on("GET /_snapshot/repo/[^/]+", lambda _: ok({"snapshots": [self.snapshot]}))
        target.on("GET /_snapshot/repo/.+/_status", lambda _: ok(self._status()))

    def _status(self) -> dict[str, Any]:
        told = {
            name: {
                "shards_stats": {"total": shards},
                "stats": {"total": {"file_count": files, "size_in_bytes": size}},
            }
            for name, (shards, files, size) in self.held.items()
        }
        return {"snapshots": [{"indices": told}]}

    def verify(self, resolution: Resolution | None = None) -> VerificationRecord:
        decided = resolution or a_resolution(a_unit("a"), snapshot=NAME, source=None)
        return verify_against_record(self.m, decided, self.m.journal.document, self.folder)

    def verdict(self) -> Verdict:
        (found,) = self.verify().verdicts
        return found


@pytest.fixture
def scene(target: FakeDomain, tmp_path: Path) -> Scene:
    return Scene(target, tmp_path)


def test_a_complete_copy_is_as_recorded(scene: Scene) -> None:
    record = scene.verify()
    assert record.passed and record.level == "record"
    figures = record.verdicts[0].figures
    assert figures and (figures.source, figures.source_uuid, figures.target_uuid) == ((), "", "uuid-a")
    assert [each.documents for each in figures.target] == [3]
    assert [(v.outcome, v.source_count, v.target_count) for v in record.verdicts] == [
        ("as recorded", None, 3)
    ]
    assert set(record.limits) == {Limit.RECORD_ONLY, Limit.OPENED}


def _gone(scene: Scene) -> None:
    del scene.engine.indices["a"]


def _reshaped(scene: Scene) -> None:
    scene.held["a"] = (2, 0, 1000)


def _unstarted(scene: Scene) -> None:
    scene.engine.indices["a"].states = ["INITIALIZING"]


def _lacking(scene: Scene) -> None:
    failure = {"index": "a", "shard_id": 0, "reason": "node left"}
    scene.snapshot = {**scene.snapshot, "state": "PARTIAL", "failures": [failure]}


def _larger(scene: Scene) -> None:
    scene.held["a"] = (1, 0, 1001)


def _more_files(scene: Scene) -> None:
    scene.held["a"] = (1, 1, 1000)


def _of_another(scene: Scene) -> None:
    scene.engine.indices["a"].origin = "repo/another"


def _closed(scene: Scene) -> None:
    scene.engine.indices["a"].open = False


def _untold(scene: Scene) -> None:
    scene.held = {}


def _uncounted(scene: Scene) -> None:
    scene.engine.unrefreshed["a"] = "shard not available"


def _another_snapshot(scene: Scene) -> None:
    scene.snapshot = {**scene.snapshot, "uuid": "another"}


def _no_snapshot(scene: Scene) -> None:
    error = engine_error(404, "snapshot_missing_exception", "[repo:nightly] is missing")
    scene.domain.on("GET /_snapshot/repo/[^/]+", error)


def _no_repository(scene: Scene) -> None:
    scene.domain.on("GET /_snapshot", ok({}))


@pytest.mark.parametrize(
    ("spoil", "outcome", "said"),
    [
        (_gone, "different", "it is not on the target"),
        (_reshaped, "different", "2 shards in the snapshot, 1 on the target"),
        (_unstarted, "different", "0 of 1 primary shards are started"),
        (_lacking, "different", "the snapshot lacks a[0]: node left"),
        (_larger, "not compared", "holds 1001 bytes of it in 0 files"),
        (_more_files, "not compared", "in 1 files"),
        (_of_another, "not compared", "does not show that it was restored from repo/nightly"),
        (_closed, "not compared", "closed"),
        (_untold, "not compared", "could not tell what the snapshot holds"),
        (_uncounted, "not compared", "refresh failed"),
        (_another_snapshot, "not compared", "another one than the run restored from"),
        (_no_snapshot, "not compared", "not in the repository any more"),
        (_no_repository, "not compared", "no repository any more"),
    ],
    ids=lambda each: getattr(each, "__name__", None),
)
def test_whatever_is_lacking_fails(scene: Scene, spoil: Any, outcome: str, said: str) -> None:
    origin = {
        "repository": "repo",
        "name": NAME,
        "uuid": "snapshot-uuid",
        "state": "SUCCESS",
        "version": None,
        "started": "2026-01-01T00:00:00Z",
        "ended": "2026-01-01T00:01:00Z",
        "run": None,
        "indices": 1,
        "shards_total": 1,
        "shards_failed": 0,
    }
    spoil(scene)
    resolution = a_resolution(a_unit("a"), snapshot=NAME, source=None, origin=origin)
    record = scene.verify(resolution)
    (verdict,) = record.verdicts
    assert (verdict.outcome, record.passed) == (outcome, False), verdict.detail
    assert said in verdict.detail


def test_a_torn_data_stream_is_different(scene: Scene) -> None:
    scene.engine.put(FakeIndex(".ds-logs-000001", origin=PLACE))
    scene.held[".ds-logs-000001"] = (1, 0, 1000)
    resolution = a_resolution(a_stream_unit("logs", ".ds-logs-000001"), snapshot=NAME, source=None)
    (verdict,) = scene.verify(resolution).verdicts
    assert verdict.outcome == "different" and "does not belong to data stream logs" in verdict.detail
    scene.engine.streams["logs"] = [".ds-logs-000001"]
    assert scene.verify(resolution).passed


def test_shards_that_have_moved_since_are_known_by_what_the_run_recorded(scene: Scene) -> None:
    scene.engine.indices["a"].origin = None
    assert scene.verdict().outcome == "not compared"
    scene.m.journal.note_arrivals({"a": "uuid-a"})
    assert "has not recorded" in scene.verdict().detail
    restored = IndexRestore(
        source="a", target="a", restored=True, shards=1, bytes=900, reused_bytes=100, adopted=False
    )
    keep(scene.m.journal, steps.RESTORE.name, RestoreRecord(indices=(restored,), batches=1))
    assert scene.verdict().outcome == "as recorded"
    scene.engine.indices["a"].uuid = "made anew"
    assert scene.verdict().outcome == "not compared"


def _taken_by(scene: Scene, *, documents: int, checkpoint: int) -> None:
    """The snapshot was taken by a run of ours, which has seen this."""
    name = f"orders-{RUN}"
    scene.plan = a_plan(source={"snapshot": name})
    scene.m = replace(scene.m, plan=scene.plan)
    scene.engine.indices["a"].origin = f"repo/{name}"
    scene.snapshot |= {"snapshot": name, "metadata": {"snapferry_run": RUN}}
    journal = State(scene.folder, "orders").begin(a_plan(), scene.m.journal.document.verb, RUN)
    keep(journal, steps.SNAPSHOT.name, a_snapshot(name))
    keep(journal, steps.MARK.name, MarksRecord(marks={"a": (Mark(0, checkpoint, checkpoint, 1, "history"),)}))
    equal = Verdict(source="a", target="a", outcome="equal", source_count=documents, target_count=documents)
    verified = VerificationRecord(
        level="operations", verdicts=(equal,), skipped=(), at=journal.document.started
    )
    keep(journal, steps.VERIFY.name, verified)


@pytest.mark.parametrize(
    ("documents", "checkpoint", "outcome", "said"),
    [
        (3, 12, "as recorded", ""),
        (4, 12, "different", f"run {RUN} counted 4 documents in this snapshot, the target has 3"),
        (3, 13, "different", "shard 0 ends at operation 12, the source was at 13"),
    ],
)
def test_what_the_run_that_took_it_has_seen_must_be_there(
    scene: Scene, documents: int, checkpoint: int, outcome: str, said: str
) -> None:
    _taken_by(scene, documents=documents, checkpoint=checkpoint)
    verdict = scene.verdict()
    assert (verdict.outcome, verdict.source_count) == (outcome, documents)
    assert said in verdict.detail


def test_a_snapshot_with_another_uuid_is_not_that_runs(scene: Scene) -> None:
    _taken_by(scene, documents=4, checkpoint=99)
    scene.snapshot |= {"uuid": "another"}
    assert scene.verdict().outcome == "as recorded"


@pytest.mark.parametrize("run", ["../../x", "x", "", "20261124-000000000-0000"])
def test_a_run_that_names_no_journal_of_ours_tells_nothing(scene: Scene, run: str) -> None:
    scene.snapshot |= {"metadata": {"snapferry_run": run}}
    assert scene.verdict().outcome == "as recorded"


def test_queries_are_judged_by_what_they_expect(target: FakeDomain, tmp_path: Path) -> None:
    query = {"index": "a", "query": {"match_all": {}}}
    enough, more = ({"queries": [{**query, "expect": expected}]} for expected in (3, 4))
    assert Scene(target, tmp_path / "1", verify=enough).verify().passed
    record = Scene(target, tmp_path / "2", verify=more).verify()
    assert not record.passed and "it finds 3 documents on the target, not 4" in record.refuted[0].detail


def test_an_index_that_was_renamed_is_looked_for_under_its_new_name(scene: Scene) -> None:
    scene.engine.put(FakeIndex("b", origin=PLACE))
    renamed = a_unit("a", selected("a", target="b"), target="b", action="rename")
    (verdict,) = scene.verify(a_resolution(renamed, snapshot=NAME, source=None)).verdicts
    assert (verdict.target, verdict.outcome) == ("b", "as recorded")


@pytest.fixture(autouse=True)
def _quick(clock: Clock) -> Iterator[None]:
    yield
