"""Progress of steps, reported to listeners: a terminal, a log, Prefect artifacts."""

import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum


class TailReason(StrEnum):
    """Why a cutover may begin, or why not, as one of a few words: never a name, a path or an error's text."""

    READY = "ready"
    """The copies lag little behind: it may."""
    LAG = "lag"
    """The copies lag further behind than the plan allows."""
    RATE = "rate"
    """The source takes writes faster than they are brought over."""
    WINDOW = "window"
    """The window would take longer than the plan allows."""
    LOST = "lost"
    """An index cannot be brought back: it could not be kept in step."""
    ROUND_FAILED = "round-failed"
    """The latest round has failed, and is tried again."""
    PAUSED = "paused"
    """Somebody has paused it."""


@dataclass(frozen=True)
class TailFigures:
    """How the tail of a run stands at one instant.

    Args:
        at: of the latest reading.
        lag_s: how old the source's oldest operation is that the copies lack, at most.
        rate_in: operations a second on the source.
        rate_out: operations a second that the rounds of the tail bring over.
        operations: of the source that the copies lack.
        window_s: how long a cutover would block writes now; None if unknown.
        can_cut_over: whether a cutover may begin.
        why: why it may, or why not.
        reason: the same as one of a few words; None if an earlier version has reported it.
    """

    at: datetime
    lag_s: float
    rate_in: float
    rate_out: float
    operations: int
    window_s: float | None
    can_cut_over: bool
    why: str
    reason: TailReason | None = None


@dataclass(frozen=True)
class Progress:
    """Progress of a running step at one instant.

    Args:
        step: its name.
        message: what the step does, or what it waits for and why.
        done, total: units done and in total; total is 0 if unknown.
        unit: `bytes`, `shards` or `indices`.
        waiting: whether the step waits for something other than its own work.
        detail: extra detail, for example `12 of 40 shards`.
        counts: the figures of that detail, done and in total, by unit: `shards`, `indices`.
        tail: how the tail stands, where the step takes rounds of it.
        finished: whether the step has ended; the message then says how.
        short: whether the step has ended, but not with all that it was for.
        milestone: whether a point of no return is passed now, which nobody should overlook.
        expected: seconds, from low to high, that each step of the run should take; reported once.
        run_id: the run; set where it is reported inside `working_on`.
    """

    step: str
    message: str
    done: int = 0
    total: int = 0
    unit: str = ""
    waiting: bool = False
    detail: str = ""
    counts: Mapping[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    tail: TailFigures | None = None
    finished: bool = False
    short: bool = False
    milestone: bool = False
    expected: Mapping[str, tuple[float, float]] | None = None
    run_id: str = ""


Listener = Callable[[Progress], None]
_run: ContextVar[str] = ContextVar("snapferry_run", default="")
_listeners: ContextVar[tuple[Listener, ...]] = ContextVar("snapferry_progress", default=())


@contextmanager
def listening(listener: Listener) -> Generator[None]:
    """Call `listener` with all progress reported inside the block."""
    token = _listeners.set((*_listeners.get(), listener))
    try:
        yield
    finally:
        _listeners.reset(token)


@contextmanager
def working_on(run_id: str) -> Generator[None]:
    """Progress that is reported inside the block is that of this run."""
    token = _run.set(run_id)
    try:
        yield
    finally:
        _run.reset(token)


def report_progress(progress: Progress) -> None:
    """Report progress to every listener."""
    run_id = _run.get()
    progress = replace(progress, run_id=run_id) if run_id else progress
    for listener in _listeners.get():
        listener(progress)


@dataclass
class Poll:
    """One long wait with its own deadline and with pauses that grow with the time already waited.

    Args:
        limit_s: seconds until `expired`; None for no limit.
    """

    limit_s: float | None = None
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self._began = self.clock()

    @property
    def waited_s(self) -> float:
        """Seconds since the wait began, or since `restart`."""
        return self.clock() - self._began

    @property
    def expired(self) -> bool:
        """Whether the limit has passed."""
        return self.limit_s is not None and self.waited_s >= self.limit_s

    def restart(self) -> None:
        """Restart the limit because something moved."""
        self._began = self.clock()

    def pause(self) -> None:
        """Sleep a twentieth of the time already waited, between 0.1 s and 5 s."""
        self.sleep(min(5.0, max(0.1, self.waited_s / 20)))
