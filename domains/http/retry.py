"""Retry reads on transient errors."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from domains.errors import DomainError, Expired, Refused

BUDGET_S = 60.0
EXPIRED_S = 10.0  # somebody has to log in again: say so soon
_FIRST_S = 0.2
_LONGEST_S = 8.0
T = TypeVar("T")


def retry_transient(
    read: Callable[[], T],
    *,
    budget_s: float = BUDGET_S,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> T:
    """Call `read` until it succeeds, with growing, jittered pauses, while its errors are transient.

    Args:
        read: a request that changes nothing.
        budget_s: seconds until the last error is raised; the service's Retry-After counts against them.

    Raises:
        DomainError: not transient, or the budget was used up.
        Expired: not renewed within `EXPIRED_S`.
    """
    began = clock()
    pause = _FIRST_S
    while True:
        try:
            return read()
        except DomainError as error:
            asked_for = error.retry_after if isinstance(error, Refused) else None
            wait = max(asked_for or 0.0, random.uniform(pause / 2, pause))
            limit = min(budget_s, EXPIRED_S) if isinstance(error, Expired) else budget_s
            if not error.transient or clock() + wait > began + limit:
                raise
            sleep(wait)
            pause = min(_LONGEST_S, pause * 2)
