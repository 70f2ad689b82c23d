"""Explain differences by later writes to the source, as far as its mark allows. Pure.

Up to the mark's global checkpoint the copy holds every operation, so each document that the source still has
under such a number must be on the target under the same number. Any other document on the target has been
updated or deleted since, so the source must lack it or have a newer operation for it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from tasks.records.verification import DocumentDifference


@dataclass(frozen=True)
class Later:
    """Visible operations on the source since a mark.

    Args:
        operations: sequence numbers assigned since.
        written, updated, deleted: documents that the target lacks, or has in an earlier state.
    """

    operations: int = 0
    written: int = 0
    updated: int = 0
    deleted: int = 0

    def __add__(self, other: "Later") -> "Later":
        return Later(
            self.operations + other.operations,
            self.written + other.written,
            self.updated + other.updated,
            self.deleted + other.deleted,
        )


def later(
    differences: Iterable[DocumentDifference], *, operations: int, unlisted: int, highest: int
) -> Later:
    """Sum up differences that are all explained.

    Args:
        operations: number of operations on the source since its mark.
        unlisted: documents that the source has under numbers above `highest`: written or updated since.
        highest: the number up to which all documents were read.
    """
    found = list(differences)
    kinds = [difference.kind for difference in found]
    known = sum(d.target_seq_no is not None and (d.source_seq_no or 0) > highest for d in found)
    return Later(
        operations,
        kinds.count("missing on the target") + max(0, unlisted - known),
        kinds.count("other operation"),
        kinds.count("surplus on the target"),
    )


def unexplained(
    differences: Iterable[DocumentDifference], checkpoint: int, reached: int
) -> tuple[DocumentDifference, ...]:
    """Return the differences of one shard that no later operation on the source explains.

    Args:
        checkpoint: of the mark: the copy has every operation up to it.
        reached: number of the source's last operation after all documents were read.
    """
    listed = tuple(differences)
    clashing = _clashing(listed)
    return tuple(
        difference
        for difference in listed
        if not _explained(difference, checkpoint, reached) or _key(difference) in clashing
    )


def _explained(difference: DocumentDifference, checkpoint: int, reached: int) -> bool:
    source, target = difference.source_seq_no, difference.target_seq_no
    if target is not None and target > reached:
        return False  # the source has never had such an operation
    if source is None:
        return True  # deleted since
    return source > checkpoint and (target is None or source > target)


def _clashing(differences: tuple[DocumentDifference, ...]) -> set[tuple[str, str | None]]:
    """Documents whose number belongs to another one on the other side: a history assigns each number once."""
    source = {d.source_seq_no: _key(d) for d in differences if d.source_seq_no is not None}
    target = {d.target_seq_no: _key(d) for d in differences if d.target_seq_no is not None}
    common = source.keys() & target.keys()
    return {key for number in common for key in (source[number], target[number])}


def _key(difference: DocumentDifference) -> tuple[str, str | None]:
    return difference.id, difference.routing
