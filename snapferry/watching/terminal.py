"""Watch a run on a terminal until it ends; elsewhere, print a line every few seconds."""

import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.live import Live
from rich.text import Text

from configs.values.visible import visible_values
from reports.views.progress.screen import progress_line, progress_view
from runs.errors import StateUnreachable
from snapferry.exit_codes import ExitCode, code_of_run
from snapferry.output.console import err, say, say_unwrapped, warn
from snapferry.output.verbosity import is_quiet

if TYPE_CHECKING:
    from collections.abc import Callable

    from flows.previews.watched import Watched, WatchedPlan

_EVERY_S = 0.5
_LINE_EVERY_S = 1.4


def watch_until_end(plan: "WatchedPlan", show_end: "Callable[[Watched], None]") -> ExitCode:
    """Show how the run stands until nothing works on it any more; return the exit code of the run.

    Where the plan has no run yet, wait for one. Ctrl-C ends the watch, never the run.

    Args:
        show_end: prints how the run stands at its end.
    """
    try:
        with _shown() as show:
            seen = _watched_to_its_end(plan, show)
    except KeyboardInterrupt:
        warn("snapferry: the watch has ended; the run goes on")
        return ExitCode.INTERRUPTED
    show_end(seen)
    return code_of_run(seen.journal.document)


def _watched_to_its_end(plan: "WatchedPlan", show: "Callable[[Watched], None]") -> "Watched":
    has_waited = False
    while True:
        try:
            seen = plan.look()
        except StateUnreachable as error:
            say(f"snapferry: waiting: {error.message}")
            seen = None
            has_waited = True
        if seen is None and not has_waited:
            say(f"There is no run of plan {plan.plan_name} yet; waiting for one to begin.")
            has_waited = True
        if seen is not None:
            if seen.snapshot.is_over:
                return seen
            show(seen)
        time.sleep(_EVERY_S)


@contextmanager
def _shown() -> "Generator[Callable[[Watched], None]]":
    if is_quiet():
        yield lambda _: None
    elif err.is_terminal:
        with _Screen() as screen:
            yield screen
    else:
        yield _Lines()


class _Screen:
    """A few lines that are drawn anew; they are gone at the end."""

    def __init__(self) -> None:
        self._live = Live(Text(), console=err, transient=True, refresh_per_second=4, get_renderable=self._now)
        self._view: RenderableType = Text()

    def __enter__(self) -> "_Screen":
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def __call__(self, seen: "Watched") -> None:
        self._view = progress_view(visible_values(seen.snapshot))

    def _now(self) -> RenderableType:
        return self._view


class _Lines:
    """A line every few seconds, and at once when another step begins."""

    def __init__(self) -> None:
        self._last = -_LINE_EVERY_S
        self._step = ""

    def __call__(self, seen: "Watched") -> None:
        step = seen.snapshot.step.step if seen.snapshot.step else ""
        if step == self._step and time.monotonic() - self._last < _LINE_EVERY_S:
            return
        self._last, self._step = time.monotonic(), step
        say_unwrapped(f"snapferry: {progress_line(visible_values(seen.snapshot))}")
