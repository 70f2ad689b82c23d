"""The cutover: freeze the source, copy the last round, verify it, open the target."""

from functools import partial

from flows.chains.cutover_opening import open_target_for_writes
from flows.chains.cutover_window import (
    current_window_estimate,
    record_window_estimate,
    start_guard,
    step_within,
    try_opening,
    within_window,
)
from flows.chains.gates import pass_gate
from flows.chains.runtime import runtime
from flows.chains.seed_round import (
    compare_once,
    open_copies_for_reading,
    open_unchanged_ahead,
    resolve_once,
    snapshot_and_restore,
    verify_copies,
)
from flows.chains.stages import register, require_equal, require_restored
from flows.chains.steps import perform, run_step
from flows.cutover_rollback import resume_roll_back, roll_back_on_error
from flows.guard.agreement import await_guard, heed_earlier_guard
from flows.guard.guard import Guard, guard_of
from flows.sessions.begin_or_resume import Request
from flows.sessions.current_selection import with_current_selection
from flows.sessions.cutover import cutting_over, finished_cutover
from reports.words import seeding as words
from runs.lifecycle import opening_has_begun
from runs.progress import Progress, listening, report_progress
from tasks import steps
from tasks.cutover import automated_snapshots, final_check, freeze, open_target, window
from tasks.cutover.data_streams import make_streams
from tasks.migration import Migration
from tasks.records.resolution import LeftOut, LeftOutReason, Resolution
from tasks.records.seeding import ChangesRecord
from tasks.records.transfer import SnapshotRecord
from tasks.seeding.scope import data_streams, with_streams_split, with_whole_streams
from tasks.snapshot import require_unchanged


def run(request: Request) -> str:
    """Freeze the source, copy the last round, verify it and open the target; or roll everything back.

    Returns:
        The run's id. A finished cutover is not repeated: its id is returned.

    Raises:
        SnapferryError: refused, failed, timed out or different. The source takes writes again, unless the
            target was already being opened: then the same call resumes.
    """
    await_guard(request.state)
    before = finished_cutover(request.plan, request.options)
    if before:
        return before.run_id
    with runtime().showing(cutting_over(request.plan, request.options)) as m:
        chain(m)
    return m.journal.run_id


def chain(m: Migration) -> None:
    """Resume where the run stands: rolling back, opening, or everything up to the verified last round."""
    heed_earlier_guard(m)
    if m.journal.document.aborting:
        resume_roll_back(m)
        return
    if window.is_opening(m) and opening_has_begun(m.journal.document):
        open_target_for_writes(m, _no_guard)
        return
    window.withdraw_opening(m)  # killed before anything was opened: the source may have taken writes since
    if not window.is_frozen(m):
        freeze.require_consent(m.consents)
    with guard_of(m) as guard, roll_back_on_error(m):
        with listening(guard.require_present):
            _copy_and_verify(window.limit_waits(m, guard.require_present), guard)
        open_target_for_writes(m, guard.stand_down)


def _no_guard() -> None:
    """The opening has begun: its guard has stood down before."""


def _copy_and_verify(m: Migration, guard: Guard) -> None:
    """Do everything up to the opening. After a failure with a frozen source the caller rolls back."""
    resolution = resolve_once(m)
    if window.is_frozen(m):
        start_guard(m, resolution, guard)
        guard.watch(window.begin(m).deadline)
    else:
        record_window_estimate(m, resolution)
    register(m, resolution)
    if not window.is_frozen(m):
        if pass_gate(m, "before-freeze", lambda: current_window_estimate(m, resolution)):
            resolution = resolve_once(m)  # after a long wait, decide again what moves and what is in the way
            record_window_estimate(m, resolution)
        resolution = with_current_selection(resolution, lambda: resolve_once(m), partial(_still_there, m))
        open_target.require_no_foreign_aliases(m, resolution)
        try_opening(m, resolution)
        start_guard(m, resolution, guard)
        perform(m, steps.PAUSE_AUTOMATED, lambda: automated_snapshots.pause(m))
        run_step(m.journal, steps.OPEN_AHEAD.name, lambda: open_unchanged_ahead(m, resolution))
    _freeze(m, resolution, guard)
    limited = window.limit_waits(m, guard.require_present)
    work = within_window(limited, lambda: compare_once(limited, resolution))
    taken = _last_round(limited, resolution, work)
    copies = within_window(limited, lambda: final_check.copy_states(limited, resolution))
    require_equal(
        within_window(
            limited, lambda: verify_copies(limited, with_streams_split(resolution), work, steps.VERIFY)
        )
    )
    _check_names(limited, resolution)
    if pass_gate(limited, "before-open"):
        _check_names(limited, resolution)
    copies |= _make_streams(limited, resolution, work, taken)
    _final_check(limited, resolution, work, copies)
    window.require_time(limited)


def _still_there(m: Migration, resolution: Resolution) -> Resolution:
    """What was decided, if every index of it can still be frozen."""
    require_unchanged(m, resolution)
    return resolution


def _freeze(m: Migration, resolution: Resolution, guard: Guard) -> None:
    opened = sum(index.open for index in resolution.indices)
    warning = words.about_to_freeze(opened, m.plan.cutover.window)
    report_progress(Progress(steps.FREEZE.name, warning, milestone=True))
    guard.watch(window.begin(m).deadline)
    limited = window.limit_waits(m, guard.require_present)
    within_window(limited, lambda: perform(limited, steps.FREEZE, lambda: freeze.freeze(limited, resolution)))


def _last_round(m: Migration, resolution: Resolution, work: ChangesRecord) -> SnapshotRecord | None:
    names = {change.name for change in work.restored}
    taken = within_window(
        m, lambda: snapshot_and_restore(m, resolution, work, lambda all_: with_whole_streams(all_, names))
    )
    within_window(m, lambda: open_copies_for_reading(m, resolution))
    return taken


def _check_names(m: Migration, resolution: Resolution) -> None:
    step_within(m, steps.CHECK_NAMES, lambda: open_target.require_free_names(m, resolution))


def _final_check(
    m: Migration, resolution: Resolution, work: ChangesRecord, copies: final_check.States
) -> None:
    step_within(m, steps.FINAL_CHECK, lambda: final_check.require_unchanged(m, resolution, work, copies))


def _make_streams(
    m: Migration, resolution: Resolution, work: ChangesRecord, taken: SnapshotRecord | None
) -> dict[str, final_check.CopyState]:
    """Create the data streams and compare them again, because this restores their indices once more.

    Returns:
        These indices on the target, read before the comparison.
    """
    made = data_streams(resolution)
    if not made or taken is None:
        return {}
    arrived = step_within(m, steps.MAKE_STREAMS, lambda: make_streams(m, resolution, taken))
    if arrived:
        require_restored(arrived)
    else:  # created before a kill: they may still be starting
        within_window(m, lambda: open_copies_for_reading(m, resolution))
    named = {unit.name for unit in made}
    others = [unit.name for unit in resolution.moving if unit.name not in named]
    before = LeftOutReason.COMPARED_BEFORE
    compared_before = tuple(LeftOut(name=name, reason=before) for name in others)
    of_streams = resolution.model_copy(
        update={"units": made, "left_out": (*resolution.left_out, *compared_before)}
    )
    copies = within_window(m, lambda: final_check.copy_states(m, of_streams))
    require_equal(within_window(m, lambda: verify_copies(m, of_streams, work, steps.VERIFY_STREAMS)))
    return copies
