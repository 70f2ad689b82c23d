"""Rehearse a cutover: a seed round whose copies are opened, compared and closed again. Freezes nothing."""

from prefect import flow

from configs.plan import Plan
from flows.cutover_window import start_guard, try_opening
from flows.guard.guard import guard_of
from flows.parameters import run_options
from flows.prefect_runtime.artifacts import shown_in_prefect
from flows.prefect_runtime.flow_runs import run_name
from flows.seed import close_round, take_round
from flows.seed_round import open_copies_for_reading, verify_copies
from flows.sessions.seeding import seeding
from flows.stages import require_true_copy
from tasks import steps
from tasks.migration import Consents, Migration
from tasks.seeding.scope import with_streams_split


@flow(name="rehearse-cutover", flow_run_name=run_name, persist_result=False)
def rehearse_cutover(
    plan: Plan,
    execute: bool = False,
    consents: Consents = Consents(),  # noqa: B008
    state: str | None = None,
) -> str:
    """Do what a cutover does in its window, except the freeze and the opening, and measure it.

    The source takes writes all the time. Writes in the meantime make a verdict bracketed: everything up to
    the round's snapshot is there.

    Args:
        plan: the plan, as in its YAML file. It names secrets but holds none.
        execute: required; without it the flow refuses to change anything.
        consents: the risks accepted; a rehearsal freezes nothing.
        state: the state folder on the machine that runs the flow; None for the default one.

    Returns:
        The run's id; it counts as a seed round.

    Raises:
        SnapferryError: refused, failed, interrupted or different. The next round closes what it leaves open.
    """
    options = run_options(execute, consents, state)
    with shown_in_prefect(plan.name, seeding(plan, options)) as m:
        _rehearse(m)
    return m.journal.run_id


def _rehearse(m: Migration) -> None:
    with guard_of(m) as guard:
        resolution, work, taken = take_round(m)
        start_guard(m, resolution, guard)
    open_copies_for_reading(m, resolution)
    try_opening(m, with_streams_split(resolution))
    verified = verify_copies(m, with_streams_split(resolution), work, steps.VERIFY)
    wrong = frozenset(v.target for v in verified.failing if v.outcome != "bracketed")
    close_round(m, work, taken, wrong)
    require_true_copy(verified)
