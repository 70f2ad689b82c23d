"""Write what the source has to a copy, and delete what it has no more: item by item, nothing dropped.

Whatever is sent may be sent again: a write carries the source's version, a delete names the operation that it
means.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from domains.engine.bulk import Action, DeleteAction, IndexAction, ItemResult, put_document, send_bulk
from domains.engine.catalog import refresh
from domains.engine.raw_documents import RawDocument, look_up
from domains.errors import DomainError, Refused
from domains.versions import Version
from runs.progress import Progress, report_progress
from tasks.errors import TimedOut
from tasks.migration import Migration
from tasks.tail.comparison import Known
from tasks.tail.places import CannotFollow, Place

_FIRST_BYTES = 4_000_000
_LEAST_BYTES = 64_000
_MOST_BYTES = 16_000_000
_MOST_ACTIONS = 5_000
_TOO_LARGE = 413
_SERVER_ERRORS = 500
_PURGING_S = 20.0
_SENDING_S = 120.0


@dataclass
class BulkSize:
    """How many bytes one `_bulk` may have; it adapts to what the domain takes. Shared by all threads."""

    bytes: int = _FIRST_BYTES
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def was_too_large(self, size: int) -> None:
        """Halve it after a refusal of a body of this size."""
        with self._lock:
            self.bytes = max(_LEAST_BYTES, min(self.bytes, size) // 2)

    def went_well(self, size: int) -> None:
        """Let it grow again, slowly."""
        with self._lock:
            if size > self.bytes // 2:
                self.bytes = min(_MOST_BYTES, self.bytes + self.bytes // 8)


@dataclass(frozen=True)
class Written:
    """A document that is on the copy now, and the operation that wrote it there; None after a lost reply."""

    document: RawDocument
    seq_no: int | None
    term: int | None


class Account(Protocol):
    """What was sent to a shard of a copy, and what came of it."""

    @property
    def is_unsure(self) -> bool:
        """Whether a reply was lost."""
        ...

    def send(self, actions: Sequence[Action]) -> int:
        """Note that these are about to be sent; return the request's number."""
        ...

    def answer(self, number: int, actions: Sequence[Action], results: Sequence[ItemResult]) -> None:
        """Note what became of a request; no results where it was refused as a whole."""
        ...


class Writer:
    """Writes to one copy's shard.

    Args:
        m: the migration, with the waits of the moment.
        account: where it is noted what was sent.
        purge: makes the copy forget its deleted documents at once; called when their versions are in the way.
    """

    def __init__(
        self,
        m: Migration,
        version: Version,
        account: Account,
        place: Place,
        size: BulkSize,
        purge: Callable[[], None],
    ) -> None:
        self._m, self._version, self._account, self._place = m, version, account, place
        self._size, self._purge = size, purge

    def write(self, documents: Sequence[RawDocument]) -> list[Written]:
        """Write these documents of the source, so that the copy has exactly them.

        Raises:
            CannotFollow: the copy refuses one for good.
            TimedOut: the domain was busy for too long.
            DomainError: transient.
        """
        actions = [IndexAction(d.id, d.routing, d.version, d.source) for d in documents]
        results = self._sent(actions)
        conflicting = [n for n, result in enumerate(results) if result.conflicts]
        for n in conflicting:
            results[n] = self._after_conflict(documents[n], actions[n])
        self._require_done(actions, results)
        return [
            Written(document, *((r.seq_no, r.primary_term) if r.seq_no >= 0 else (None, None)))
            for document, r in zip(documents, results, strict=True)
        ]

    def delete(self, doomed: Sequence[Known]) -> list[str]:
        """Delete these documents of the copy, where nobody has written them since; return the ids of those.

        A repeated delete finds nothing where the first one took place and only its reply was lost.

        Raises:
            as `write`.
        """
        known = [each for each in doomed if each.target_seq_no is not None and each.target_term is not None]
        actions = [
            DeleteAction(each.id, each.routing, each.target_seq_no or 0, each.target_term or 0)
            for each in known
        ]
        results = self._sent(actions)
        self._require_done(actions, [r for r in results if not r.conflicts])
        refused = [(each.id, each.routing) for each, r in zip(known, results, strict=True) if not r.done]
        there = look_up(self._m.target, self._version, self._place.target, refused)
        return [each.id for each in known if (each.id, each.routing) not in there]

    def _sent(self, actions: Sequence[Action]) -> list[ItemResult]:
        """What became of each action, after repeating those that the domain was too busy for."""
        results: dict[int, ItemResult] = {}
        open_ones = list(range(len(actions)))
        poll = self._m.poll(_SENDING_S)
        while open_ones:
            busy: list[int] = []
            for batch in self._batches(actions, open_ones):
                for n, result in zip(batch, self._send([actions[n] for n in batch]), strict=True):
                    if result.may_be_repeated:
                        busy.append(n)
                    results[n] = result
            if busy and poll.expired:
                raise TimedOut(
                    f"{self._place} on the target: {results[busy[0]].reason}",
                    "see what keeps the target busy, then run the same command again",
                )
            if busy:
                self._say_busy(results[busy[0]])
                poll.pause()
            open_ones = busy
        return [results[n] for n in range(len(actions))]

    def _say_busy(self, result: ItemResult) -> None:
        message = f"waiting: the target is too busy for {self._place} ({result.error})"
        report_progress(Progress("tail", message, waiting=True))

    def _batches(self, actions: Sequence[Action], numbers: Iterable[int]) -> Iterator[list[int]]:
        batch: list[int] = []
        total = 0
        for n in numbers:
            size = _size(actions[n])
            if batch and (total + size > self._size.bytes or len(batch) >= _MOST_ACTIONS):
                yield batch
                batch, total = [], 0
            batch.append(n)
            total += size
        if batch:
            yield batch

    def _send(self, actions: Sequence[Action]) -> list[ItemResult]:
        """Send one batch; documents of more than one line go one by one."""
        alone = [isinstance(each, IndexAction) and not each.fits_in_bulk for each in actions]
        together = [each for each, is_alone in zip(actions, alone, strict=True) if not is_alone]
        results = iter(self._send_together(together))
        return [
            self._send_alone(each) if is_alone and isinstance(each, IndexAction) else next(results)
            for each, is_alone in zip(actions, alone, strict=True)
        ]

    def _send_together(self, actions: Sequence[Action]) -> list[ItemResult]:
        if not actions:
            return []
        size = sum(map(_size, actions))
        try:
            results = self._repeated(actions, lambda: send_bulk(self._m.target, self._place.target, actions))
        except Refused as error:
            if error.transient:
                raise
            if error.status != _TOO_LARGE:
                raise CannotFollow(f"the target refuses its documents: {error.reply.text}") from error
            self._size.was_too_large(size)
            if len(actions) == 1:
                raise CannotFollow(f"a document of {size} bytes is too large for one request") from error
            middle = len(actions) // 2
            return [*self._send_together(actions[:middle]), *self._send_together(actions[middle:])]
        self._size.went_well(size)
        return results

    def _send_alone(self, action: IndexAction) -> ItemResult:
        try:
            (result,) = self._repeated(
                [action], lambda: [put_document(self._m.target, self._place.target, action)]
            )
        except Refused as error:
            raise CannotFollow(f"the target refuses a document: {error.reply.text}") from error
        return result

    def _repeated(self, actions: Sequence[Action], send: Callable[[], list[ItemResult]]) -> list[ItemResult]:
        """Send, and send again while the reply is lost or the domain is busy: it can do no harm."""
        poll = self._m.poll(_SENDING_S)
        while True:
            number = self._account.send(actions)
            try:
                results = send()
            except DomainError as error:
                if isinstance(error, Refused) and not error.transient and error.status < _SERVER_ERRORS:
                    self._account.answer(number, actions, [])  # else it may have taken effect all the same
                if not error.transient or poll.expired:
                    raise
                report_progress(Progress("tail", f"trying again: {error}", waiting=True))
            else:
                self._account.answer(number, actions, results)
                return results
            poll.pause()

    def _after_conflict(self, document: RawDocument, action: IndexAction) -> ItemResult:
        """Write a document although the copy has, or remembers, a later version of it.

        The source has deleted it and made it anew, so its version began again. The copy remembers a deleted
        document for `index.gc_deletes`.
        """
        if self._account.is_unsure:
            raise CannotFollow("a write whose reply was lost may still arrive, and bring an old version back")
        poll = self._m.poll(_PURGING_S)
        while True:
            there = look_up(self._m.target, self._version, self._place.target, [document.key])
            if document.key in there:
                found = there[document.key]
                self._sent([DeleteAction(found.id, found.routing, found.seq_no, found.primary_term)])
            self._purge()
            (result,) = self._sent([action])
            if not result.conflicts or poll.expired:
                return result
            poll.pause()
            refresh(self._m.target, [self._place.target])  # makes it forget what it need not remember

    def _require_done(self, actions: Sequence[Action], results: Sequence[ItemResult]) -> None:
        failed = next((result for result in results if not result.done), None)
        if failed is not None and failed.error:
            raise CannotFollow(f"the target refuses a document: {failed.error}: {failed.reason}")


def _size(action: Action) -> int:
    source = len(action.source.encode()) if isinstance(action, IndexAction) else 0
    return source + 200
