"""The frame of a cutover and of a fallback: resume where the run stands, or roll back what fails."""

from collections.abc import Callable

from flows.cutover_rollback import resume_roll_back, roll_back_on_error
from flows.guard.agreement import heed_earlier_guard
from flows.guard.guard import Guard, guard_of
from runs.lifecycle import opening_has_begun
from runs.progress import listening
from tasks.cutover import freeze, window
from tasks.migration import Migration


def freeze_and_open(
    m: Migration,
    bring_over: Callable[[Migration, Guard], None],
    open_other: Callable[[Migration, Callable[[], None]], None],
) -> None:
    """Resume where the run stands: rolling back, opening, or everything up to the opening.

    Args:
        bring_over: does everything up to the opening; a failure while the source is frozen is rolled back.
        open_other: opens the other domain; it is given what asks the window's guard to stand down.
    """
    heed_earlier_guard(m)
    if m.journal.document.aborting:
        resume_roll_back(m)
        return
    if window.is_opening(m) and opening_has_begun(m.journal.document):
        open_other(m, _no_guard)
        return
    window.withdraw_opening(m)  # killed before anything was opened: the source may have taken writes since
    if not window.is_frozen(m):
        freeze.require_consent(m.consents)
    with guard_of(m) as guard, roll_back_on_error(m):
        with listening(guard.require_present):
            bring_over(window.limit_waits(m, guard.require_present), guard)
        open_other(m, guard.stand_down)


def _no_guard() -> None:
    """The opening has begun: its guard has stood down before."""
