"""What is sent for the named documents of a shard, and when a repair stops instead."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.building import Clock, a_migration, selected
from support.fake_domain import FakeDomain
from support.repaired import Side
from support.rounds import a_mark

from domains.errors import SnapferryError
from domains.versions import version_of
from runs.step_names import StepName
from tasks import steps
from tasks.errors import ExecutionError, PreconditionError
from tasks.migration import Migration
from tasks.records.repair import Deed, RepairedIndex
from tasks.records.verification import DocumentDifference
from tasks.repair.application import Repairing, ShardRepair
from tasks.repair.ledger import Ledger
from tasks.repair.watch import Watch
from tasks.tail.write_access import Adjustments
from tasks.tail.zones import Versions

V3 = version_of("opensearch", "3.6.0")
A = selected("a")


@dataclass
class Bench:
    """Both sides, and the repair of the shard."""

    m: Migration
    source: Side
    target: Side

    def repair(self, *named: DocumentDifference) -> RepairedIndex:
        """Repair these documents; return what the journal says of them."""
        ledger, watch = Ledger(self.m.journal), Watch(self.m, ["a"])
        adjustments = Adjustments(self.m, StepName.REPAIR)
        with self.m.journal.step(StepName.REPAIR):
            ledger.begin(A, [a_mark()], [a_mark()])
            with_ = Repairing(self.m, Versions(V3, V3), ledger, watch, adjustments)
            ShardRepair(with_, A, a_mark()).repair(named)
        record = self.m.journal.document.recorded(steps.REPAIR)
        found = record.by_source if record else {}
        return found.get("a", RepairedIndex(source="a", target="a"))

    def texts(self) -> dict[str, tuple[int, str]]:
        return {id: (version, text) for id, (version, _, text) in self.target.documents.items()}


@pytest.fixture
def bench(tmp_path: Path, source: FakeDomain, target: FakeDomain) -> Bench:
    m = a_migration(tmp_path, source, target, clock=Clock(step=10.0))
    return Bench(m, Side(source), Side(target))


def named(id: str, target: int | None = None, source: int | None = None) -> DocumentDifference:
    kind: Any = "missing on the target" if target is None else "other operation"
    return DocumentDifference(id=id, kind=kind, shard=0, source_seq_no=source, target_seq_no=target)


def changed(bench: Bench) -> list[str]:
    return [each for each in bench.target.fake.changing if not each.endswith("/_refresh")]


def test_each_document_is_written_deleted_or_recognized(bench: Bench) -> None:
    for id in ("missing", "other", "higher", "same"):
        bench.source.put(id, '{"n": 1.10}', version=3)
    for id, text, version in (("other", "{}", 2), ("higher", "{}", 9), ("same", '{"n": 1.10}', 3)):
        bench.target.put(id, text, version)
    bench.target.put("surplus")
    found = bench.repair(
        named("missing"), named("other", 0), named("higher", 1), named("same", 2), named("surplus", 3)
    )
    assert bench.texts() == dict.fromkeys(("missing", "other", "higher", "same"), (3, '{"n": 1.10}'))
    deeds = {each.id: each.deed for each in found.documents if each.confirmed}
    assert deeds == {
        "missing": Deed.WRITTEN,
        "other": Deed.WRITTEN,
        "higher": Deed.WRITTEN,
        "same": Deed.RECOGNIZED,
        "surplus": Deed.DELETED,
    }
    numbers = {each.id: each.target_seq_no for each in found.documents if each.is_numbered}
    assert numbers == {id: number for id, (_, number, _) in bench.target.documents.items()}


def test_a_document_that_is_no_longer_what_was_compared_ends_it_before_anything_is_sent(bench: Bench) -> None:
    bench.source.put("1")
    bench.target.put("1", "{}")
    with pytest.raises(PreconditionError, match="no longer what was compared"):
        bench.repair(named("1", 7))
    bench.target.put("2")
    with pytest.raises(PreconditionError, match="no longer what was compared"):
        bench.repair(named("2"))
    assert changed(bench) == []


def test_a_surplus_document_that_a_client_changes_right_before_its_delete_stays(bench: Bench) -> None:
    bench.target.put("1")
    bench.target.fake.before("POST /a/_bulk", lambda: bench.target.put("1", '{"client": 1}'))
    with pytest.raises(ExecutionError, match="document 1 of a was changed meanwhile") as caught:
        bench.repair(named("1", 0))
    assert "not yet in use" in caught.value.hint
    assert bench.texts() == {"1": (1, '{"client": 1}')}


def test_a_client_that_writes_beside_the_repair_is_noticed(bench: Bench) -> None:
    bench.source.put("1")
    bench.target.fake.before("POST /a/_bulk", lambda: bench.target.put("client"))
    with pytest.raises(ExecutionError, match="a was written to while it was repaired"):
        bench.repair(named("1"))
    assert "client" in bench.texts()


def test_a_document_that_the_source_has_again_is_not_deleted(bench: Bench) -> None:
    bench.source.put("1", '{"n": 2}', version=5)
    bench.target.put("1", '{"n": 1}', version=4)
    bench.repair(named("1", 0))
    assert bench.texts() == {"1": (5, '{"n": 2}')}


def test_a_document_that_the_target_refuses_holds_no_other(bench: Bench) -> None:
    for id in ("1", "poison", "3"):
        bench.source.put(id)
    bench.target.poison = {"poison"}
    found = bench.repair(*map(named, ("1", "poison", "3")))
    assert bench.texts().keys() == {"1", "3"}
    assert [(each.id, "failed to parse field" in each.why) for each in found.left] == [("poison", True)]
    assert found.count(*Deed) == 2


def test_a_target_that_does_not_keep_what_is_written_ends_it(bench: Bench) -> None:
    bench.source.put("1", '{"n": 1.10}')
    bench.target.changes = lambda text: text.replace("1.10", "1.1")
    with pytest.raises(ExecutionError, match="not what was written"):
        bench.repair(named("1"))


def test_a_document_whose_version_has_overflown_is_left(bench: Bench) -> None:
    bench.source.put("1", version=-5)
    found = bench.repair(named("1"))
    assert (changed(bench), [each.why for each in found.left]) == ([], ["its version has overflown"])


def test_what_is_meant_is_in_the_journal_before_it_is_sent(bench: Bench) -> None:
    bench.source.put("1")
    seen: list[Any] = []

    def look() -> None:
        (intent,) = bench.m.journal.intents("repair")
        record = bench.m.journal.document.recorded(steps.REPAIR)
        assert record
        seen.append((intent.result, intent.names, [each.id for each in record.by_source["a"].documents]))

    bench.target.fake.before("POST /a/_bulk", look)
    bench.repair(named("1"))
    assert seen == [(None, ["a"], ["1"])]
    assert [each.result for each in bench.m.journal.intents("repair")] == ["sent"]


def test_a_document_that_is_gone_from_both_sides_is_nobodys_business(bench: Bench) -> None:
    found = bench.repair(named("1", source=4))
    assert (changed(bench), found.documents) == ([], ())


def test_every_refusal_says_what_to_do(bench: Bench) -> None:
    bench.target.put("1")
    with pytest.raises(SnapferryError) as caught:
        bench.repair(named("1"))
    assert "stop what writes to it" in caught.value.hint
