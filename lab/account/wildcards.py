"""Wildcards: IAM has `*` for any text and `?` for one character; engines have only `*`."""

from __future__ import annotations

import re
from functools import lru_cache


def matches(value: str, pattern: str) -> bool:
    """Whether the whole value matches IAM's pattern; case matters."""
    return found(pattern, value) is not None


def found(pattern: str, string: str) -> re.Match[str] | None:
    """The match of the whole value, in the order of moto's own function."""
    return _compiled(pattern).fullmatch(string)


@lru_cache(maxsize=512)
def stars(pattern: str) -> re.Pattern[str]:
    """Compile an engine's pattern for `fullmatch`: only `*` is special and matches any text."""
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*")), re.DOTALL)


@lru_cache(maxsize=2048)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = ({"*": ".*", "?": "."}.get(each, re.escape(each)) for each in re.split(r"([*?])", pattern))
    return re.compile("".join(parts), re.DOTALL)
