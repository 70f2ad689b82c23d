"""Live progress: a bar on a terminal, one grep-able line every few seconds otherwise. On standard error."""

import shlex
import time
from collections.abc import Generator
from contextlib import contextmanager

from rich import progress as bars
from rich.text import Text

from configs.values.visible import visible_values
from reports.words import common
from runs.progress import Progress, listening
from snapferry.console import err, say

_EVERY_S = 3.0
_SHARE_FOR_ETA = 0.01


@contextmanager
def shown_progress() -> Generator[None]:
    """Show all progress that is reported inside the block."""
    if err.is_terminal:
        with _Bars() as bar, listening(lambda now: bar(visible_values(now))):
            yield
    else:
        lines = _Lines()
        with listening(lambda now: lines(visible_values(now))):
            yield


class _Pace:
    """Pace of each step since its first report, for the time that is left."""

    def __init__(self) -> None:
        self._first: dict[tuple[str, str], tuple[float, int]] = {}

    def eta_s(self, now: Progress) -> float | None:
        """Seconds left; None if less than a hundredth is done or nothing moves."""
        began, done = self._first.setdefault((now.step, now.unit), (time.monotonic(), now.done))
        moved, passed = now.done - done, time.monotonic() - began
        if not now.total or now.done < now.total * _SHARE_FOR_ETA or moved <= 0 or now.waiting:
            return None
        return (now.total - now.done) * passed / moved


class _Expectations:
    """How long each step is expected to take, once that is known."""

    def __init__(self) -> None:
        self._ranges: dict[str, tuple[float, float]] = {}

    def of(self, now: Progress) -> str:
        """The expected time of a step that is still running, in words; empty if unknown."""
        self._ranges.update(now.expected or {})
        known = self._ranges.get(now.step)
        return common.span(*known) if known and not now.finished else ""


class _Lines:
    """A `key=value` line every few seconds, and at once when a step ends."""

    def __init__(self) -> None:
        self._pace = _Pace()
        self._expectations = _Expectations()
        self._last: dict[str, float] = {}

    def __call__(self, now: Progress) -> None:
        eta, expected = self._pace.eta_s(now), self._expectations.of(now)
        is_recent = time.monotonic() - self._last.get(now.step, -_EVERY_S) < _EVERY_S
        if is_recent and not (now.finished or now.milestone):
            return
        self._last[now.step] = time.monotonic()
        fields = {
            "step": now.step,
            "state": "done" if now.finished else "waiting" if now.waiting else "running",
        }
        if now.total:
            fields |= {"done": now.done, "total": now.total, "unit": now.unit}
            fields["percent"] = f"{min(100.0, 100 * now.done / now.total):.1f}"
        if eta is not None:
            fields["eta_s"] = f"{eta:.0f}"
        if expected:
            fields["expected"] = expected
        fields |= {"message": now.message} | ({"detail": now.detail} if now.detail else {})
        say("snapferry: " + " ".join(f"{key}={shlex.quote(str(value))}" for key, value in fields.items()))


class _Bars:
    """A bar for the current step; finished steps stay as lines above it."""

    def __init__(self) -> None:
        self._pace = _Pace()
        self._expectations = _Expectations()
        self._progress = bars.Progress(
            bars.TextColumn("{task.description}", markup=False),
            bars.BarColumn(bar_width=24),
            bars.TextColumn("{task.fields[amount]}", markup=False),
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

    def __call__(self, now: Progress) -> None:
        expected = self._expectations.of(now)
        if now.finished:
            self._progress.update(self._task, visible=False)
            self._progress.console.print(
                Text.assemble(("✓ ", "green"), (f"{now.step}: ", "bold"), now.message)
            )
            return
        if now.milestone:
            said = Text.assemble(
                ("! ", "bold yellow"), (f"{now.step}: ", "bold"), (now.message, "bold yellow")
            )
            self._progress.console.print(said)
        if (
            now.waiting and (now.step, now.message) not in self._waits
        ):  # printed whole: a bar is cut at the edge
            self._waits.add((now.step, now.message))
            message = f"{now.message} ({now.detail})" if now.detail else now.message
            self._progress.console.print(Text.assemble(("… ", "yellow"), (f"{now.step}: ", "bold"), message))
        eta = self._pace.eta_s(now)
        amount = common.amount(now.done, now.total, now.unit)
        left = f"~{common.duration(eta)} left" if eta is not None else ""
        total = f"expected {expected}" if expected else ""
        title = f"{now.step}: {now.message}"
        self._progress.update(
            self._task,
            visible=True,
            description=title if len(title) < 100 else title[:99] + "…",
            total=now.total or None,
            completed=now.done,
            amount=" · ".join(part for part in (amount, now.detail, left, total) if part),
        )
