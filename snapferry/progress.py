"""Live progress: a bar on a terminal, one grep-able line every few seconds otherwise. On standard error."""

import shlex
import time
from collections.abc import Generator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text

from reports.words import common
from runs.progress import Progress as Look
from runs.progress import listening
from snapferry.console import err, say

_EVERY_S = 3.0
_SHARE_FOR_ETA = 0.01


@contextmanager
def shown_progress() -> Generator[None]:
    """Shows every progress told inside the block."""
    if err.is_terminal:
        with _Bars() as bars, listening(bars):
            yield
    else:
        with listening(_Lines()):
            yield


class _Pace:
    """Rate of each step since its first look, for the time that is left."""

    def __init__(self) -> None:
        self._first: dict[tuple[str, str], tuple[float, int]] = {}

    def eta_s(self, look: Look) -> float | None:
        """Seconds left; None while less than a hundredth is done, or nothing moves."""
        began, done = self._first.setdefault((look.step, look.unit), (time.monotonic(), look.done))
        moved, passed = look.done - done, time.monotonic() - began
        if not look.total or look.done < look.total * _SHARE_FOR_ETA or moved <= 0 or look.waiting:
            return None
        return (look.total - look.done) * passed / moved


class _Expectations:
    """How long each step is expected to take, since that was told."""

    def __init__(self) -> None:
        self._ranges: dict[str, tuple[float, float]] = {}

    def of(self, look: Look) -> str:
        """The range of a step that still runs, in words; empty where none is known."""
        self._ranges.update(look.expected or {})
        known = self._ranges.get(look.step)
        return common.span(*known) if known and not look.finished else ""


class _Lines:
    """One line a look, `key=value`, every few seconds; the end of each step at once."""

    def __init__(self) -> None:
        self._pace = _Pace()
        self._expectations = _Expectations()
        self._last: dict[str, float] = {}

    def __call__(self, look: Look) -> None:
        eta, expected = self._pace.eta_s(look), self._expectations.of(look)
        soon = time.monotonic() - self._last.get(look.step, -_EVERY_S) < _EVERY_S
        if soon and not look.finished:
            return
        self._last[look.step] = time.monotonic()
        fields = {
            "step": look.step,
            "state": "done" if look.finished else "waiting" if look.waiting else "running",
        }
        if look.total:
            fields |= {"done": look.done, "total": look.total, "unit": look.unit}
            fields["percent"] = f"{min(100.0, 100 * look.done / look.total):.1f}"
        if eta is not None:
            fields["eta_s"] = f"{eta:.0f}"
        if expected:
            fields["expected"] = expected
        fields |= {"message": look.message} | ({"detail": look.detail} if look.detail else {})
        say("snapferry: " + " ".join(f"{key}={shlex.quote(str(value))}" for key, value in fields.items()))


class _Bars:
    """A bar for the step that runs; finished steps stay as lines above it."""

    def __init__(self) -> None:
        self._pace = _Pace()
        self._expectations = _Expectations()
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[amount]}"),
            console=err,
            transient=True,
        )
        self._task = self._progress.add_task("", total=None, amount="", visible=False)
        self._waits: set[tuple[str, str]] = set()

    def __enter__(self) -> "_Bars":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def __call__(self, look: Look) -> None:
        expected = self._expectations.of(look)
        if look.finished:
            self._progress.update(self._task, visible=False)
            self._progress.console.print(
                Text.assemble(("✓ ", "green"), (f"{look.step}: ", "bold"), look.message)
            )
            return
        if look.waiting and (look.step, look.message) not in self._waits:  # whole: a bar is cut at the edge
            self._waits.add((look.step, look.message))
            said = f"{look.message} ({look.detail})" if look.detail else look.message
            self._progress.console.print(Text.assemble(("… ", "yellow"), (f"{look.step}: ", "bold"), said))
        eta = self._pace.eta_s(look)
        amount = common.amount(look.done, look.total, look.unit)
        left = f"~{common.duration(eta)} left" if eta is not None else ""
        whole = f"expected {expected}" if expected else ""
        what = f"{look.step}: {look.message}"
        self._progress.update(
            self._task,
            visible=True,
            description=what if len(what) < 100 else what[:99] + "…",
            total=look.total or None,
            completed=look.done,
            amount=" · ".join(part for part in (amount, look.detail, left, whole) if part),
        )
