"""What a session sends to its copies, request by request, in a file that outlives it.

The numbers that a copy gives to our operations come with the replies. Where one is lost, or the process is
killed, the file still says what may have been sent; what the copy then has beyond it is somebody else's.
"""

import json
import threading
import time
from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from domains.engine.bulk import Action, IndexAction, ItemResult
from domains.engine.raw_documents import Key, RawDocument, digest_of
from runs.errors import StateUnusable
from runs.state_files import unreadable
from runs.stores.registry import store_of

_COMPACT_BYTES = 64 * 1024 * 1024
_END = 1 << 63
_LATE_S = 900.0
Range = tuple[int, int]
"""Sequence numbers from the first to the last one."""


class SeqNos:
    """A set of sequence numbers, kept as ranges: those of one session are nearly adjacent."""

    def __init__(self) -> None:
        self.ranges: list[Range] = []

    def add(self, low: int, high: int) -> None:
        """Add all numbers from the first to the last one; most are above those before them."""
        at = bisect_right(self.ranges, (low, _END))
        start = at - 1 if at and self.ranges[at - 1][1] >= low - 1 else at
        end = start
        while end < len(self.ranges) and self.ranges[end][0] <= high + 1:
            low, high = min(low, self.ranges[end][0]), max(high, self.ranges[end][1])
            end += 1
        self.ranges[start:end] = [(low, high)]

    def __contains__(self, number: int) -> bool:
        at = bisect_right(self.ranges, (number, _END))
        return at > 0 and self.ranges[at - 1][1] >= number

    def count(self, above: int, top: int) -> int:
        """How many there are above one number, up to another."""
        return sum(max(0, min(high, top) - max(low - 1, above)) for low, high in self.ranges)


@dataclass
class Unanswered:
    """Actions of one request whose reply is not known.

    Args:
        writes: version and digest by key.
        deletes: keys.
        overwritten: keys of both that a later request wrote or deleted.
        since: reading of `time.monotonic`.
    """

    writes: dict[Key, tuple[int, bytes]] = field(default_factory=dict[Key, tuple[int, bytes]])
    deletes: set[Key] = field(default_factory=set[Key])
    overwritten: set[Key] = field(default_factory=set[Key])
    since: float = field(default_factory=time.monotonic)

    @classmethod
    def of(cls, actions: Iterable[Action]) -> "Unanswered":
        """These actions."""
        found = cls()
        for each in actions:
            if isinstance(each, IndexAction):
                found.writes[each.id, each.routing] = (each.version, digest_of(each.source))
            else:
                found.deletes.add((each.id, each.routing))
        return found

    @property
    def keys(self) -> set[Key]:
        """Keys of all its actions."""
        return self.writes.keys() | self.deletes


@dataclass
class ShardAccount:
    """What was sent to one shard of a copy since its last operation was noted.

    Args:
        done: numbers of operations that are ours.
        unanswered: by number: requests of this session without a reply.
        inherited: those of earlier rounds, or of a session that was killed: they may still arrive.
    """

    done: SeqNos = field(default_factory=SeqNos)
    unanswered: dict[int, Unanswered] = field(default_factory=dict[int, Unanswered])
    inherited: list[Unanswered] = field(default_factory=list[Unanswered])

    @property
    def is_used(self) -> bool:
        """Whether anything was sent."""
        return bool(self.done.ranges or self.in_doubt)

    @property
    def in_doubt(self) -> list[Unanswered]:
        """Requests that may have taken effect or not."""
        return [*self.unanswered.values(), *self.inherited]

    @property
    def doubtful_deletes(self) -> set[Key]:
        """Documents that one of these may have deleted, and that nothing was sent for later."""
        return {key for each in self.in_doubt for key in each.deletes - each.overwritten}

    def late(self) -> "ShardAccount | None":
        """An account of what may still arrive; None where nothing may."""
        soon = time.monotonic() - _LATE_S
        found = [each for each in self.in_doubt if each.since > soon]
        return ShardAccount(inherited=found) if found else None

    def send(self, number: int, actions: Unanswered) -> None:
        """Note a request that is about to be sent."""
        for each in self.in_doubt:
            each.overwritten |= each.keys & actions.keys
        self.unanswered[number] = actions

    def answer(self, number: int, done: Iterable[Range], failed: Collection[Key] = ()) -> None:
        """Note the reply to a request: the numbers of the operations that took place.

        Args:
            failed: keys of its actions that failed: each may have taken a number all the same, unseen.
        """
        sent = self.unanswered.pop(number, None)
        for low, high in done:
            self.done.add(low, high)
        if sent and failed:
            writes = {key: sent.writes[key] for key in failed if key in sent.writes}
            self.inherited.append(Unanswered(writes, overwritten=set(writes)))

    def may_have_written(self, number: int, key: Key, version: int, digest: bytes) -> bool:
        """Whether the operation with this number, which wrote this to a document, can be ours.

        Args:
            digest: of its source; empty where it was not read.
        """
        meant = [each.writes[key] for each in self.in_doubt if key in each.writes]
        return number in self.done or any(v == version and digest in {d, b""} for v, d in meant)

    def strange(self, live: Iterable[RawDocument]) -> int:
        """How many of these documents cannot be ours."""
        return sum(not self.may_have_written(d.seq_no, d.key, d.version, d.digest) for d in live)

    def foreign(
        self, last: int, top: int, live: Iterable[RawDocument] = (), deleted: Collection[Key] = ()
    ) -> int:
        """How many of the shard's operations above `last`, up to `top`, cannot be ours.

        Negative where the shard has fewer than were counted. A document that somebody else wrote is always
        found. Something that nobody can see any more, as a deletion, may hide behind requests in doubt:
        behind as many as are not seen themselves.

        Args:
            live: where requests are in doubt, its documents whose last operations are in that range.
            deleted: those of `doubtful_deletes` that are not there.
        """
        unseen = [each for each in live if each.seq_no not in self.done]
        unexplained = top - last - self.done.count(last, top) - len(unseen)
        strange = self.strange(unseen)
        hidden = len(deleted) + sum(len(each.overwritten) for each in self.in_doubt)
        return strange + (unexplained if unexplained < 0 else max(0, unexplained - hidden))


class SentOperations:
    """The accounts of one session, by copy and shard. Thread-safe.

    Args:
        path: the file; the first request makes it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._accounts: dict[tuple[str, int], ShardAccount] = {}
        self._file = store_of(path).appender(path)
        self._lock = threading.RLock()
        self._number = 0
        self._bytes = 0

    def of(self, copy: str, shard: int) -> ShardAccount:
        """The account of a copy's shard."""
        with self._lock:
            return self._accounts.setdefault((copy, shard), ShardAccount())

    def send(self, copy: str, shard: int, actions: Sequence[Action]) -> int:
        """Note, durably, that these actions are about to be sent; return the request's number.

        Raises:
            StateUnusable: the file cannot be written, so they must not be sent.
        """
        sent = Unanswered.of(actions)
        with self._lock:
            self._number += 1
            self._append(_sent_line(copy, shard, self._number, sent), durably=True)
            self.of(copy, shard).send(self._number, sent)
            return self._number

    def answer(
        self, copy: str, shard: int, number: int, actions: Iterable[Action], results: Iterable[ItemResult]
    ) -> None:
        """Note what became of a request's actions; no results where it was refused as a whole.

        Raises:
            StateUnusable: the file cannot be written.
        """
        done, failed = SeqNos(), list[Key]()
        for action, each in zip(actions, results, strict=False):
            if each.done:
                done.add(each.seq_no, each.seq_no)
            elif not each.conflicts and not each.may_be_repeated:
                failed.append((action.id, action.routing))
        with self._lock:
            self.of(copy, shard).answer(number, done.ranges, failed)
            self._append(_answered_line(copy, shard, number, done, failed))
            if self._bytes > _COMPACT_BYTES:
                self._compact()

    def inherit(self, others: "SentOperations", copy: str) -> bool:
        """Expect those requests of a killed session that may still arrive at this copy; say if there are any.

        Raises:
            StateUnusable: that cannot be noted.
        """
        with self._lock:
            for (name, shard), account in others._accounts.items():
                for each in account.in_doubt if name == copy else ():
                    self._number += 1
                    self._append(_sent_line(copy, shard, self._number, each), durably=True)
                    self.of(name, shard).inherited.append(each)
            return self.may_arrive(copy)

    def may_arrive(self, copy: str) -> bool:
        """Whether a request without a reply may still act on this copy."""
        with self._lock:
            return any(name == copy and each.late() for (name, _), each in self._accounts.items())

    def forget(self) -> None:
        """Forget everything, file included: where the copies stand is noted in the journal.

        Only requests without a reply are remembered for a while: a domain that stood still may act on them
        when it goes on.

        Raises:
            StateUnusable: the file cannot be removed.
        """
        with self._lock:
            self._accounts = {key: kept for key, each in self._accounts.items() if (kept := each.late())}
            if self._accounts:
                self._compact()
                return
            self._bytes = 0
            self._file.remove()

    def close(self) -> None:
        """Close the file, which stays."""
        with self._lock:
            self._file.close()
            self._bytes = 0

    def _append(self, line: str, *, durably: bool = False) -> None:
        self._bytes += len(line.encode())
        self._file.append(line, durably=durably)

    def _compact(self) -> None:
        """Write the file anew: of what was answered, only the numbers matter."""
        lines: list[str] = []
        for (copy, shard), account in self._accounts.items():
            lines.append(_answered_line(copy, shard, 0, account.done))
            lines += [_sent_line(copy, shard, n, each) for n, each in account.unanswered.items()]
            lines += [_sent_line(copy, shard, -n, each) for n, each in enumerate(account.inherited, 1)]
        self._bytes = 0
        self._file.replace("".join(lines))


@dataclass(frozen=True)
class PlaceAccount:
    """The part of a session's accounts that one shard of a copy has, for what writes there."""

    sent: SentOperations
    copy: str
    shard: int

    @property
    def is_unsure(self) -> bool:
        """Whether a reply was lost in this session."""
        return bool(self.sent.of(self.copy, self.shard).unanswered)

    def send(self, actions: Sequence[Action]) -> int:
        """As `SentOperations.send`."""
        return self.sent.send(self.copy, self.shard, actions)

    def answer(self, number: int, actions: Sequence[Action], results: Sequence[ItemResult]) -> None:
        """As `SentOperations.answer`."""
        self.sent.answer(self.copy, self.shard, number, actions, results)


def read_sent(path: Path) -> SentOperations:
    """Read what an earlier session has sent; nothing if there is no file: the first request makes it.

    A last line that is not whole stands for nothing: a request is sent after its line.

    Raises:
        StateUnusable: the file cannot be read.
    """
    found = SentOperations(path)
    try:
        for line in store_of(path).read(path).splitlines(keepends=True):
            if line.endswith(b"\n"):
                _take(found, json.loads(line))
    except FileNotFoundError:
        pass
    except OSError as error:
        raise unreadable(path, error) from error
    except (ValueError, KeyError, TypeError) as error:
        raise StateUnusable(
            f"{store_of(path).shown(path)} is not a record of sent operations this version can read",
            "use the version that wrote it",
        ) from error
    return found


def _sent_line(copy: str, shard: int, number: int, sent: Unanswered) -> str:
    writes = [[*key, version, digest.hex()] for key, (version, digest) in sent.writes.items()]
    more = {"overwritten": [*sent.overwritten]} if sent.overwritten else {}
    told = {"writes": writes, "deletes": [*sent.deletes], **more}
    return _line({"copy": copy, "shard": shard, "sent": number, **told})


def _answered_line(copy: str, shard: int, number: int, done: SeqNos, failed: Collection[Key] = ()) -> str:
    more = {"failed": [*failed]} if failed else {}
    return _line({"copy": copy, "shard": shard, "answered": number, "done": done.ranges, **more})


def _line(content: dict[str, Any]) -> str:
    return json.dumps(content, separators=(",", ":")) + "\n"


def _take(found: SentOperations, line: dict[str, Any]) -> None:
    account = found.of(line["copy"], line["shard"])
    if "answered" in line:
        failed = [(id, routing) for id, routing in line.get("failed", ())]
        account.answer(line["answered"], [(low, high) for low, high in line["done"]], failed)
        return
    sent = Unanswered(deletes={(id, routing) for id, routing in line["deletes"]})
    sent.overwritten |= {(id, routing) for id, routing in line.get("overwritten", ())}
    for id, routing, version, digest in line["writes"]:
        sent.writes[id, routing] = (version, bytes.fromhex(digest))
    account.send(line["sent"], sent)
