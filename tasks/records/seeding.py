"""Records of seed rounds and cutovers: copies, changes since, and results of rounds."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, get_args

from domains.shard_mark import Mark
from tasks.records.base import Record
from tasks.records.transfer import RestoreRecord, SnapshotRecord

ChangeKind = Literal["new", "changed", "made anew", "reshaped", "followed", "dropped", "aliases", "unchanged"]
KINDS: tuple[ChangeKind, ...] = get_args(ChangeKind)
"""All kinds of change, in report order."""

RESTORED: frozenset[ChangeKind] = frozenset({"new", "changed", "made anew", "reshaped"})
"""Kinds of change that require a restore."""


_FOLLOWABLE: frozenset[ChangeKind] = frozenset({"changed", "aliases", "unchanged"})


class Copy(Record):
    """Index of the source and its closed copy on the target.

    Args:
        source, uuid: the source index, as it was when the copy was taken.
        target, target_uuid: the copy.
        stream: the data stream of the index on the source.
        marks: sequence-number mark of each shard right before the snapshot; empty if no longer known.
        digest: digest of its mapping and settings at that time; empty if unknown.
        aliases: digest of its aliases at that time.
        run_id, snapshot: the run and the snapshot that the copy comes from.
        target_digest: digest of the copy's own mapping and settings after the round; empty if unknown.
        doubt: why its marks are no longer known, in words; empty if they are known.
        base: of a copy that the tail was written to: the source's marks right before the snapshot that it was
            restored from. Empty where that are `marks`.
        own: the copy's own marks after its restore or the latest round of the tail; empty if unknown.
        sending: name of the file that says what a round sent to it that was killed; empty if none was.
    """

    source: str
    uuid: str
    target: str
    target_uuid: str
    stream: str | None = None
    marks: tuple[Mark, ...] = ()
    digest: str = ""
    aliases: str = ""
    run_id: str = ""
    snapshot: str = ""
    target_digest: str = ""
    doubt: str = ""
    base: tuple[Mark, ...] = ()
    own: tuple[Mark, ...] = ()
    sending: str = ""

    def without_marks(self, doubt: str) -> "Copy":
        """Return the same copy, of which it is not known any more how far it goes.

        Args:
            doubt: why, in words; empty where an unfinished round explains it.
        """
        unknown = {"marks": (), "digest": "", "aliases": "", "base": (), "own": (), "sending": ""}
        return self.model_copy(update={**unknown, "doubt": doubt})


class CopiesRecord(Record):
    """All copies made by the plan's rounds, as of the end of this round."""

    round: int
    copies: tuple[Copy, ...]


class Change(Record):
    """Change of one index since its copy was taken.

    Args:
        operations: operations on it since, deletes included; None if unknown.
        why: what changed, in words.
        base: whether it is restored onto an existing copy.
    """

    name: str
    target: str
    kind: ChangeKind
    why: str = ""
    operations: int | None = None
    stream: str | None = None
    base: bool = False


class ChangesRecord(Record):
    """Changes on the source since the last round, and the current mark of each shard.

    Args:
        round: the number of this round, from 1.
        marks, digests, aliases: current values, by index of the source.
        left_behind: copies whose index is still on the source but no longer selected; they stay closed.
        notes: anything else the user must know.
    """

    round: int
    changes: tuple[Change, ...]
    marks: dict[str, tuple[Mark, ...]]
    digests: dict[str, str]
    aliases: dict[str, str]
    left_behind: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def of(self, *kinds: ChangeKind) -> tuple[Change, ...]:
        """Return the changes of these kinds."""
        return tuple(change for change in self.changes if change.kind in kinds)

    def with_tail(self, names: Collection[str]) -> "ChangesRecord":
        """Return the same, with these indices of the source brought over by the tail: nothing is restored."""
        update = {"kind": "followed", "why": "the tail brings over what changed", "base": False}
        changes = (
            each.model_copy(update=update) if each.name in names and each.kind in _FOLLOWABLE else each
            for each in self.changes
        )
        return self.model_copy(update={"changes": tuple(changes)})

    @property
    def restored(self) -> tuple[Change, ...]:
        """Changes that this round restores."""
        return tuple(change for change in self.changes if change.kind in RESTORED)

    @property
    def operations(self) -> int:
        """Number of operations since the last round, as far as known."""
        return sum(change.operations or 0 for change in self.changes)


class WholeReason(StrEnum):
    """Reason for a full copy of an index that was restored onto its copy."""

    MADE_ANEW = "made anew"  # on the source
    NO_FILE_IN_COMMON = "no file in common"  # segments were merged or written anew


class NoDelta(Record):
    """Index that was restored onto its copy but needed a full copy anyway, and why."""

    name: str
    bytes: int
    why: WholeReason


class RoundRecord(Record):
    """Result of a round.

    Args:
        fetched, reused: bytes that the target fetched from the bucket, and bytes it reused from its copies.
        written: bytes that the snapshot wrote; None if unknown.
        whole: indices that needed a full copy.
        removed: owned copies that were deleted because their index was dropped or reshaped on the source.
    """

    round: int
    restored: int
    unchanged: int
    fetched: int
    reused: int
    written: int | None
    whole: tuple[NoDelta, ...] = ()
    removed: tuple[str, ...] = ()


def round_record(
    work: ChangesRecord, restored: RestoreRecord | None, taken: SnapshotRecord | None, removed: Sequence[str]
) -> RoundRecord:
    """Build the result of the round."""
    arrived = restored.indices if restored else ()
    bases = {change.target for change in work.changes if change.base}
    return RoundRecord(
        round=work.round,
        restored=len(arrived),
        unchanged=len(work.of("unchanged", "aliases")),
        fetched=sum(index.bytes for index in arrived),
        reused=sum(index.reused_bytes for index in arrived),
        written=taken.bytes_written if taken else None,
        whole=tuple(_whole(work, restored, bases)) if restored else (),
        removed=tuple(removed),
    )


def _whole(work: ChangesRecord, restored: RestoreRecord, bases: set[str]) -> Iterator[NoDelta]:
    """Yield indices that were restored onto a copy and reused nothing of it."""
    kinds = {change.target: change.kind for change in work.changes}
    for index in restored.indices:
        if index.target in bases and index.restored and index.bytes and not index.reused_bytes:
            anew = kinds[index.target] == "made anew"
            why = WholeReason.MADE_ANEW if anew else WholeReason.NO_FILE_IN_COMMON
            yield NoDelta(name=index.target, bytes=index.bytes, why=why)


@dataclass(frozen=True)
class Ledger:
    """Ledger of a seed cycle: its copies and its last finished round.

    Args:
        copies: by name on the target.
        round: number of the last finished round; 0 before the first.
        lifted: copies whose write block a killed run of the tail may have left off.
    """

    copies: dict[str, Copy]
    round: int
    lifted: frozenset[str] = frozenset()
