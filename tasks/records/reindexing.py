"""Records of reindexing: copies from remote, merges into existing indices, and switched aliases."""

from tasks.records.base import Record
from tasks.records.verification import DocumentDifference


class IndexReindex(Record):
    """One index that the target has copied by `_reindex`.

    Args:
        documents: documents that the source's index had when they were read; None if it was complete before.
        seconds: that this attempt took.
    """

    source: str
    target: str
    documents: int | None
    seconds: float


class ReindexRecord(Record):
    """Indices that the target has copied by `_reindex`, and what was deleted on it to make room."""

    indices: tuple[IndexReindex, ...]
    deleted: tuple[str, ...] = ()


class IndexMerge(Record):
    """A renamed index whose documents were merged into an index that the target had before.

    Args:
        merged: documents that are in both now, with the same content.
        collisions: documents of the renamed index that were not merged, because the other index has other
            content under their ids.
        documents: the first of these.
    """

    index: str
    into: str
    merged: int
    collisions: int
    documents: tuple[DocumentDifference, ...] = ()


class MergeRecord(Record):
    """Every renamed index that was merged."""

    indices: tuple[IndexMerge, ...]


class SwitchedAliases(Record):
    """Aliases that lead to renamed indices now, and indices of the target that were deleted for them.

    Args:
        added: alias → indices that it leads to now.
        removed: alias → indices that it led to before.
    """

    added: dict[str, tuple[str, ...]]
    removed: dict[str, tuple[str, ...]]
    deleted: tuple[str, ...] = ()
