"""Java's `String.replaceAll`, as far as rename rules use it: `\\Q…\\E`, groups, `$1` and quoting.

Compared once with a real JDK over all names of test_conflicts.py: the same results.
"""

from __future__ import annotations

import re


def replace_all(text: str, pattern: str, replacement: str) -> str:
    """Java's result."""
    quoted = re.split(r"\\Q(.*?)\\E", pattern)
    translated = "".join(re.escape(part) if place % 2 else part for place, part in enumerate(quoted))
    return re.sub(translated, lambda match: _expanded(match, replacement), text)


def _expanded(match: re.Match[str], replacement: str) -> str:
    """Expand as Java does: a backslash quotes the next character, `$n` is a group, unset groups are empty."""
    result = ""
    at = 0
    while at < len(replacement):
        if replacement[at] == "\\":
            result, at = result + replacement[at + 1], at + 2
        elif replacement[at] == "$":
            result, at = result + (match[int(replacement[at + 1])] or ""), at + 2
        else:
            result, at = result + replacement[at], at + 1
    return result


def renamed(index: str, pattern: str, replacement: str, *, of_a_stream: bool = False) -> str:
    """The restored name of an index; for a backing index, only the part after `.ds-` is matched."""
    before = ".ds-" if of_a_stream and index.startswith(".ds-") else ""
    return before + replace_all(index.removeprefix(before), pattern, replacement)
