"""Say on standard error that reads are being repeated, so that nobody waits for a domain in silence."""

import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from domains.http.retry import Retry

_EVERY_S = 3.0
_UNTOLD = 2  # the first repetitions take about a second: nobody has to know


@contextmanager
def retries_shown() -> Generator[None]:
    """Report repeated reads inside the block, at most one line in three seconds for each domain."""
    from domains.http.retry import reporting_retries

    with reporting_retries(_Lines()):
        yield


class _Lines:
    def __init__(self) -> None:
        self._last: dict[str, float] = {}

    def __call__(self, retry: "Retry") -> None:
        from snapferry.output.console import say

        side = retry.error.asked.partition(":")[0]
        is_recent = time.monotonic() - self._last.get(side, -_EVERY_S) < _EVERY_S
        if retry.number <= _UNTOLD or is_recent:
            return
        self._last[side] = time.monotonic()
        say(f"snapferry: retrying ({retry.number} of {retry.of}): {retry.error.message}")
