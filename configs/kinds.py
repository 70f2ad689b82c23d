"""What a file says of itself: a plan, or a saved plan. Its name decides nothing."""

import re
from pathlib import Path

_HEAD = 4096  # bytes
_SAVED = re.compile(r"""(?:\s|\{|#[^\n]*\n|---)*["']?kind["']?\s*:\s*["']?saved-plan["']?[\s,}]""")


def is_saved_plan(path: Path) -> bool:
    """Whether this file's first key says that it is a saved plan; False for one that cannot be read."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except (OSError, ValueError):
        return False
    return _SAVED.match(head.decode("utf-8", errors="replace")) is not None
