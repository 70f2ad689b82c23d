"""A cutover's window: its estimate, the ways out that are proved before it, and the steps inside it.

No step starts after the window's end, and one that takes longer fails with WindowOver.
"""

from collections.abc import Callable
from typing import TypeVar

from domains.errors import SnapferryError, is_transient
from flows.chains.steps import perform, run_step
from flows.guard.guard import Guard
from reports.words import queries
from reports.words import seeding as words
from runs.events import Event, emit
from runs.lifecycle import opening_has_begun
from runs.progress import Progress, listening, report_progress
from runs.state import State
from tasks import steps
from tasks.cutover import freeze, open_target, window
from tasks.cutover.window_estimate import expected_window
from tasks.errors import TimedOut
from tasks.migration import Migration
from tasks.queries.in_verification import expected_seconds
from tasks.records.estimates import WindowEstimate
from tasks.records.resolution import Resolution
from tasks.seeding.changes import find_changes, inspect_both_sides
from tasks.seeding.copies import ledger_of
from tasks.seeding.scope import with_streams_split
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
    _tell_query_gate(m, resolution)
    if made.low > m.plan.cutover.window.total_seconds():
        report_progress(
            Progress(steps.ESTIMATE_WINDOW.name, words.not_enough(m.plan.cutover.window), waiting=True)
        )
    return made


def _tell_query_gate(m: Migration, resolution: Resolution) -> None:
    """Tell how much of the window the query gate will take, by trying some of its searches on the source."""
    expected = expected_seconds(m, with_streams_split(resolution))
    if expected:
        too_long = expected[1] > m.plan.cutover.window.total_seconds() / 2
        said = queries.expected(*expected, m.plan.cutover.window)
        step = steps.ESTIMATE_WINDOW.name
        report_progress(Progress(step, said, finished=not too_long, waiting=too_long))


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


def try_opening(m: Migration, resolution: Resolution) -> None:
    """Try on the copies that are there whether the target accepts the requests of the opening."""
    names = [index.target for index in resolution.indices]
    run_step(m.journal, steps.TRY_OPENING.name, lambda: open_target.try_opening(m, names))


def begin_opening(m: Migration, stand_down: Callable[[], None]) -> None:
    """Pass the point of no return, unless that was done before.

    Args:
        stand_down: asks the window's guard to leave the frozen domain alone from now on.

    Raises:
        WindowOver: the deadline has passed; nothing was opened.
        ExecutionError: the guard does not stand down; nothing was opened.
    """
    if not opening_has_begun(m.journal.document):
        window.require_time(m)
        stand_down()
        window.begin_opening(m)


def start_guard(m: Migration, resolution: Resolution, guard: Guard) -> None:
    """Start the guard, which tries to release the source. Without one that works nothing is frozen.

    Raises:
        PreconditionError: the source refuses it, or the guard cannot work.
        WindowOver: of a resumed window: it has expired.
    """
    window.require_time(m)
    freeze.require_releasable(m, resolution)
    names = freeze.to_block(m, resolution)
    process = run_step(m.journal, steps.START_GUARD.name, lambda: guard.start(names))
    report_progress(Progress(steps.START_GUARD.name, words.guarded(process), finished=True))


def announce_window(m: Migration) -> None:
    """Tell hooks that writes are refused from now on, and until when at the latest."""
    entry = m.journal.document.window
    assert entry
    domain = "target" if m.journal.document.back else "source"
    emit(Event("window-opened", words.window_opened(domain, entry.deadline), until=entry.deadline))
