"""What has to hold whenever a request that may change a domain is about to be sent."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar

_scope: ContextVar[object | None] = ContextVar("snapferry_permits", default=None)
_checks: list[tuple[object, Callable[[], None]]] = []


@contextmanager
def permitted_by(check: Callable[[], None]) -> Generator[None]:
    """Inside the block, call this before each request that may change a domain.

    That is each request of the outermost such block, in every thread that has its context; a thread with none
    asks the checks of all blocks. So what one run may not send, another in the same process may.

    Args:
        check: raises if nothing may be sent.
    """
    scope = _scope.get() or object()
    token = _scope.set(scope)
    _checks.append((scope, check))
    try:
        yield
    finally:
        _checks.remove((scope, check))
        _scope.reset(token)


def require_permitted() -> None:
    """Raise if nothing that may change a domain may be sent now."""
    scope = _scope.get()
    for holder, check in tuple(_checks):
        if scope is None or holder is scope:
            check()
