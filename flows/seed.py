"""One seed round as a Prefect flow: for the command, and for deployments that run it on a schedule."""

from functools import partial

from prefect import flow

from configs.plan import Plan
from flows.parameters import run_options
from flows.prefect_runtime.artifacts import shown_in_prefect
from flows.prefect_runtime.flow_runs import run_name
from flows.prefect_runtime.steps import perform
from flows.seed_copies import close_and_list
from flows.seed_round import compare_once, resolve_once, round_result, snapshot_and_restore
from flows.sessions.current_selection import with_current_selection
from flows.sessions.seeding import seeding
from flows.stages import register
from tasks import steps
from tasks.migration import Consents, Migration
from tasks.records.resolution import Resolution
from tasks.records.seeding import ChangesRecord
from tasks.records.transfer import SnapshotRecord
from tasks.seeding import copies
from tasks.seeding.scope import select_only


@flow(name="seed", flow_run_name=run_name, persist_result=False)
def seed(
    plan: Plan,
    execute: bool = False,
    consents: Consents = Consents(),  # noqa: B008
    new_run: bool = False,
    state: str | None = None,
) -> str:
    """Copy what changed on the source since the last round into closed indices on the target.

    An unfinished round is resumed.

    Args:
        plan: the plan, as in its YAML file. It names secrets but holds none.
        execute: required; without it the flow refuses to change anything.
        consents: the risks accepted; a round freezes nothing.
        new_run: give up an unfinished round and begin another.
        state: the state folder on the machine that runs the flow; None for the default one.

    Returns:
        The run's id.

    Raises:
        SnapferryError: refused, failed or interrupted; the journal holds the whole story.
    """
    options = run_options(execute, consents, state, new_run=new_run)
    with shown_in_prefect(plan.name, seeding(plan, options)) as m:
        chain(m)
    return m.journal.run_id


def chain(m: Migration) -> None:
    """Run the steps in order. A resumed round goes through all of them again."""
    _, work, taken = take_round(m)
    close_round(m, work, taken)


def take_round(m: Migration) -> tuple[Resolution, ChangesRecord, SnapshotRecord | None]:
    """Restore what has changed onto its copies."""
    resolution = resolve_once(m)
    register(m, resolution)
    return with_current_selection(resolution, lambda: resolve_once(m), partial(_copy_changes, m))


def _copy_changes(
    m: Migration, resolution: Resolution
) -> tuple[Resolution, ChangesRecord, SnapshotRecord | None]:
    work = compare_once(m, resolution)
    names = {change.name for change in work.restored}
    taken = snapshot_and_restore(m, resolution, work, lambda whole: select_only(whole, names))
    return resolution, work, taken


def close_round(
    m: Migration, work: ChangesRecord, taken: SnapshotRecord | None, differing: frozenset[str] = frozenset()
) -> None:
    """Close every copy again, and record how the round went."""
    perform(m, steps.COPIES, lambda: copies.require_closed_copies(m, close_and_list(m, work, differing)))
    perform(m, steps.ROUND, lambda: round_result(m, work, taken))
