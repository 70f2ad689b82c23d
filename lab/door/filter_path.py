"""Apply `filter_path` as engines do: select parts of a reply.

Patterns are dotted; `*` is any text within a name, `**` any number of names, `\\.` a dot in a name. The
elements of a list count as the list itself. Objects without any selected part are left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from lab.account.wildcards import stars

Pattern = tuple[str, ...]
ANY_DEPTH = "**"
DOT = re.compile(r"(?<!\\)\.")
NOTHING = object()


@dataclass(frozen=True)
class Filter:
    """The selected parts: everything, or those in `includes`; without those in `excludes`."""

    includes: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()

    def applied(self, document: Any) -> Any:
        """Select the parts of the document; `{}` if there are none."""
        kept = document
        if self.includes:
            kept = _included(kept, _patterns(self.includes))
        if self.excludes and kept is not NOTHING:
            kept = _without(kept, _patterns(self.excludes))
        return {} if kept is NOTHING else kept


def parse(value: str) -> Filter | None:
    """Parse a (decoded) `filter_path`; None if it is empty."""
    names = [name for each in value.split(",") if (name := each.strip())]
    includes = tuple(name for name in names if not name.startswith("-"))
    excludes = tuple(name[1:] for name in names if name.startswith("-"))
    return Filter(includes, excludes) if names else None


def _patterns(written: tuple[str, ...]) -> list[Pattern]:
    return [tuple(part.replace("\\.", ".") for part in DOT.split(each)) for each in written]


def _included(value: Any, patterns: list[Pattern]) -> Any:
    if any(_is_met(each) for each in patterns):
        return value
    return _each(value, patterns, _included) if patterns else NOTHING


def _without(value: Any, patterns: list[Pattern]) -> Any:
    if any(_is_met(each) for each in patterns):
        return NOTHING
    return _each(value, patterns, _without) if patterns and isinstance(value, (dict, list)) else value


def _each(value: Any, patterns: list[Pattern], chosen: Any) -> Any:
    """Select the content of an object or a list; NOTHING if none is selected."""
    if isinstance(value, list):
        listed = [found for item in value if (found := chosen(item, patterns)) is not NOTHING]
        return listed or NOTHING
    if not isinstance(value, dict):
        return NOTHING
    named = {
        name: found
        for name, item in value.items()
        if (found := chosen(item, _further(patterns, name))) is not NOTHING
    }
    return named or NOTHING


def _further(patterns: list[Pattern], name: str) -> list[Pattern]:
    """The rest of the patterns below this name."""
    left: list[Pattern] = []
    for first, *rest in patterns:
        if first == ANY_DEPTH:
            left.append((first, *rest))
            if rest:
                left.extend(_further([tuple(rest)], name))
        elif stars(first).fullmatch(name):
            left.append(tuple(rest))
    return left


def _is_met(pattern: Pattern) -> bool:
    return not pattern or pattern == (ANY_DEPTH,)
