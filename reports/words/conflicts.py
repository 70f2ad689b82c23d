"""What became of an index whose name the target had already, in words."""

from collections.abc import Sequence

from configs.values.listing import listed
from reports.words import common
from tasks.records.reindexing import IndexMerge
from tasks.records.resolution import Unit

_MOST = 5


def became(
    unit: Unit, *, arrived: bool, deleted: Sequence[str], merge: IndexMerge | None, led: Sequence[str]
) -> str:
    """Say what was done about it, and what was not.

    Args:
        arrived: whether it is on the target now.
        deleted: names on the target that were deleted for it.
        led: aliases that lead to it now.
    """
    if unit.action == "skip":
        return "not moved; the target keeps its own"
    parts = [f"deleted on the target: {listed(list(deleted), _MOST)}"] if deleted else []
    if unit.action == "replace" and not deleted:
        parts.append("the target's own was not deleted")
    moved = f"restored as {unit.target}" if unit.target != unit.name else "restored"
    parts.append(moved if arrived else "not restored")
    parts += [common.merge(merge)] if merge else []
    parts += [f"aliases that lead to it: {listed(list(led), _MOST)}"] if led else []
    return "; ".join(parts)
