"""The cutover: freeze the source, copy the last round, verify it, open the target."""

from functools import partial

from flows.chains.cutover_opening import open_target_for_writes
from flows.chains.cutover_window import (
    announce_window,
    current_window_estimate,
    record_window_estimate,
    start_guard,
    step_within,
    try_opening,
    within_window,
)
from flows.chains.freeze_and_open import freeze_and_open
from flows.chains.gates import pass_gate
from flows.chains.runtime import runtime
from flows.chains.seed_round import (
    open_copies_for_reading,
    open_unchanged_ahead,
    resolve_once,
    snapshot_and_restore,
    verify_copies,
)
from flows.chains.stages import copy_metadata, register, require_equal, require_restored
from flows.chains.steps import perform, run_step
from flows.chains.tail import (
    bring_over_last,
    catch_up,
    choose_ways,
    compare_with_tail,
    require_as_proved,
    tail_of,
)
from flows.guard.agreement import await_guard
from flows.guard.guard import Guard
from flows.sessions.begin_or_resume import Request
from flows.sessions.current_selection import with_current_selection
from flows.sessions.cutover import cutting_over, finished_cutover
from reports.words import seeding as words
from runs.progress import Progress, report_progress
from tasks import steps
from tasks.cutover import automated_snapshots, final_check, freeze, open_target, window
from tasks.cutover.data_streams import make_streams
from tasks.metadata.step import require_copyable
from tasks.migration import Migration
from tasks.records.metadata import MetadataPhase
from tasks.records.resolution import LeftOut, LeftOutReason, Resolution
from tasks.records.seeding import ChangesRecord
from tasks.records.transfer import SnapshotRecord
from tasks.seeding.scope import data_streams, with_streams_split, with_whole_streams
from tasks.snapshot import require_unchanged
from tasks.tail import way_back
from tasks.tail.session import Session


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
    freeze_and_open(m, _copy_and_verify, open_target_for_writes)


def _copy_and_verify(m: Migration, guard: Guard) -> None:
    """Do everything up to the opening. After a failure with a frozen source the caller rolls back."""
    resolution = resolve_once(m)
    _require_promisable(m, resolution)
    if window.is_frozen(m):
        start_guard(m, resolution, guard)
        guard.watch(window.begin(m).deadline)
    else:
        record_window_estimate(m, resolution)
    register(m, resolution)
    chosen = choose_ways(m, resolution)
    with tail_of(m, resolution, chosen) as session:
        if not window.is_frozen(m):
            resolution = _get_ready(m, resolution, guard, session)
        _do_in_window(m, resolution, guard, session)


def _get_ready(m: Migration, resolution: Resolution, guard: Guard, session: Session | None) -> Resolution:
    """Do everything that can be done before the freeze; return what moves as of then."""
    catch_up(m, session)
    if pass_gate(m, "before-freeze", lambda: current_window_estimate(m, resolution)):
        resolution = resolve_once(m)  # after a long wait, decide again what moves and what is in the way
        record_window_estimate(m, resolution)
    resolution = with_current_selection(resolution, lambda: resolve_once(m), partial(_still_there, m))
    open_target.require_no_foreign_aliases(m, resolution)
    _try_way_back(m, resolution)
    if m.plan.metadata.automatic:
        require_copyable(m)
    copy_metadata(m, steps.METADATA_BEFORE, MetadataPhase.BEFORE_RESTORE)
    try_opening(m, resolution)
    start_guard(m, resolution, guard)
    perform(m, steps.PAUSE_AUTOMATED, lambda: automated_snapshots.pause(m))
    run_step(m.journal, steps.OPEN_AHEAD.name, lambda: open_unchanged_ahead(m, resolution))
    catch_up(m, session)
    return resolution


def _do_in_window(m: Migration, resolution: Resolution, guard: Guard, session: Session | None) -> None:
    """Freeze the source, bring over the last of it, and compare."""
    freeze_source(m, resolution, guard)
    limited = window.limit_waits(m, guard.require_present)
    work = within_window(limited, lambda: compare_with_tail(limited, resolution, session))
    proved = bring_over_last(limited, session)
    taken = _last_round(limited, resolution, work)
    copies = within_window(limited, lambda: final_check.copy_states(limited, resolution))
    require_as_proved(session, copies)
    require_equal(
        within_window(
            limited,
            lambda: verify_copies(limited, with_streams_split(resolution), work, steps.VERIFY, proved),
        )
    )
    _check_names(limited, resolution)
    if pass_gate(limited, "before-open"):
        _check_names(limited, resolution)
    copies |= _make_streams(limited, resolution, work, taken)
    _final_check(limited, resolution, work, copies)
    _promise_way_back(limited, resolution, work)
    window.require_time(limited)


def _require_promisable(m: Migration, resolution: Resolution) -> None:
    if m.plan.cutover.source_after == "follow" and not window.is_frozen(m):
        way_back.require_promisable(m, resolution)


def _try_way_back(m: Migration, resolution: Resolution) -> None:
    """Before the freeze: no way back is promised that was not tried."""
    _require_promisable(m, resolution)
    if m.plan.cutover.source_after == "follow":
        run_step(m.journal, steps.TRY_WAY_BACK.name, lambda: way_back.try_way_back(m))


def _promise_way_back(m: Migration, resolution: Resolution, work: ChangesRecord) -> None:
    """Note what the way back starts from, while both sides are proved equal and neither takes writes."""
    if m.plan.cutover.source_after == "follow":
        proof = m.journal.document.recorded(steps.PROVE)
        promised = partial(way_back.promise, m, resolution, work, proof)
        within_window(m, lambda: perform(m, steps.WAY_BACK, promised))


def _still_there(m: Migration, resolution: Resolution) -> Resolution:
    """What was decided, if every index of it can still be frozen."""
    require_unchanged(m, resolution)
    return resolution


def freeze_source(m: Migration, resolution: Resolution, guard: Guard) -> None:
    """Begin the window: announce it, have the guard watch it, and block the source."""
    opened = sum(index.open for index in resolution.indices)
    warning = words.about_to_freeze(opened, m.plan.cutover.window)
    report_progress(Progress(steps.FREEZE.name, warning, milestone=True))
    guard.watch(window.begin(m).deadline)
    limited = window.limit_waits(m, guard.require_present)
    within_window(limited, lambda: perform(limited, steps.FREEZE, lambda: freeze.freeze(limited, resolution)))
    within_window(limited, lambda: announce_window(limited))


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
