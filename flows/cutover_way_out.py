"""Prove the ways out before the way in: that the source can be released, and that copies can be opened."""

from collections.abc import Generator
from contextlib import contextmanager

from flows.guard.guard import Guard
from flows.prefect_runtime.steps import run_step
from reports.words import seeding as words
from runs.progress import Progress, report_progress
from tasks import steps
from tasks.cutover import freeze, open_target, window
from tasks.migration import Migration
from tasks.records.resolution import Resolution


def try_opening(m: Migration, resolution: Resolution) -> None:
    """Try on the copies that are there whether the target accepts the requests of the opening."""
    names = [index.target for index in resolution.indices]
    run_step(m.journal, steps.TRY_OPENING.name, lambda: open_target.try_opening(m, names))


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


@contextmanager
def guard_of(m: Migration) -> Generator[Guard]:
    """A guard for the block, not started yet; after the block it ends when nothing is left for it to do."""
    guard = Guard(m)
    try:
        yield guard
    finally:
        guard.end()
