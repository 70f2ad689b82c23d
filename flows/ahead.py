"""What `seed` and `cutover` would do. Reads only; imports no Prefect."""

from configs.plan import Plan
from flows.beside import require_not_open
from flows.looking import onlooker
from flows.session import Options
from runs.state import State, new_run_id
from tasks import resolve
from tasks.checks import window as window_checks
from tasks.checks.run import run_checks
from tasks.cutover.expected import expected_window
from tasks.migration import Migration
from tasks.records import Resolution
from tasks.rounds.ahead import RoundAhead
from tasks.rounds.bases import require_own_snapshots, surveyed
from tasks.rounds.changes import STEP as COMPARE
from tasks.rounds.changes import changes, known
from tasks.rounds.ledger import ledger
from tasks.rounds.records import ChangesRecord


def seed_ahead(plan: Plan, options: Options) -> RoundAhead:
    """What the next seed round would take.

    Raises:
        SnapferryError: refused, or a domain could not be looked at.
    """
    return _ahead(plan, options, "seed")


def cutover_ahead(plan: Plan, options: Options) -> RoundAhead:
    """What a cutover would take in its window, how long that would be, and what speaks against it.

    Raises:
        SnapferryError: refused, or a domain could not be looked at.
    """
    found = _ahead(plan, options, "cutover")
    m = onlooker(plan, options, new_run_id())
    records = run_checks(surveyed(m, ledger(State(options.state, plan.name))), (), window_checks.CHECKS)
    earlier = tuple(journal.document for journal in State(options.state, plan.name).journals())
    return found.model_copy(
        update={
            "window": expected_window(found.resolution, found.work, earlier),
            "before": tuple(record for record in records if record.status in {"WARN", "FAIL"}),
            "source_after": plan.cutover.source_after,
        }
    )


def _ahead(plan: Plan, options: Options, verb: str) -> RoundAhead:
    state = State(options.state, plan.name)
    unfinished = state.unfinished(verb)
    if unfinished is None:
        require_not_open(state, options.new_run)
    m = onlooker(plan, options, unfinished.run_id if unfinished else new_run_id())
    bound = unfinished is not None and unfinished.changed_something
    resolution = unfinished.document.recorded("resolve", Resolution) if unfinished and bound else None
    work = unfinished.document.recorded(COMPARE, ChangesRecord) if unfinished and bound else None
    resolution = resolution or _resolved(m, state)
    return RoundAhead(
        verb="seed" if verb == "seed" else "cutover",
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
