"""Opening the target after the last round was verified: from here on nothing is put back."""

from flows.prefect_runtime.steps import kept, run_step
from reports.words import seeding as words
from runs.events import Event, emit
from runs.lifecycle import opening_has_begun
from runs.progress import Progress, report_progress
from tasks.cutover import automated_snapshots, freeze, open_target, window
from tasks.errors import ExecutionError
from tasks.migration import Migration
from tasks.records.cutover import ReleaseRecord
from tasks.records.resolution import Resolution


def open_target_for_writes(m: Migration) -> None:
    """Gives the target its aliases and lets it take writes; then waits for its health. May be continued.

    Raises:
        SnapferryError: a step failed; the same command goes on with it.
    """
    resolution = m.journal.document.recorded("resolve", Resolution)
    if resolution is None:
        raise ExecutionError("the journal lacks what was decided")
    if m.journal.record(open_target.STEP) is None:
        _opened(m, resolution)
    window.end(m)
    _source_settled(m)
    waited = run_step(m.journal, "health", lambda: open_target.wait_for_green(m, resolution))
    kept(m, "health", waited, words.health(waited))
    resumed = run_step(m.journal, "resume automated snapshots", lambda: automated_snapshots.resume(m))
    kept(m, "resume automated snapshots", resumed, words.resumed(resumed))


def _opened(m: Migration, resolution: Resolution) -> None:
    """Once it takes writes the target is its clients': nothing of this is done to it again."""
    if opening_has_begun(m.journal.document):  # clients may have changed the aliases since
        made = open_target.aliases_made(m, resolution)
    else:
        made = run_step(m.journal, "set aliases", lambda: open_target.set_aliases(m, resolution))
    window.begin_opening(m)
    report_progress(Progress("open", words.no_way_back(m.plan.cutover.source_after)))
    record = run_step(m.journal, open_target.STEP, lambda: open_target.open_for_writes(m, resolution, made))
    kept(m, open_target.STEP, record, words.opened(record))
    emit(Event("verified", words.opened(record)))


def _source_settled(m: Migration) -> None:
    """The source's block released, or kept as the plan wants it."""
    if m.plan.cutover.source_after == "released":
        record = run_step(m.journal, "release", lambda: freeze.release(m))
    else:
        record = run_step(
            m.journal, "release", lambda: ReleaseRecord(released=(), kept=tuple(freeze.still_blocked(m)))
        )
    kept(m, "release", record, words.released(record))
