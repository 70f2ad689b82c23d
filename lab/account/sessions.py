"""How long the sessions of assumed roles last, as the role's own limit."""

from __future__ import annotations

from functools import wraps
from typing import Any

_longest: int | None = None


def limit(seconds: int | None) -> None:
    """Let sessions that begin from now on end after so many seconds, and say so; None ends that.

    AWS has fifteen minutes as the shortest; the lab's days are shorter.
    """
    global _longest
    _watch()
    _longest = seconds


def _watch() -> None:
    """Let moto ask for the limit."""
    from moto.sts.models import STSBackend

    sts: Any = STSBackend
    plain = sts.assume_role
    if hasattr(plain, "__wrapped__"):
        return

    @wraps(plain)
    def assume_role(*arguments: Any, duration: int, **named: Any) -> Any:
        return plain(*arguments, duration=min(duration, _longest or duration), **named)

    sts.assume_role = assume_role
