"""Looking at what may fail, where a failure is a sentence in the result."""

from collections.abc import Callable
from typing import TypeVar

from domains.errors import SnapferryError

T = TypeVar("T")


def optional_read(unknown: list[str], what: str, look: Callable[[], T]) -> T | None:
    """What `look` returns; None, and a sentence in `unknown`, when it could not be told.

    Args:
        what: what is then not known, as the start of the sentence.
    """
    try:
        return look()
    except SnapferryError as error:
        hint = f"; {error.hint}" if error.hint else ""
        unknown.append(f"{what}: {error.message}{hint}")
        return None
