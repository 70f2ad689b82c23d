"""What a file says of itself: a plan, or the document of a resolved one. Its name decides nothing."""

import re
from pathlib import Path

_HEAD = 4096  # bytes
_RESOLVED = re.compile(
    r"""(?:\s|\{|#[^\n]*\n|---)*["']?kind["']?\s*:\s*["']?(?:saved|rehearsal)-plan["']?[\s,}]"""
)


def is_resolved(path: Path) -> bool:
    """Whether this file's first key says that it is a saved plan, or what a rehearsal would do.

    False for one that cannot be read.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except (OSError, ValueError):
        return False
    return _RESOLVED.match(head.decode("utf-8", errors="replace")) is not None
