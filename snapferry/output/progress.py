"""Live progress on standard error: one status line on a terminal, else a grep-able line every few seconds.

Each line for a program names the time (UTC) and the run. The log of the run gets the same lines.
"""

import logging
import shlex
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.text import Text

from configs.values.visible import visible_values
from domains.http.exchanges import Exchange
from reports.views.fitting import page
from reports.words import common
from runs.commands import current, in_full
from runs.journal import now
from runs.progress import Progress, listening
from snapferry.output import run_log
from snapferry.output.console import err, say_unwrapped
from snapferry.output.verbosity import is_quiet

if TYPE_CHECKING:
    from runs.state import State

_EVERY_S = 3.0
_SHARE_FOR_ETA = 0.01
_BAR = (24, 12, 6)  # widths: from 80 columns on, from 40 on, below
_SHORTEST_MESSAGE = 10
Sink = Callable[[str, str], None]


@contextmanager
def shown_progress(runs: "State | None" = None) -> Generator[None]:
    """Show all progress that is reported inside the block, and write it to the log of the run.

    Args:
        runs: the runs of the plan; without them there is no log.
    """
    shown_by: list[Callable[[Progress], None]] = [_Logged(runs)] if runs else []
    with ExitStack() as stack:
        if err.is_terminal and not is_quiet():
            shown_by.append(stack.enter_context(_StatusLine()))
        elif not is_quiet():
            shown_by.append(_Lines(_say_line))
        stack.enter_context(listening(lambda now: _show_by(shown_by, visible_values(now))))
        yield


def _show_by(each: Sequence[Callable[[Progress], None]], now: Progress) -> None:
    for show in each:
        show(now)


def say_request(exchange: Exchange) -> None:
    """Show one request, for `--verbose`: side, method, path, status, milliseconds."""
    outcome = str(exchange.status) if exchange.status is not None else f"no reply ({exchange.problem})"
    took = f"{exchange.seconds * 1000:.0f}"
    fields = {"side": exchange.side, "method": exchange.method, "path": exchange.path}
    line = _pairs(fields | {"status": outcome, "ms": took})
    run_log.note(logging.DEBUG, line)
    if err.is_terminal:
        asked = f"  {exchange.side} {exchange.method} {exchange.path}"
        err.print(Text(f"{asked} {outcome} {took} ms", "dim"), overflow="ignore", soft_wrap=True)
    else:
        _say_line(line, run_log.current_run())


def _say_line(line: str, run_id: str) -> None:
    at = {"time": f"{now():%Y-%m-%dT%H:%M:%SZ}"}
    say_unwrapped(f"snapferry: {_pairs(at | ({'run': run_id} if run_id else {}))} {line}")


def _pairs(fields: Mapping[str, object]) -> str:
    return " ".join(f"{key}={shlex.quote(str(value))}" for key, value in fields.items())


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
        return max(0.0, (now.total - now.done) * passed / moved)


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

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._pace = _Pace()
        self._expectations = _Expectations()
        self._last: dict[str, float] = {}

    def __call__(self, now: Progress) -> None:
        eta, expected = self._pace.eta_s(now), self._expectations.of(now)
        is_recent = time.monotonic() - self._last.get(now.step, -_EVERY_S) < _EVERY_S
        if is_recent and not (now.finished or now.milestone):
            return
        self._last[now.step] = time.monotonic()
        fields: dict[str, object] = {
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
        self._sink(_pairs(fields), now.run_id)


class _Logged:
    """The same lines in the log of the run, which is opened as soon as the run is known."""

    def __init__(self, runs: "State") -> None:
        self._runs = runs
        self._lines = _Lines(lambda line, _run_id: run_log.note(logging.INFO, line))

    def __call__(self, now: Progress) -> None:
        if now.run_id:
            run_log.open_log(self._runs.log_of(now.run_id))
        self._lines(now)


class _StatusLine:
    """One line for the current step, with one bar for all of it; finished steps stay as lines above."""

    def __init__(self) -> None:
        self._pace = _Pace()
        self._expectations = _Expectations()
        self._now: Progress | None = None
        self._bar: Progress | None = None  # what the bar shows: figures in the first unit of the step
        self._left: float | None = None
        self._expected = ""
        self._waits: set[tuple[str, str]] = set()
        self._live = Live(self, console=err, transient=True, refresh_per_second=4)

    def __enter__(self) -> "_StatusLine":
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def __call__(self, now: Progress) -> None:
        self._expected = self._expectations.of(now)
        if now.finished:
            self._now = self._bar = None
            mark = ("! ", "bold yellow") if now.short else ("✓ ", "green")
            _keep(*mark, now.step, now.message)
            return
        if now.milestone:
            _keep("! ", "bold yellow", now.step, now.message, "bold yellow")
        if now.waiting and (now.step, now.message) not in self._waits:  # whole: the status line is cut
            self._waits.add((now.step, now.message))
            _keep("… ", "yellow", now.step, f"{now.message} ({now.detail})" if now.detail else now.message)
        self._left = self._pace.eta_s(now)
        if self._bar is None or self._bar.step != now.step or (now.total and now.unit == self._bar.unit):
            self._bar = now if now.total else None
        self._now = now

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        now = self._now
        if now:
            yield self._line(now, options.max_width - 1, ascii_only=options.ascii_only)

    def _line(self, now: Progress, width: int, *, ascii_only: bool) -> Text:
        """As much as fits, by importance: step, bar, amount, time left, detail, message, expected time."""
        shown, left_s = self._bar, self._left  # another thread may change them meanwhile
        bar = _drawn(shown, width, ascii_only=ascii_only) if shown else Text()
        left = f"~{common.duration(left_s)} left" if left_s is not None else ""
        expected = f"expected {self._expected}" if self._expected else ""
        room = width - len(now.step) - (bar.cell_len + 1 if bar else 0)
        parts: list[str] = []
        for part in (common.amount(now.done, now.total, now.unit), left, now.detail, expected):
            needed = _SHORTEST_MESSAGE if part == expected else 0
            if part and len(part) + 3 <= room - needed:
                parts.append(part)
                room -= len(part) + 3
        message = Text(f": {now.message}" if room > _SHORTEST_MESSAGE else "")
        message.truncate(max(room, 0), overflow="ellipsis")
        line = Text.assemble((now.step, "bold"), message, " " if bar else "", bar)
        line.append(f" {' · '.join(parts)}" if parts else "", "dim")
        line.truncate(width, overflow="ellipsis")
        line.no_wrap = True
        return line


def _keep(mark: str, style: str, step: str, message: str, emphasis: str = "") -> None:
    message = in_full(message, current())
    line = Text.assemble((mark, style), (f"{step}: ", "bold"), (message, emphasis))
    err.print(page([line]), overflow="ignore", crop=False, soft_wrap=False)


def _drawn(bar: Progress, width: int, *, ascii_only: bool) -> Text:
    size = _BAR[0] if width >= 79 else _BAR[1] if width >= 39 else _BAR[2]
    done = min(size, size * bar.done // bar.total) if bar.total else 0
    full, rest = ("#", "-") if ascii_only else ("━", "━")
    return Text.assemble((full * done, "green"), (rest * (size - done), "grey37"))
