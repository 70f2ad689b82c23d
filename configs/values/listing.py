"""Long lists in one line."""

from collections.abc import Iterable


def listed(items: Iterable[str], most: int, between: str = ", ") -> str:
    """The first few of many in one line, and how many more there are."""
    found = list(items)
    shown = between.join(found[:most])
    if len(found) <= most:
        return shown
    return f"{shown}{between.rstrip(', ')} and {len(found) - most:,} more"
