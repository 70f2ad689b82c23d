"""Lists and counts in a sentence."""

from collections.abc import Iterable


def counted(count: int, one: str, many: str) -> str:
    """A count with its noun."""
    return f"{count:,} {one if count == 1 else many}"


def listed(items: Iterable[str], most: int, between: str = ", ") -> str:
    """The first few of many in one line, and how many more there are."""
    found = list(items)
    shown = between.join(found[:most])
    if len(found) <= most:
        return shown
    return f"{shown}{between.rstrip(', ')} and {len(found) - most:,} more"
