"""How long a step still takes, in a figure that people can watch: it does not jump, and a stall is named.

The rate is an average in which older observations count less and less. Until enough was seen, the time that
the step was expected to take stands in for observations. Between two observations the time left only falls.
Where nothing moves for longer than usual it grows, second by second, and at last gives way to the words
“stalled for …”.
"""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from runs.progress import Progress

_FORGET_S = 30.0
"""An observation that is so many seconds old counts a third of a new one."""
_EXPECTED_COUNTS_S = 10.0
"""What was expected counts like so many seconds of observations."""
_ENOUGH_S = 5.0
"""Seconds of observations without which nothing is said."""
_SHARE = 0.01
_STALLED_AFTER_S = 30.0
_GAPS = 2.0
"""Longer than so many usual pauses between two observations is no pause any more."""
_STALLED_GAPS = 4.0


@dataclass(frozen=True)
class TimeLeft:
    """The time left of a step.

    Args:
        seconds: None while nobody knows, and while it is stalled.
        stalled_s: seconds without any movement; None while it moves.
    """

    seconds: float | None = None
    stalled_s: float | None = None


_UNKNOWN = TimeLeft()


class Pace:
    """The pace of one step.

    Args:
        expected_s: seconds that the whole step was expected to take; None if unknown.
        clock: seconds, from any beginning.
    """

    def __init__(self, expected_s: float | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._expected_s = expected_s
        self._moved_at = clock()
        self._done: int | None = None
        self._total = 0
        self._seen_units = self._seen_s = 0.0
        self._gap_s = 0.0
        self._has_moved = False

    def observe(self, done: int, total: int) -> None:
        """Note how far the step is.

        Args:
            done, total: in any unit, always the same; fewer done than before begins anew.
        """
        at = self._clock()
        if self._done is None or done < self._done:
            self._begin(done, total, at)
            return
        self._total = total
        if done == self._done:
            return
        passed = at - self._moved_at
        kept = math.exp(-passed / _FORGET_S)
        self._seen_units = kept * self._seen_units + (done - self._done)
        self._seen_s = kept * self._seen_s + passed
        self._gap_s = max(passed, kept * self._gap_s) if self._has_moved else passed
        self._done, self._moved_at, self._has_moved = done, at, True

    def _begin(self, done: int, total: int, at: float) -> None:
        self._done, self._total, self._moved_at, self._has_moved = done, total, at, False
        self._seen_units = self._seen_s = self._gap_s = 0.0
        if self._expected_s and total > 0:
            self._seen_s = min(_EXPECTED_COUNTS_S, self._expected_s)
            self._seen_units = total * self._seen_s / self._expected_s

    def left(self) -> TimeLeft:
        """The time left now."""
        if self._done is None or self._total <= 0:
            return _UNKNOWN
        still_s = self._clock() - self._moved_at
        left = max(0, self._total - self._done)
        if left and still_s > max(_STALLED_AFTER_S, _STALLED_GAPS * self._gap_s):
            return TimeLeft(stalled_s=still_s)
        if self._seen_units <= 0 or not self._is_enough():
            return _UNKNOWN
        usual_s = max(_GAPS * self._gap_s, 1.0)
        late_s = max(0.0, still_s - usual_s)
        seconds = left * (self._seen_s + late_s) / self._seen_units - min(still_s, usual_s)
        return TimeLeft(max(0.0, seconds))

    def _is_enough(self) -> bool:
        if self._expected_s:
            return True
        is_far = self._done is not None and self._done >= self._total * _SHARE
        return is_far and self._seen_s >= _ENOUGH_S


class Paces:
    """The pace of each step of a run, in the first unit that the step reports.

    Args:
        clock: seconds, from any beginning.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._expected: dict[str, float] = {}
        self._paces: dict[str, tuple[str, Pace]] = {}

    def observe(self, now: Progress) -> None:
        """Note a report of a step."""
        self._expect(now.expected or {})
        if not now.total or now.finished:
            return
        unit, pace = self._paces.setdefault(
            now.step, (now.unit, Pace(self._expected.get(now.step), self._clock))
        )
        if unit == now.unit:
            pace.observe(now.done, now.total)

    def _expect(self, ranges: Mapping[str, tuple[float, float]]) -> None:
        self._expected |= {step: (low + high) / 2 for step, (low, high) in ranges.items()}

    def left(self, step: str) -> TimeLeft:
        """The time left of a step; unknown where it has reported no figures."""
        known = self._paces.get(step)
        return known[1].left() if known else _UNKNOWN
