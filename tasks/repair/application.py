"""Bring the named documents of one shard into line with the source, batch by batch, and read them back."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from domains.engine.bulk import Action, ItemResult
from domains.engine.catalog import refresh
from domains.engine.raw_documents import OVERFLOWN, RawDocument, look_up
from domains.errors import UnexpectedReply
from domains.http.bodies import ReplyTooLong
from domains.shard_mark import Mark
from runs.progress import Progress, report_progress
from runs.step_names import StepName
from tasks.errors import ExecutionError, TimedOut
from tasks.migration import Migration
from tasks.records.repair import WRITES, Deed, NotRepaired, RepairedDocument
from tasks.records.resolution import SelectedIndex
from tasks.records.verification import DocumentDifference
from tasks.repair.items import Item, read_items
from tasks.repair.ledger import Ledger
from tasks.repair.watch import Watch
from tasks.tail.application import BulkSize, Writer
from tasks.tail.comparison import Known
from tasks.tail.places import CannotFollow, Place
from tasks.tail.write_access import Adjustments
from tasks.tail.zones import Versions

_AT_ONCE = 200
_FORGETTING_S = 0.6
"""A domain forgets deleted documents by a clock that it reads twice a second."""


@dataclass
class _Tally:
    """What the target has accepted of a piece.

    Args:
        accepted: operations.
        unanswered: requests without a reply.
    """

    accepted: int = 0
    unanswered: set[int] = field(default_factory=set[int])
    _sent: int = 0

    @property
    def is_unsure(self) -> bool:
        """Whether a reply was lost."""
        return bool(self.unanswered)

    @property
    def operations(self) -> int | None:
        """How many operations the target has accepted; None where a reply was lost."""
        return None if self.is_unsure else self.accepted

    def send(self, actions: Sequence[Action]) -> int:
        """Note that these are about to be sent; return the request's number."""
        self._sent += 1
        self.unanswered.add(self._sent)
        return self._sent

    def answer(self, number: int, actions: Sequence[Action], results: Sequence[ItemResult]) -> None:
        """Note what became of a request."""
        self.unanswered.discard(number)
        self.accepted += sum(each.done for each in results)

    def clear(self) -> None:
        """Begin with the next piece."""
        self.accepted = 0
        self.unanswered.clear()


@dataclass(frozen=True)
class Repairing:
    """What every part of a repair needs."""

    m: Migration
    versions: Versions
    ledger: Ledger
    watch: Watch
    adjustments: Adjustments


class ShardRepair:
    """The repair of one shard of an index.

    Args:
        with_: the repair.
        mark: the source's mark of the shard.
    """

    def __init__(self, with_: Repairing, index: SelectedIndex, mark: Mark) -> None:
        self._with, self._index = with_, index
        self._m, self._shard = with_.m, mark.shard
        self._tally = _Tally()
        self._writer = Writer(
            with_.m,
            with_.versions.target,
            self._tally,
            Place(0, index.name, index.target, mark.shard, mark),
            BulkSize(),
            lambda: with_.adjustments.forget_deleted(index.target),
        )

    def repair(self, differences: Sequence[DocumentDifference]) -> None:
        """Bring these documents into line; what cannot be is noted with the reason.

        Raises:
            PreconditionError: the target has moved on, and nothing was changed.
            ExecutionError: the target has moved on, or does not keep what was written.
            TimedOut: the target was busy for too long.
            DomainError: transient, or denied.
        """
        for start in range(0, len(differences), _AT_ONCE):
            self._piece(differences[start : start + _AT_ONCE])
            message = f"{self._index.target}: {min(start + _AT_ONCE, len(differences)):,} documents done"
            report_progress(Progress(StepName.REPAIR, message, waiting=True))

    def _piece(self, differences: Sequence[DocumentDifference]) -> None:
        try:
            items = read_items(self._m, self._with.versions, self._index, differences)
        except ReplyTooLong:
            if len(differences) == 1:
                self._note((), [self._left(differences[0], "it is too large")])
                return
            middle = len(differences) // 2
            self._piece(differences[:middle])
            self._piece(differences[middle:])
            return
        self._require_as_seen(items)
        overflown = [item for item in items if item.source and item.source.version <= OVERFLOWN]
        self._note((), [self._left(each.difference, "its version has overflown") for each in overflown])
        self._bring_into_line([item for item in items if item.deed and item not in overflown])

    def _require_as_seen(self, items: Iterable[Item]) -> None:
        known = {each.key: each for each in self._with.ledger.of(self._index).documents}
        for item in items:
            if not item.is_as_seen(known.get(item.key)):
                said = f"document {item.key[0]} of {self._index.target} is no longer what was compared"
                raise self._with.watch.moved_on(said)

    def _bring_into_line(self, items: Sequence[Item]) -> None:
        """Note what is meant, send it, and note what came of it."""
        deleted = [item for item in items if item.deed is Deed.DELETED]
        written = [item for item in items if item.deed is Deed.WRITTEN]
        if deleted or written:
            self._note(map(self._meant, (*deleted, *written)))
            detail = {"names": [self._index.target], "shard": self._shard}
            counts = {"written": len(written), "deleted": len(deleted)}
            with self._m.journal.intend(StepName.REPAIR, "target", WRITES, {**detail, **counts}):
                self._with.watch.sent = True
                self._delete(deleted)
                written = self._write(written)
        found = self._read_back([*written, *(i for i in items if i.deed is Deed.RECOGNIZED)], deleted)
        self._note(found)
        self._with.ledger.save()
        self._with.watch.expect(self._index.target, self._tally.operations)
        self._tally.clear()

    def _delete(self, items: Sequence[Item]) -> None:
        """Delete what the target has, where it still is what was compared."""
        known = [Known.on_copy(item.target) for item in items if item.target]
        gone = set(self._writer.delete(known))
        kept = [each for each in known if each.id not in gone]
        if not kept:
            return
        there = look_up(
            self._m.target,
            self._with.versions.target,
            self._index.target,
            [(each.id, each.routing) for each in kept],
        )
        if there:  # else a lost reply had done it
            said = f"document {next(iter(there))[0]} of {self._index.target} was changed meanwhile"
            raise self._with.watch.moved_on(said)

    def _write(self, items: Sequence[Item]) -> list[Item]:
        """Write the source's documents; return those that the target took."""
        later = [item for item in items if item.has_later_version]
        if later:
            self._delete(later)
            self._with.adjustments.forget_deleted(self._index.target)
            self._m.poll(None).sleep(_FORGETTING_S)
            refresh(self._m.target, [self._index.target])
        try:
            self._writer.write([item.source for item in items if item.source])
        except CannotFollow as error:
            if self._tally.is_unsure:
                raise TimedOut(
                    f"{self._index.target}: {error}", "wait a minute, then run the same command again"
                ) from error
            return list(self._one_by_one(items))
        return list(items)

    def _one_by_one(self, items: Sequence[Item]) -> Iterator[Item]:
        """The same for one document after the other: one that is refused does not hold the others."""
        for item in items:
            try:
                self._writer.write([item.source] if item.source else [])
                yield item
            except CannotFollow as error:
                self._note((), [self._left(item.difference, str(error))])

    def _read_back(self, items: Sequence[Item], deleted: Sequence[Item]) -> list[RepairedDocument]:
        """Read from the target what it has now; every document must be the source's, byte by byte."""
        stale = refresh(self._m.target, [self._index.target])
        if stale:
            asked = f"target: refresh of {self._index.target}"
            raise UnexpectedReply(asked, next(iter(stale.values())), transient=True)
        there = self._looked_up(items)
        found = [self._meant(item).model_copy(update={"confirmed": True}) for item in deleted]
        for item in items:
            copy = there.get(item.key)
            if copy is None or item.source is None:
                raise self._with.watch.moved_on(
                    f"document {item.key[0]} of {self._index.target} is gone again"
                )
            if (copy.version, copy.source) != (item.source.version, item.source.source):
                raise ExecutionError(
                    f"document {item.key[0]} of {self._index.target} is not what was written",
                    "look for a pipeline or another writer on the target, then run the same command again",
                )
            numbers = {"target_seq_no": copy.seq_no, "target_term": copy.primary_term, "confirmed": True}
            found.append(self._meant(item).model_copy(update=numbers))
        return found

    def _looked_up(self, items: Sequence[Item]) -> dict[tuple[str, str | None], RawDocument]:
        keys = [item.key for item in items]
        try:
            return look_up(self._m.target, self._with.versions.target, self._index.target, keys, sources=True)
        except ReplyTooLong:
            if len(items) < 2:
                raise
            middle = len(items) // 2
            return self._looked_up(items[:middle]) | self._looked_up(items[middle:])

    def _meant(self, item: Item) -> RepairedDocument:
        """What is to become of a document, before it is known to be done."""
        said = item.difference
        assert item.deed
        made = RepairedDocument(
            id=said.id, routing=said.routing, shard=self._shard, kind=said.kind, deed=item.deed
        )
        source = item.source
        if source is None:
            return made
        return made.model_copy(
            update={
                "version": source.version,
                "digest": source.digest.hex(),
                "source_seq_no": source.seq_no,
                "source_term": source.primary_term,
            }
        )

    def _left(self, said: DocumentDifference, why: str) -> NotRepaired:
        return NotRepaired(id=said.id, routing=said.routing, shard=self._shard, why=why)

    def _note(self, documents: Iterable[RepairedDocument], left: Iterable[NotRepaired] = ()) -> None:
        self._with.ledger.note(self._index, documents, left)
