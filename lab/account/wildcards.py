"""The wildcards of IAM: `*` for any text, `?` for one character, and nothing else."""

from __future__ import annotations

import re
from functools import lru_cache


def matches(value: str, pattern: str) -> bool:
    """Whether the whole value is of the pattern; case counts."""
    return _compiled(pattern).fullmatch(value) is not None


@lru_cache(maxsize=2048)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = ({"*": ".*", "?": "."}.get(each, re.escape(each)) for each in re.split(r"([*?])", pattern))
    return re.compile("".join(parts), re.DOTALL)
