"""Steps inside the window: none starts after its end, and one that takes longer fails with WindowOver."""

from collections.abc import Callable
from typing import TypeVar

from domains.errors import SnapferryError, is_transient
from flows.prefect_runtime.steps import perform, run_step
from reports.words import seeding as words
from runs.progress import Progress, listening, report_progress
from runs.state import State
from tasks import steps
from tasks.cutover import window
from tasks.cutover.window_estimate import expected_window
from tasks.errors import TimedOut
from tasks.migration import Migration
from tasks.records.estimates import WindowEstimate
from tasks.records.resolution import Resolution
from tasks.seeding.changes import find_changes, inspect_both_sides
from tasks.seeding.copies import ledger_of
from tasks.steps import Step

T = TypeVar("T")


def within_window(m: Migration, act: Callable[[], T]) -> T:
    """Return what `act` returns.

    Raises:
        WindowOver: the window expired before or during it.
    """
    window.require_time(m)
    try:
        with listening(lambda _: window.require_time(m)):
            return act()
    except SnapferryError as error:
        too_late = isinstance(error, TimedOut) or is_transient(error)
        if too_late and window.is_over(m):
            raise window.window_over(m) from error
        raise


def step_within(m: Migration, step: Step, act: Callable[[], T]) -> T:
    """Run a step inside the window and return its result."""
    return within_window(m, lambda: run_step(m.journal, step.name, act))


def record_window_estimate(m: Migration, resolution: Resolution) -> WindowEstimate:
    """Record and report how long the source will refuse writes."""
    made = perform(m, steps.ESTIMATE_WINDOW, lambda: _estimate_now(m, resolution))
    if made.low > m.plan.cutover.window.total_seconds():
        report_progress(
            Progress(steps.ESTIMATE_WINDOW.name, words.not_enough(m.plan.cutover.window), waiting=True)
        )
    return made


def current_window_estimate(m: Migration, resolution: Resolution) -> str:
    """A fresh estimate of the window in words; if the domains cannot be read, why not."""
    try:
        return words.expected(_estimate_now(m, resolution))
    except SnapferryError as error:
        return f"the window cannot be estimated: {error.message}"


def _estimate_now(m: Migration, resolution: Resolution) -> WindowEstimate:
    """A fresh estimate of the window. Reads only."""
    work = find_changes(m, resolution, inspect_both_sides(m, ledger_of(m)))
    earlier = (
        journal.document for journal in State.of(m.journal).journals() if journal.run_id != m.journal.run_id
    )
    return expected_window(resolution, work, tuple(earlier))
