"""What seed rounds and cutovers remember: copies, what has changed since, and how a round went."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, get_args

from domains.shard_mark import Mark
from tasks.records.base import Record
from tasks.records.transfer import RestoreRecord, SnapshotRecord

ChangeKind = Literal["new", "changed", "made anew", "reshaped", "dropped", "aliases", "unchanged"]
KINDS: tuple[ChangeKind, ...] = get_args(ChangeKind)
"""All of them, in the order of reports."""

RESTORED: frozenset[ChangeKind] = frozenset({"new", "changed", "made anew", "reshaped"})
"""Kinds of change after which an index is restored (again)."""


class Copy(Record):
    """An index of the source, and its closed copy on the target.

    Args:
        source, uuid: the index on the source, as it was when its copy was taken.
        target, target_uuid: the copy.
        stream: the data stream that it belongs to on the source.
        marks: how far each shard had come right before the snapshot; empty where that is not known any more.
        digest: of its mapping and its settings then; empty where not known.
        aliases: of its aliases then.
        run_id, snapshot: the run and the snapshot that it is from.
        doubt: why its marks are not known any more, in words; empty where they are.
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
    doubt: str = ""


class CopiesRecord(Record):
    """All copies that the plan's rounds have made, as they are after this round."""

    round: int
    copies: tuple[Copy, ...]


class Change(Record):
    """What became of one index since its copy was taken.

    Args:
        operations: done on it since, deletes included; None where that cannot be told.
        why: what has changed, in words.
        base: whether it is restored onto a copy that is there.
    """

    name: str
    target: str
    kind: ChangeKind
    why: str = ""
    operations: int | None = None
    stream: str | None = None
    base: bool = False


class ChangesRecord(Record):
    """What of the source has changed since the last round, and how far each shard has come.

    Args:
        round: the number of this round, from 1.
        marks, digests, aliases: by index of the source, at this look.
        left_behind: copies whose index is not selected any more though the source has it: they stay closed.
        notes: what else must be known.
    """

    round: int
    changes: tuple[Change, ...]
    marks: dict[str, tuple[Mark, ...]]
    digests: dict[str, str]
    aliases: dict[str, str]
    left_behind: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def of(self, *kinds: ChangeKind) -> tuple[Change, ...]:
        """The changes of these kinds."""
        return tuple(change for change in self.changes if change.kind in kinds)

    @property
    def restored(self) -> tuple[Change, ...]:
        """What this round restores."""
        return tuple(change for change in self.changes if change.kind in RESTORED)

    @property
    def operations(self) -> int:
        """Operations since the last round, as far as they can be counted."""
        return sum(change.operations or 0 for change in self.changes)


class WholeReason(StrEnum):
    """Why an index that was restored onto its copy was fetched whole all the same."""

    MADE_ANEW = "made anew"  # on the source
    NO_FILE_IN_COMMON = "no file in common"  # segments were merged or written anew


class NoDelta(Record):
    """An index that was restored onto its copy and had to be fetched whole all the same, and why."""

    name: str
    bytes: int
    why: WholeReason


class RoundRecord(Record):
    """How a round went.

    Args:
        fetched, reused: bytes that the target has fetched from the bucket, and found in its own copies.
        written: bytes that the snapshot has written; None where that was not seen.
        whole: what was no delta.
        removed: own copies that were deleted, because the source has dropped or reshaped their index.
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
    """How the round went."""
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
    """What was restored onto a copy and reused nothing of it."""
    kinds = {change.target: change.kind for change in work.changes}
    for index in restored.indices:
        if index.target in bases and index.restored and index.bytes and not index.reused_bytes:
            anew = kinds[index.target] == "made anew"
            why = WholeReason.MADE_ANEW if anew else WholeReason.NO_FILE_IN_COMMON
            yield NoDelta(name=index.target, bytes=index.bytes, why=why)


@dataclass(frozen=True)
class Ledger:
    """Args:
    copies: by name on the target.
    round: the number of the last round that has come to its end; 0 before the first.
    """

    copies: dict[str, Copy]
    round: int
