"""Optional reads: a failure becomes a sentence in the result."""

from collections.abc import Callable
from typing import TypeVar

from domains.errors import SnapferryError

T = TypeVar("T")


def optional_read(unknown: list[str], what: str, look: Callable[[], T]) -> T | None:
    """Call `look` and return its result; on failure return None and add a sentence to `unknown`.

    Args:
        what: start of that sentence, which says what is unknown.
    """
    try:
        return look()
    except SnapferryError as error:
        hint = f"; {error.hint}" if error.hint else ""
        unknown.append(f"{what}: {error.message}{hint}")
        return None
