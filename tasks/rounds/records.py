"""What seed rounds and cutovers remember: copies, what has changed since, and how a round went."""

from datetime import datetime
from typing import Literal

from domains.mark import Mark
from tasks.records import Record

Kind = Literal["new", "changed", "made anew", "reshaped", "aliases", "unchanged", "dropped"]
RESTORED: frozenset[Kind] = frozenset({"new", "changed", "made anew", "reshaped"})
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
    kind: Kind
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

    def of(self, *kinds: Kind) -> tuple[Change, ...]:
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


class NoDelta(Record):
    """An index that was restored onto its copy and had to be fetched whole all the same, and why."""

    name: str
    bytes: int
    why: str


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


class FreezeRecord(Record):
    """The source, refusing writes.

    Args:
        blocked: indices that this run has blocked.
        before: those of the plan that had refused writes before; they are left as they are.
        by_settings: those of the blocked that were blocked by their settings, as data streams' are.
    """

    at: datetime
    blocked: tuple[str, ...]
    before: tuple[str, ...]
    by_settings: tuple[str, ...] = ()


class OpenRecord(Record):
    """The target, open.

    Args:
        opened: indices that take writes now.
        streams: data streams that were made.
        aliases: alias → the indices that it was given.
        repoint: the endpoint that clients must use from now on.
    """

    at: datetime
    opened: tuple[str, ...]
    streams: tuple[str, ...]
    aliases: dict[str, tuple[str, ...]]
    repoint: str


class ReleaseRecord(Record):
    """What became of the source's blocks.

    Args:
        released: indices that take writes again.
        kept: indices that go on refusing them.
    """

    released: tuple[str, ...]
    kept: tuple[str, ...]


class BackOutRecord(Record):
    """Everything was put back: the source takes writes, the copies are closed. `why`: what had gone wrong."""

    why: str


class PauseRecord(Record):
    """The service's own snapshots of the source, during the window.

    Args:
        paused: whether they are.
        said: why they are not, or until when they are.
    """

    paused: bool
    said: str


class HealthRecord(Record):
    """The target's health after it was opened: indices that are not green yet, each with its health."""

    waited_s: float
    not_green: dict[str, str]
