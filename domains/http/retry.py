"""Retry reads on transient errors."""

import random
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from domains.errors import DomainError, Expired, Refused

BUDGET_S = 60.0
EXPIRED_S = 10.0  # somebody has to log in again: say so soon
_FIRST_S = 0.4
_LONGEST_S = 8.0
T = TypeVar("T")


@dataclass(frozen=True)
class Retry:
    """A read that is about to be repeated.

    Args:
        number: which repetition it is, from 1.
        of: how many there will be, unless one succeeds.
        error: why it is repeated.
    """

    number: int
    of: int
    error: DomainError


Listener = Callable[[Retry], None]
_listeners: list[Listener] = []  # of the whole process: reads happen in threads of many kinds


@contextmanager
def reporting_retries(listener: Listener) -> Generator[None]:
    """Call `listener` before each repetition of a read, in whichever thread, while the block runs."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


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
    pause, number = _FIRST_S, 1
    while True:
        try:
            return read()
        except DomainError as error:
            asked_for = error.retry_after if isinstance(error, Refused) else None
            wait = max(asked_for or 0.0, random.uniform(0.75 * pause, 1.25 * pause))
            limit = min(budget_s, EXPIRED_S) if isinstance(error, Expired) else budget_s
            if not error.transient or clock() + wait > began + limit:
                raise
            for listener in tuple(_listeners):
                listener(Retry(number, max(number, _repetitions(limit)), error))
            sleep(wait)
            pause, number = min(_LONGEST_S, pause * 2), number + 1


def _repetitions(limit_s: float) -> int:
    """How many repetitions fit into so many seconds, if no request takes any time."""
    pause, passed, number = _FIRST_S, 0.0, 0
    while passed + pause <= limit_s:
        passed, pause, number = passed + pause, min(_LONGEST_S, pause * 2), number + 1
    return number
