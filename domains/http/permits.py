"""What has to hold whenever a request that may change a domain is about to be sent."""

from collections.abc import Callable, Generator
from contextlib import contextmanager

_checks: list[Callable[[], None]] = []


@contextmanager
def permitted_by(check: Callable[[], None]) -> Generator[None]:
    """Inside the block, in every thread, call this before each request that may change a domain.

    Args:
        check: raises if nothing may be sent.
    """
    _checks.append(check)
    try:
        yield
    finally:
        _checks.remove(check)


def require_permitted() -> None:
    """Raise if nothing that may change a domain may be sent now."""
    for check in tuple(_checks):
        check()
