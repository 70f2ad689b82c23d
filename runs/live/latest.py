"""The latest report of each step of a run, with the time that the step still takes."""

import threading
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from runs.journal import now
from runs.live.time_left import Paces
from runs.progress import Progress


class LiveStep(BaseModel):
    """What a step last reported.

    Args:
        at: when.
        done, total, unit: in the first unit that the step has reported; figures in others are among `counts`.
        message, detail, counts, waiting: as in `runs.progress.Progress`.
        eta_s, stalled_s: as in `runs.live.time_left.TimeLeft`, when the file was written.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)
    at: datetime
    message: str = ""
    done: int = 0
    total: int = 0
    unit: str = ""
    detail: str = ""
    counts: dict[str, tuple[int, int]] = {}
    waiting: bool = False
    eta_s: float | None = None
    stalled_s: float | None = None


class LatestReports:
    """Keeps the latest report of each step. Thread-safe."""

    def __init__(self) -> None:
        self._steps: dict[str, LiveStep] = {}
        self._finished: set[str] = set()
        self._paces = Paces()
        self._lock = threading.Lock()

    def __contains__(self, step: str) -> bool:
        return step in self._steps

    def note(self, progress: Progress) -> LiveStep:
        """Keep a report, and return what is known of its step now."""
        with self._lock:
            self._paces.observe(progress)
            (self._finished.add if progress.finished else self._finished.discard)(progress.step)
            at = now()
            before = self._steps.get(progress.step) or LiveStep(at=at)
            latest: dict[str, Any] = {"message": progress.message, "detail": progress.detail, "at": at}
            counts = {**before.counts, **progress.counts}
            if progress.total and before.unit in {"", progress.unit}:
                latest |= {"done": progress.done, "total": progress.total, "unit": progress.unit}
            elif progress.total:
                counts[progress.unit] = (progress.done, progress.total)
            latest |= {"counts": counts, "waiting": progress.waiting}
            self._steps[progress.step] = before.model_copy(update=latest)
            return self._with_time_left(progress.step)

    def now(self) -> dict[str, LiveStep]:
        """Every report, each with the time that its step still takes now."""
        with self._lock:
            return {name: self._with_time_left(name) for name in self._steps}

    def _with_time_left(self, name: str) -> LiveStep:
        step = self._steps[name]
        if name in self._finished or step.waiting:
            return step
        left = self._paces.left(name)
        return step.model_copy(update={"eta_s": left.seconds, "stalled_s": left.stalled_s})
