"""Records of the tail: which indices go by sequence number, how far they are, and what was proved."""

from datetime import datetime
from enum import StrEnum

from domains.shard_mark import Mark
from runs.progress import TailReason
from tasks.records.base import Record

WRITES = "apply"
"""Action of the intent of a session of the tail: it lifts the blocks of these copies and writes to them."""


class Way(StrEnum):
    """How the changes of an index since its copy reach the target."""

    TAIL = "tail"  # by sequence number: what changed is read and written, document by document
    RESTORE = "restore"  # by a snapshot, restored onto the copy or anew
    NOTHING = "nothing"  # there are none


class IndexWay(Record):
    """The way of one index, and why.

    Args:
        why: why it is this one. Where there is nothing to bring over: why the tail could not; empty if it
            could.
        operations: on the source since the copy's base; None if unknown.
        tail_s, restore_s: expected seconds of each way; None where it cannot be taken, or is not known.
    """

    name: str
    target: str
    way: Way
    why: str = ""
    operations: int | None = None
    tail_s: float | None = None
    restore_s: float | None = None


class WaysRecord(Record):
    """The way of every index of a cutover, as `cutover.delta` or what has changed decides."""

    ways: tuple[IndexWay, ...]

    @property
    def tail(self) -> frozenset[str]:
        """Names on the source of the indices that go by the tail."""
        return frozenset(each.name for each in self.ways if each.way is Way.TAIL)

    @property
    def followable(self) -> tuple[IndexWay, ...]:
        """Those that go by the tail, and those that have not changed yet and then could."""
        return tuple(
            each for each in self.ways if each.way is Way.TAIL or (each.way is Way.NOTHING and not each.why)
        )


class TailIndex(Record):
    """How one index stands after the latest round of the tail.

    Args:
        behind: operations of the source that the copy lacks, as of the latest reading.
        since_base: documents that differ from the copy's base, and were compared one by one.
        written, deleted: documents on the target, in this session.
        out: why it is no longer kept in step; the next restore copies it. Empty while it is.
    """

    name: str
    target: str
    behind: int = 0
    since_base: int = 0
    written: int = 0
    deleted: int = 0
    out: str = ""


class TailRound(Record):
    """One round of the tail.

    Args:
        read: documents read from the source.
        written, deleted: documents on the target.
        seconds: how long it took.
        operations: of the source that it covers.
    """

    read: int = 0
    written: int = 0
    deleted: int = 0
    seconds: float = 0.0
    operations: int = 0


class CatchUpRecord(Record):
    """Rounds of the tail while the source takes writes.

    Args:
        rounds: how many there were.
        last: the latest one.
        indices: those that the latest round covers, and those that fell out.
    """

    rounds: int
    last: TailRound
    indices: tuple[TailIndex, ...] = ()


class FollowRecord(Record):
    """How a session of `follow` stands.

    Args:
        at: of the latest reading.
        lag_s: how old the source's oldest operation is that the copies lack, at most.
        rate_in: operations a second on the source.
        rate_out: operations a second that the rounds of the tail bring over.
        window_s: how long a cutover would block writes now.
        can_cut_over: whether a cutover may begin.
        why: why it may, or why not.
        reason: the same as one of a few words; None before the first round, and of an earlier version.
    """

    at: datetime
    rounds: int = 0
    tail: int = 0
    lag_s: float = 0.0
    rate_in: float = 0.0
    rate_out: float = 0.0
    window_s: float | None = None
    can_cut_over: bool = False
    why: str = ""
    reason: TailReason | None = None
    read: int = 0
    written: int = 0
    deleted: int = 0
    indices: tuple[TailIndex, ...] = ()
    paused: bool = False


class FallbackPreview(Record):
    """Preview of a fallback.

    Args:
        opening: the run that has promised the way back.
        source, target: endpoints; the source is the domain that clients use now.
        indices: those that go back, each with the operations since its promise or its latest round.
        new: indices that were made since.
    """

    plan: str
    opening: str
    source: str
    target: str
    indices: tuple[TailIndex, ...]
    new: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class ProofRecord(Record):
    """The proof that the tail ends in: every index, both zones.

    Args:
        proved: names on the source.
        documents: live documents of each index, by name on the source.
        up_to_base: documents of zone 1, proved equal by counts and sums.
        since_base: documents of zone 2, compared one by one, with their digests.
        bases: the source's marks that divide the zones of each index; they allow the same proof later.
        differences: what does not hold, by name on the source; empty for a proof.
        notes: what did not keep it from being proved, such as a primary that moved.
    """

    proved: tuple[str, ...]
    documents: dict[str, int]
    bases: dict[str, tuple[Mark, ...]]
    up_to_base: int
    since_base: int
    differences: dict[str, str]
    notes: tuple[str, ...] = ()
