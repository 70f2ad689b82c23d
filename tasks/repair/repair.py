"""Repair what a verification names, and verify again, until nothing more can be repaired.

docs/repair.md says what is repaired, what is refused, and what a later verification makes of it.
"""

from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from domains.engine.cluster import identity
from domains.engine.raw_documents import Key
from domains.engine.shard_stats import marks
from domains.errors import DomainError, SnapferryError
from domains.http.bodies import ReplyTooLong
from domains.shard_mark import Mark
from runs.progress import Progress, report_progress
from runs.step_names import StepName
from tasks.migration import Migration
from tasks.records.repair import (
    MOST,
    Deed,
    IndexToRepair,
    NotRepaired,
    PlannedRepair,
    RepairedIndex,
    RepairPreview,
    RepairRecord,
)
from tasks.records.resolution import Resolution, SelectedIndex
from tasks.records.verification import DocumentDifference, Verdict, VerificationRecord
from tasks.repair.application import Repairing, ShardRepair
from tasks.repair.items import by_shard, read_items
from tasks.repair.ledger import Ledger, shortened
from tasks.repair.obstacles import read_sides, require_repairable
from tasks.repair.watch import Watch
from tasks.tail.write_access import Adjustments
from tasks.tail.zones import Versions

Verify = Callable[[Mapping[str, RepairedIndex], int], VerificationRecord]
"""Verifies, given what was repaired before, and how many documents of an index to name at most."""
_AT_ONCE = 100


@dataclass(frozen=True)
class Seen:
    """What a verification found.

    Args:
        named: the documents that differ, by name of their index on the source.
    """

    record: VerificationRecord
    named: Mapping[str, tuple[DocumentDifference, ...]]


def put_in_order(m: Migration) -> None:
    """Give copies the settings again that a killed repair of this run changed for the time being."""
    Adjustments(m, StepName.REPAIR).put_back()


class Repair:
    """The repair of the copies of one finished run.

    Args:
        m: the migration, with the journal of that run.
        resolution: what the run moved.
        verify: compares both sides.
    """

    def __init__(self, m: Migration, resolution: Resolution, verify: Verify) -> None:
        self._m, self._verify = m, verify
        self._by_content = frozenset(index.name for index in resolution.copied)
        self._indices = {index.name: index for index in (*resolution.indices, *resolution.copied)}
        self._ledger = Ledger(m.journal)
        self._watch = Watch(m, [index.target for index in self._indices.values()])

    def look(self) -> Seen:
        """Verify, and refuse where something is in the way of a repair. Refreshes both sides.

        Raises:
            PreconditionError: an index cannot be repaired, or the target has moved on.
            DomainError: a side could not be read.
        """
        seen = self._compared()
        broken = [self._indices[name] for name in seen.named]
        sides = read_sides(
            self._m, broken, marks(self._m.source, [index.name for index in broken]), self._watch.marks
        )
        require_repairable(self._m, self._indices, seen.record.verdicts, sides, self._by_content)
        self._watch.require_still()
        return seen

    def preview(self, seen: Seen) -> RepairPreview:
        """What a repair would do to the documents that were named. Reads only."""
        versions = self._versions()
        return RepairPreview(
            run_id=self._m.journal.run_id,
            indices=tuple(self._planned(versions, name, seen) for name in seen.named),
            verified=shortened(seen.record),
            before=self._ledger.record().repaired,
        )

    def repair(self, seen: Seen) -> RepairRecord:
        """Repair what was named, and verify again, until nothing new is named.

        Safe to repeat, and resumable after a kill: what a killed command has done is recognized.

        Raises:
            PreconditionError: the target has moved on, and nothing was changed.
            ExecutionError: the target has moved on after the first change.
            TimedOut: the target was busy for too long.
            DomainError: transient, or denied.
        """
        tried: dict[str, set[Key]] = {name: set() for name in self._indices}
        before = seen
        while todo := self._todo(seen, tried):
            with self._adjusting() as with_:
                for name, differences in todo.items():
                    self._repair_index(with_, self._indices[name], differences, begin=not tried[name])
                    tried[name] |= set(map(_key, differences))
            report_progress(Progress(StepName.REPAIR, "verifying again", waiting=True))
            seen = self._compared()
            self._watch.require_still()
        if seen is not before:
            self._note_again(seen, tried)
        return self._ledger.ended(seen.record)

    def _compared(self) -> Seen:
        """Verify; the target must stand still meanwhile, as the caller makes sure."""
        record = self._verify(self._ledger.indices, MOST)
        named = {verdict.source: verdict.documents for verdict in record.verdicts if self._is_named(verdict)}
        return Seen(record, named)

    def _is_named(self, verdict: Verdict) -> bool:
        return verdict.outcome == "different" and bool(verdict.documents) and verdict.source in self._indices

    def _todo(self, seen: Seen, tried: Mapping[str, set[Key]]) -> dict[str, list[DocumentDifference]]:
        """The documents that were not tried yet, as many as may be repaired."""
        found: dict[str, list[DocumentDifference]] = {}
        for name, named in seen.named.items():
            new = [each for each in named if _key(each) not in tried[name]]
            if new[: MOST - len(tried[name])]:
                found[name] = new[: MOST - len(tried[name])]
        return found

    def _repair_index(
        self,
        with_: Repairing,
        index: SelectedIndex,
        named: Iterable[DocumentDifference],
        *,
        begin: bool,
    ) -> None:
        here = marks(self._m.source, [index.name]).get(index.name, ())
        if begin:
            self._ledger.begin(index, here, self._watch.marks.get(index.target, ()))
        with_.adjustments.turn_pipelines_off([index.target])
        by_number = {mark.shard: mark for mark in here}
        for shard, differences in by_shard(named).items():
            mark = by_number.get(shard) or Mark(shard, -1, -1, 0, "")
            ShardRepair(with_, index, mark).repair(differences)

    @contextmanager
    def _adjusting(self) -> Generator[Repairing]:
        """Inside the block, copies may have other settings than their own; those are put back at its end."""
        adjustments = Adjustments(self._m, StepName.REPAIR)
        try:
            yield Repairing(self._m, self._versions(), self._ledger, self._watch, adjustments)
        except SnapferryError:
            with suppress(DomainError):  # the journal has them: the next command puts them back
                adjustments.put_back()
            raise
        adjustments.put_back()

    def _note_again(self, seen: Seen, tried: Mapping[str, set[Key]]) -> None:
        """Note documents that differ again although they were repaired."""
        for name, named in seen.named.items():
            index = self._indices[name]
            known = {(each.id, each.routing) for each in self._ledger.of(index).left}
            again = [each for each in named if _key(each) in tried[name] - known]
            why = "it differs again after it was repaired"
            self._ledger.note(
                index,
                (),
                [NotRepaired(id=e.id, routing=e.routing, shard=e.shard or 0, why=why) for e in again],
            )

    def _planned(self, versions: Versions, name: str, seen: Seen) -> IndexToRepair:
        index, documents = self._indices[name], list[PlannedRepair]()
        differences = seen.named[name]
        for start in range(0, len(differences), _AT_ONCE):
            piece = differences[start : start + _AT_ONCE]
            documents += [
                PlannedRepair(id=said.id, routing=said.routing, shard=said.shard, kind=said.kind, deed=deed)
                for said, deed in zip(piece, self._deeds(versions, index, piece), strict=True)
            ]
        more = any(verdict.more for verdict in seen.record.verdicts if verdict.source == name)
        return IndexToRepair(source=name, target=index.target, documents=tuple(documents), more=more)

    def _deeds(
        self, versions: Versions, index: SelectedIndex, piece: tuple[DocumentDifference, ...]
    ) -> list[Deed | None]:
        try:
            return [item.deed for item in read_items(self._m, versions, index, piece)]
        except ReplyTooLong:
            if len(piece) == 1:
                return [Deed.WRITTEN]
            middle = len(piece) // 2
            return [
                *self._deeds(versions, index, piece[:middle]),
                *self._deeds(versions, index, piece[middle:]),
            ]

    def _versions(self) -> Versions:
        return Versions(identity(self._m.source).version, identity(self._m.target).version)


def _key(difference: DocumentDifference) -> Key:
    return difference.id, difference.routing
