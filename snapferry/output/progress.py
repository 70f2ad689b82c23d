"""Live progress on standard error: one status line on a terminal, else a grep-able line every few seconds.

Each line for a program names the time (UTC) and the run. The log of the run gets the same lines.
"""

import logging
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.text import Text

from configs.values.visible import visible_values
from domains.http.exchanges import Exchange
from reports.build.progress import step_progress
from reports.views.fitting import page
from reports.views.progress.step_line import pairs, step_fields, step_line
from reports.words import common
from runs.commands import current, in_full
from runs.journal import now
from runs.live.latest import LatestReports
from runs.progress import Progress, listening
from snapferry.output import run_log
from snapferry.output.console import err, say_unwrapped
from snapferry.output.verbosity import is_quiet

if TYPE_CHECKING:
    from runs.state import State

_EVERY_S = 3.0
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
    line = pairs(fields | {"status": outcome, "ms": took})
    run_log.note(logging.DEBUG, line)
    if err.is_terminal:
        asked = f"  {exchange.side} {exchange.method} {exchange.path}"
        err.print(Text(f"{asked} {outcome} {took} ms", "dim"), overflow="ignore", soft_wrap=True)
    else:
        _say_line(line, run_log.current_run())


def _say_line(line: str, run_id: str) -> None:
    at = {"time": f"{now():%Y-%m-%dT%H:%M:%SZ}"}
    say_unwrapped(f"snapferry: {pairs(at | ({'run': run_id} if run_id else {}))} {line}")


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
        self._latest = LatestReports()
        self._expectations = _Expectations()
        self._last: dict[str, float] = {}

    def __call__(self, now: Progress) -> None:
        said, expected = self._latest.note(now), self._expectations.of(now)
        is_recent = time.monotonic() - self._last.get(now.step, -_EVERY_S) < _EVERY_S
        if is_recent and not (now.finished or now.milestone):
            return
        self._last[now.step] = time.monotonic()
        fields = step_fields(step_progress(now.step, said, said.at), finished=now.finished, expected=expected)
        self._sink(pairs(fields), now.run_id)


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
        self._latest = LatestReports()
        self._expectations = _Expectations()
        self._step: str | None = None
        self._expected = ""
        self._waits: set[tuple[str, str]] = set()
        self._live = Live(self, console=err, transient=True, refresh_per_second=4)

    def __enter__(self) -> "_StatusLine":
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def __call__(self, now: Progress) -> None:
        self._latest.note(now)
        self._expected = self._expectations.of(now)
        if now.finished:
            self._step = None
            mark = ("! ", "bold yellow") if now.short else ("✓ ", "green")
            _keep(*mark, now.step, now.message)
            return
        if now.milestone:
            _keep("! ", "bold yellow", now.step, now.message, "bold yellow")
        if now.waiting and (now.step, now.message) not in self._waits:  # whole: the status line is cut
            self._waits.add((now.step, now.message))
            _keep("… ", "yellow", now.step, f"{now.message} ({now.detail})" if now.detail else now.message)
        self._step = now.step

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        name = self._step  # another thread may change it meanwhile
        if name:
            said = self._latest.now()[name]
            step = step_progress(name, said, said.at)
            width, ascii_only = options.max_width - 1, options.ascii_only
            yield step_line(step, width, expected=self._expected, ascii_only=ascii_only)


def _keep(mark: str, style: str, step: str, message: str, emphasis: str = "") -> None:
    message = in_full(message, current())
    line = Text.assemble((mark, style), (f"{step}: ", "bold"), (message, emphasis))
    err.print(page([line]), overflow="ignore", crop=False, soft_wrap=False)
