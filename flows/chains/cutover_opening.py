"""Open the target after the last round was verified: from here on nothing is rolled back."""

from collections.abc import Callable
from functools import partial

from flows.chains.cutover_window import begin_opening, step_within
from flows.chains.stages import copy_metadata
from flows.chains.steps import perform
from reports.words import seeding as words
from runs.events import Event, emit
from runs.lifecycle import opening_has_begun
from runs.progress import Progress, report_progress
from tasks import steps
from tasks.cutover import automated_snapshots, freeze, open_target, window
from tasks.errors import ExecutionError
from tasks.migration import Migration
from tasks.records.cutover import ReleaseRecord
from tasks.records.metadata import MetadataPhase
from tasks.records.resolution import Resolution


def open_target_for_writes(m: Migration, stand_down: Callable[[], None]) -> None:
    """Give the target its aliases, let it take writes, then wait until it is green. Resumable.

    Args:
        stand_down: asks the window's guard to leave the source alone from now on, and returns once it has
            recorded that. It is called right before the first request that opens anything.

    Raises:
        SnapferryError: a step failed; the same command resumes with it.
    """
    resolution = decided(m)
    if m.journal.record(steps.OPEN.name) is None:
        _open(m, resolution, stand_down)
    window.end(m)
    release_or_keep_block(m)
    perform(m, steps.HEALTH, lambda: open_target.wait_for_green(m, resolution))
    perform(m, steps.RESUME_AUTOMATED, lambda: automated_snapshots.resume(m))
    copy_metadata(m, steps.METADATA_AFTER, MetadataPhase.AFTER_OPENING)


def decided(m: Migration) -> Resolution:
    """What the run decided to move.

    Raises:
        ExecutionError: the journal lacks it.
    """
    resolution = m.journal.document.recorded(steps.RESOLVE)
    if resolution is None:
        raise ExecutionError(
            "the journal lacks what was decided", "restore the state folder from a backup, then run it again"
        )
    return resolution


def _open(m: Migration, resolution: Resolution, stand_down: Callable[[], None]) -> None:
    """Open it once: from the first write on the target belongs to its clients, and no step is repeated."""
    if opening_has_begun(m.journal.document):  # clients may have changed the aliases since
        made = open_target.planned_aliases(m, resolution)
    else:
        made = step_within(m, steps.SET_ALIASES, lambda: open_target.set_aliases(m, resolution))
    warning = words.no_way_back(m.plan.cutover.source_after)
    report_progress(Progress(steps.OPEN.name, warning, milestone=True))
    begin = partial(begin_opening, m, stand_down)
    record = perform(m, steps.OPEN, lambda: open_target.open_for_writes(m, resolution, made, begin))
    emit(Event("verified", words.opened(record)))


def release_or_keep_block(m: Migration) -> None:
    """Release the source, or keep its block, as the plan says."""
    if m.plan.cutover.source_after == "released":
        perform(m, steps.RELEASE, lambda: freeze.release(m))
    else:
        perform(m, steps.RELEASE, lambda: ReleaseRecord(released=(), kept=tuple(freeze.still_blocked(m))))
