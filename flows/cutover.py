"""The cutover as a Prefect flow: the source frozen, the last round, verified, and the target opened."""

from prefect import flow

from configs.plan import Plan
from flows.cutover_opening import open_target_for_writes
from flows.cutover_rollback import resume_roll_back, rolled_back_on_error
from flows.cutover_window import expect_window, news_of_window, step_within, within
from flows.parameters import run_options
from flows.prefect_runtime.artifacts import shown_in_prefect
from flows.prefect_runtime.flow_runs import run_name
from flows.prefect_runtime.gates import pass_gate
from flows.prefect_runtime.steps import perform, run_step
from flows.seed_round import (
    compare_once,
    open_copies_for_reading,
    open_unchanged_ahead,
    resolve_once,
    snapshot_and_restore,
    verify_copies,
)
from flows.sessions.cutover import cutting_over, finished_cutover
from flows.stages import register, require_equal, require_restored
from reports.words import seeding as words
from runs.lifecycle import opening_has_begun
from runs.progress import Progress, report_progress
from tasks import steps
from tasks.cutover import automated_snapshots, final_check, freeze, open_target, window
from tasks.cutover.data_streams import make_streams
from tasks.migration import Consents, Migration
from tasks.records.resolution import LeftOut, LeftOutReason, Resolution
from tasks.records.seeding import ChangesRecord
from tasks.records.transfer import SnapshotRecord
from tasks.seeding.scope import apart, streams, whole


@flow(name="cutover", flow_run_name=run_name, persist_result=False)
def cutover(
    plan: Plan,
    execute: bool = False,
    consents: Consents = Consents(),  # noqa: B008
    state: str | None = None,
) -> str:
    """Freezes the source, takes the last round, verifies it and opens the target; or puts everything back.

    Args:
        plan: the plan, as in its YAML file. It names secrets, it holds none.
        execute: without it the flow refuses: nothing that changes a domain runs unasked.
        consents: the risks accepted; it needs `allow_freeze`.
        state: the state folder, on the machine that runs the flow; None for the default one.

    Returns:
        The run's id. A finished cutover is not repeated: its id is returned.

    Raises:
        SnapferryError: refused, failed, timed out or different. The source takes writes again then, unless
            the target was being opened already: then the same call goes on.
    """
    options = run_options(execute, consents, state)
    before = finished_cutover(plan, options)
    if before:
        return before.run_id
    with shown_in_prefect(plan.name, cutting_over(plan, options)) as m:
        chain(m)
    return m.journal.run_id


def chain(m: Migration) -> None:
    """Goes on where the run stands: putting back, opening, or everything up to the verified last round."""
    if m.journal.document.aborting:
        resume_roll_back(m)
        return
    if window.is_opening(m) and opening_has_begun(m.journal.document):
        open_target_for_writes(m)
        return
    window.withdraw_opening(m)  # killed before anything was opened: the source may have taken writes since
    if not window.is_frozen(m):
        freeze.require_consent(m.consents)
    with rolled_back_on_error(m):
        _up_to_opening(m)
        open_target_for_writes(m)


def _up_to_opening(m: Migration) -> None:
    """Everything up to the opening. What goes wrong once the source is frozen is put back."""
    resolution = resolve_once(m)
    if not window.is_frozen(m):
        expect_window(m, resolution)
    register(m, resolution)
    if not window.is_frozen(m):
        if pass_gate(m, "before-freeze", lambda: news_of_window(m, resolution)):
            resolution = resolve_once(m)  # after a long wait: what moves, and what refuses it, again
            expect_window(m, resolution)
        perform(m, steps.PAUSE_AUTOMATED, lambda: automated_snapshots.pause(m))
        run_step(m.journal, steps.OPEN_AHEAD.name, lambda: open_unchanged_ahead(m, resolution))
    _frozen(m, resolution)
    inside = window.inside(m)
    work = within(inside, lambda: compare_once(inside, resolution))
    taken = _last_round(inside, resolution, work)
    require_equal(within(inside, lambda: verify_copies(inside, apart(resolution), work, steps.VERIFY)))
    _ready(inside, resolution)
    if pass_gate(inside, "before-open"):
        _ready(inside, resolution)
    _streams_made(inside, resolution, work, taken)
    _looked_last(inside, resolution, work)
    window.require_time(inside)


def _frozen(m: Migration, resolution: Resolution) -> None:
    opened = sum(index.open for index in resolution.indices)
    report_progress(Progress(steps.FREEZE.name, words.about_to_freeze(opened, m.plan.cutover.window)))
    window.begin(m)
    inside = window.inside(m)
    within(inside, lambda: perform(inside, steps.FREEZE, lambda: freeze.freeze(inside, resolution)))


def _last_round(m: Migration, resolution: Resolution, work: ChangesRecord) -> SnapshotRecord | None:
    names = {change.name for change in work.restored}
    taken = within(m, lambda: snapshot_and_restore(m, resolution, work, lambda all_: whole(all_, names)))
    within(m, lambda: open_copies_for_reading(m, resolution))
    return taken


def _ready(m: Migration, resolution: Resolution) -> None:
    step_within(m, steps.CHECK_NAMES, lambda: open_target.require_free_names(m, resolution))


def _looked_last(m: Migration, resolution: Resolution, work: ChangesRecord) -> None:
    step_within(m, steps.FINAL_CHECK, lambda: final_check.require_still(m, resolution, work))


def _streams_made(
    m: Migration, resolution: Resolution, work: ChangesRecord, taken: SnapshotRecord | None
) -> None:
    """Makes the data streams, and compares them once more: their indices were restored again for that."""
    made = streams(resolution)
    if not made or taken is None:
        return
    arrived = step_within(m, steps.MAKE_STREAMS, lambda: make_streams(m, resolution, taken))
    if arrived:
        require_restored(arrived)
    else:  # made before a kill: it may still be under way
        within(m, lambda: open_copies_for_reading(m, resolution))
    named = {unit.name for unit in made}
    others = [unit.name for unit in resolution.moving if unit.name not in named]
    before = LeftOutReason.COMPARED_BEFORE
    compared_before = tuple(LeftOut(name=name, reason=before) for name in others)
    of_streams = resolution.model_copy(
        update={"units": made, "left_out": (*resolution.left_out, *compared_before)}
    )
    require_equal(within(m, lambda: verify_copies(m, of_streams, work, steps.VERIFY_STREAMS)))
