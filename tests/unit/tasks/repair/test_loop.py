"""A repair verifies again until nothing new is named, and ends also where that never happens."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support.building import Clock, a_catalog, a_migration, a_resolution, a_unit, identity_reply
from support.fake_domain import FakeDomain, ReceivedRequest, Reply, ok
from support.repaired import Side

from runs.journal import now
from runs.step_names import StepName
from tasks.errors import ExecutionError, PreconditionError
from tasks.migration import Migration
from tasks.records.repair import RepairedIndex, RepairRecord
from tasks.records.verification import DocumentDifference, Verdict, VerificationRecord
from tasks.repair import repair as repairing
from tasks.tail import write_access


class Work:
    """The repair of one index, with a verification that names a few documents at a time."""

    def __init__(self, m: Migration, source: Side, target: Side, at_once: int = 3) -> None:
        self.m, self.source, self.target, self.at_once = m, source, target, at_once
        self.times = 0
        self.always: list[str] = []

    def begun(self) -> repairing.Repair:
        """A command begins: from here on nobody else may write to the target."""
        return repairing.Repair(self.m, a_resolution(a_unit("a")), lambda *what: self.verify(*what))

    def verify(self, repaired: Mapping[str, RepairedIndex], most: int) -> VerificationRecord:
        self.times += 1
        known = {each.id for index in repaired.values() for each in index.documents if each.is_numbered}
        here, there = self.source.documents, self.target.documents
        ids = [id for id in here.keys() | there.keys() if here.get(id) != there.get(id) and id not in known]
        found = tuple(map(self._named, sorted({*ids, *self.always})[: self.at_once]))
        verdict = Verdict(
            source="a",
            target="a",
            outcome="different" if found else "equal",
            source_count=len(here),
            target_count=len(there),
            documents=found,
        )
        return VerificationRecord(level="operations", verdicts=(verdict,), skipped=(), at=now())

    def _named(self, id: str) -> DocumentDifference:
        numbers = [
            side.documents[id][1] if id in side.documents else None for side in (self.source, self.target)
        ]
        return DocumentDifference(
            id=id, kind="other operation", shard=0, source_seq_no=numbers[0], target_seq_no=numbers[1]
        )

    def repair(self) -> RepairRecord:
        record = self.verify({}, 0)
        work = self.begun()
        seen = repairing.Seen(record, {v.source: v.documents for v in record.verdicts if v.documents})
        with self.m.journal.step(StepName.REPAIR):
            return work.repair(seen)


@pytest.fixture
def work(tmp_path: Path, source: FakeDomain, target: FakeDomain) -> Work:
    m = a_migration(tmp_path, source, target, clock=Clock(step=10.0))
    source.on("GET /", ok(identity_reply("source")))
    target.on("GET /", ok(identity_reply("target")))
    return Work(m, Side(source), Side(target))


def test_it_goes_on_until_nothing_is_named(work: Work) -> None:
    for number in range(10):
        work.source.put(str(number))
    work.target.put("surplus")
    record = work.repair()
    assert (record.repaired, record.deleted, work.times) == (11, 1, 5)
    assert record.verified and record.verified.passed
    assert work.target.documents.keys() == work.source.documents.keys()


def test_a_document_that_is_named_again_and_again_is_repaired_once(work: Work) -> None:
    work.source.put("1")
    work.always = ["1"]
    record = work.repair()
    assert [each.why for each in record.indices[0].left] == ["it differs again after it was repaired"]
    assert record.verified and not record.verified.passed
    assert len(work.target.fake.asked("POST /a/_bulk")) == 1


def test_a_client_between_two_verifications_ends_it(work: Work) -> None:
    work.source.put("1")
    before = work.verify

    def verify(*what: Any) -> VerificationRecord:
        found = before(*what)
        work.target.put("client")
        return found

    record = before({}, 0)
    seen = repairing.Seen(record, {"a": record.verdicts[0].documents})
    work.verify = verify  # pyright: ignore[reportAttributeAccessIssue]
    moved_on = pytest.raises(ExecutionError, match="a took operations while it was compared")
    with moved_on, work.m.journal.step(StepName.REPAIR):
        work.begun().repair(seen)


def test_a_client_before_the_first_change_is_a_refusal(work: Work) -> None:
    begun = work.begun()
    work.target.put("client")
    with pytest.raises(PreconditionError, match="took operations while it was compared"):
        begun._watch.require_still()


def test_a_final_pipeline_is_off_meanwhile_and_put_back(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []

    def change(asked: ReceivedRequest) -> Reply:
        sent.append(asked.json)
        return ok({"acknowledged": True})

    fake = work.target.fake
    fake.on("GET /.*/_settings", ok({"a": {"settings": {"index.final_pipeline": "mine"}}}))
    fake.on("PUT /a/_settings", change)
    work.source.put("1")
    monkeypatch.setattr(write_access, "catalog", lambda _: a_catalog("a"))
    work.repair()
    assert sent == [{"index.final_pipeline": "_none"}, {"index.final_pipeline": "mine"}]
