"""What `seed` and `cutover` would do. Reads only; imports no Prefect."""

from configs.plan import Plan
from configs.values.durations import duration_text
from flows.sessions.exclusion import require_not_open
from flows.sessions.options import Options
from flows.sessions.session import read_only_migration
from runs.journal import Journal, now
from runs.lifecycle import is_frozen, is_opening, is_past_deadline, opening_has_begun
from runs.state import State, new_run_id
from runs.verbs import Verb
from tasks.checks import window as window_checks
from tasks.checks.run import run_checks
from tasks.cutover.window_estimate import expected_window
from tasks.migration import Migration
from tasks.planning import resolve
from tasks.records.previews import RoundPreview, WindowPreview
from tasks.records.resolution import Resolution
from tasks.records.seeding import ChangesRecord
from tasks.seeding.changes import STEP as COMPARE
from tasks.seeding.changes import changes, known
from tasks.seeding.ledger import ledger
from tasks.seeding.trusted_copies import require_own_snapshots, surveyed


def seed_preview(plan: Plan, options: Options) -> RoundPreview:
    """What the next seed round would take.

    Raises:
        SnapferryError: refused, or a domain could not be looked at.
    """
    return _ahead(plan, options, Verb.SEED)


def cutover_rehearsal_preview(plan: Plan, options: Options) -> RoundPreview:
    """What a cutover's rehearsal would take: a seed round, whose copies are compared.

    Raises:
        SnapferryError: refused, or a domain could not be looked at.
    """
    found = _ahead(plan, options, Verb.SEED)
    return found.model_copy(update={"verb": Verb.CUTOVER, "rehearsal": True})


def cutover_preview(plan: Plan, options: Options) -> RoundPreview:
    """What a cutover would take in its window, how long that would be, and what speaks against it.

    Raises:
        SnapferryError: refused, or a domain could not be looked at.
    """
    found = _ahead(plan, options, Verb.CUTOVER)
    m = read_only_migration(plan, options, new_run_id())
    state = State(options.state, plan.name)
    frozen = _frozen(state.unfinished(Verb.CUTOVER))
    checks = [check for check in window_checks.CHECKS if not (frozen and check is window_checks.blocked)]
    records = run_checks(surveyed(m, ledger(state)), (), checks)
    earlier = tuple(journal.document for journal in state.journals())
    return found.model_copy(
        update={
            "frozen": frozen,
            "allowed": duration_text(plan.cutover.window),
            "gates": tuple(gate for gate in Verb.CUTOVER.gates if gate in plan.gates),
            "pauses": plan.cutover.pause_automated_snapshots and m.source.signed,
            "window": expected_window(found.resolution, found.work, earlier),
            "before": tuple(record for record in records if record.status in {"WARN", "FAIL"}),
            "source_after": plan.cutover.source_after,
        }
    )


def _frozen(cutover: Journal | None) -> WindowPreview | None:
    """The window that an unfinished cutover has not ended; then what refuses writes is its own doing."""
    run = cutover.document if cutover else None
    if run is None or run.window is None or not is_frozen(run):
        return None
    then = "puts back" if run.aborting or is_past_deadline(run, now()) else "goes on"
    opens = is_opening(run) and opening_has_begun(run)
    return WindowPreview(
        frozen=run.window.frozen, deadline=run.window.deadline, then="opens" if opens else then
    )


def _ahead(plan: Plan, options: Options, verb: Verb) -> RoundPreview:
    state = State(options.state, plan.name)
    unfinished = state.unfinished(verb)
    if unfinished is None:
        require_not_open(state, options.new_run)
    m = read_only_migration(plan, options, unfinished.run_id if unfinished else new_run_id())
    bound = unfinished is not None and unfinished.changed_something
    resolution = unfinished.document.recorded("resolve", Resolution) if unfinished and bound else None
    work = unfinished.document.recorded(COMPARE, ChangesRecord) if unfinished and bound else None
    resolution = resolution or _resolved(m, state)
    return RoundPreview(
        verb=verb,
        plan=plan.name,
        continues=unfinished.run_id if unfinished else None,
        resolution=resolution,
        work=work or changes(m, resolution, known(m, ledger(state, m.journal.run_id))),
    )


def _resolved(m: Migration, state: State) -> Resolution:
    require_own_snapshots(m)
    resolution = resolve.resolve(m, surveyed(m, ledger(state, m.journal.run_id)))
    resolve.require_moving(resolution)
    return resolution
