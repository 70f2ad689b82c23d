"""The fallback: freeze the target, bring the last of its writes back, prove it, let the source take writes.

It is a cutover the other way round, by the tail alone: older engines restore no snapshot of a newer one. In
its run the domains are exchanged: the source is the plan's target.
"""

from collections.abc import Callable
from functools import partial

from flows.chains.cutover import freeze_source
from flows.chains.cutover_opening import decided, release_or_keep_block
from flows.chains.cutover_window import begin_opening, start_guard, step_within, within_window
from flows.chains.freeze_and_open import freeze_and_open
from flows.chains.gates import pass_gate
from flows.chains.runtime import runtime
from flows.chains.seed_round import verify_copies
from flows.chains.stages import require_equal
from flows.chains.steps import perform
from flows.chains.tail import bring_over_last, catch_up, compare_by_tail_alone, require_as_proved
from flows.guard.agreement import await_guard
from flows.guard.guard import Guard
from flows.sessions.begin_or_resume import Request
from flows.sessions.falling_back import closed_by_plan, falling_back
from reports.words import seeding as words
from runs.events import Event, emit
from runs.progress import Progress, report_progress
from tasks import steps
from tasks.cutover import final_check, window
from tasks.errors import ExecutionError
from tasks.migration import Migration
from tasks.records.resolution import Resolution
from tasks.tail import way_back
from tasks.tail.session import Session, keeping_in_step, put_in_order


def run(request: Request) -> str:
    """Bring the target's writes back to the source, proved, and let the source take writes again.

    Args:
        request: with the plan's domains exchanged.

    Returns:
        The run's id.

    Raises:
        SnapferryError: refused, failed, timed out or different. The target takes writes again, unless the
            source was already being opened: then the same call resumes.
    """
    await_guard(request.state)
    with runtime().showing(falling_back(request.plan, request.options)) as m:
        chain(m)
    return m.journal.run_id


def chain(m: Migration) -> None:
    """Resume where the run stands: rolling back, opening, or everything up to the proof."""
    freeze_and_open(m, _bring_back, _open)


def _bring_back(m: Migration, guard: Guard) -> None:
    put_in_order(m)
    resolution = _resolved(m)
    if window.is_frozen(m):
        start_guard(m, resolution, guard)
        guard.watch(window.begin(m).deadline)
    _create_new(m, resolution)
    names = frozenset(index.name for index in resolution.indices)
    with keeping_in_step(m, steps.CATCH_UP.name, resolution, names) as session:
        if not window.is_frozen(m):
            resolution = _get_ready(m, resolution, guard, session)
        freeze_source(m, resolution, guard)
        _prove(window.limit_waits(m, guard.require_present), resolution, session)


def _resolved(m: Migration) -> Resolution:
    """What goes back; once the source may be frozen, as it was decided before."""
    return perform(m, steps.RESOLVE, lambda: way_back.resolve(m), bound_by=("block",))


def _create_new(m: Migration, resolution: Resolution) -> None:
    """Create what was made since the opening where it goes back to."""
    perform(m, steps.CREATE_BACK, lambda: way_back.create_new(m, resolution), bound_by=("block",))


def _get_ready(m: Migration, resolution: Resolution, guard: Guard, session: Session) -> Resolution:
    """Do everything that can be done before the freeze; return what goes back as of then."""
    catch_up(m, session)
    _require_in_step(session)
    if pass_gate(m, "before-freeze"):
        catch_up(m, session)
    resolution = _as_of_now(m, resolution, session)
    start_guard(m, resolution, guard)
    catch_up(m, session)
    _require_in_step(session)
    return resolution


def _as_of_now(m: Migration, before: Resolution, session: Session) -> Resolution:
    """What goes back now: catching up, or a wait at the gate, may have taken long."""
    resolution = _resolved(m)
    _create_new(m, resolution)
    was, names = ({index.name for index in each.indices} for each in (before, resolution))
    session.tail.leave_out_all_but(names)
    if names - was:
        session.admit(m, resolution, names - was)
    return resolution


def _require_in_step(session: Session) -> None:
    fallen = [index for index in session.tail.indices if index.out]
    if fallen:
        named = "; ".join(f"{index.name}: {index.out}" for index in fallen[:3])
        raise ExecutionError(
            f"falling back is not possible any more: {named}",
            "docs/way-back.md says what is left to do; the target goes on taking writes",
        )


def _prove(m: Migration, resolution: Resolution, session: Session) -> None:
    """Inside the window: the last round, its proof, and a last look at both sides."""
    work = within_window(m, lambda: compare_by_tail_alone(m, resolution, session))
    proved = bring_over_last(m, session)
    copies = within_window(m, lambda: final_check.copy_states(m, resolution))
    require_as_proved(session, copies)
    require_equal(within_window(m, lambda: verify_copies(m, resolution, work, steps.VERIFY, proved)))
    if pass_gate(m, "before-open"):
        window.require_time(m)
    check = partial(final_check.require_unchanged, m, resolution, work, copies, own_aliases=True)
    step_within(m, steps.FINAL_CHECK, check)
    if m.plan.cutover.source_after == "follow":
        proof = m.journal.document.recorded(steps.PROVE)
        perform(m, steps.WAY_BACK, lambda: way_back.promise(m, resolution, work, proof))
    window.require_time(m)


def _open(m: Migration, stand_down: Callable[[], None]) -> None:
    """Let the source take writes again, with the aliases of now. Resumable."""
    resolution = decided(m)
    if m.journal.record(steps.OPEN.name) is None:
        closed = closed_by_plan(m.journal)
        warning = words.going_back(m.plan.cutover.source_after)
        report_progress(Progress(steps.OPEN.name, warning, milestone=True))
        begin = partial(begin_opening, m, stand_down)
        record = perform(m, steps.OPEN, lambda: way_back.open_again(m, resolution, closed, begin))
        emit(Event("verified", words.opened(record)))
    window.end(m)
    release_or_keep_block(m)
