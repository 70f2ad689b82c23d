"""A cutover rehearsed: a seed round whose copies are opened, compared and closed again. Freezes nothing."""

from prefect import flow

from configs.plan import Plan
from flows.parameters import run_options
from flows.prefect_runtime.artifacts import shown_in_prefect
from flows.prefect_runtime.flow_runs import run_name
from flows.seed import close_round, take_round
from flows.seed_round import open_copies_for_reading, verify_copies
from flows.sessions.seeding import seeding
from flows.stages import require_true_copy
from tasks import steps
from tasks.migration import Consents, Migration
from tasks.seeding.scope import apart


@flow(name="rehearse-cutover", flow_run_name=run_name, persist_result=False)
def rehearse_cutover(
    plan: Plan,
    execute: bool = False,
    consents: Consents = Consents(),  # noqa: B008
    state: str | None = None,
) -> str:
    """Does what a cutover does in its window, but for the freeze and the opening, and measures it.

    The source takes writes all the time: what is written meanwhile makes a verdict bracketed, which says that
    all up to the round's snapshot is there.

    Args:
        plan: the plan, as in its YAML file. It names secrets, it holds none.
        execute: without it the flow refuses: nothing that changes a domain runs unasked.
        consents: the risks accepted; a rehearsal freezes nothing.
        state: the state folder, on the machine that runs the flow; None for the default one.

    Returns:
        The run's id; it is a seed round, and counts as one.

    Raises:
        SnapferryError: refused, failed, interrupted or different. What it leaves open is closed by the
            next round.
    """
    options = run_options(execute, consents, state)
    with shown_in_prefect(plan.name, seeding(plan, options)) as m:
        _rehearsed(m)
    return m.journal.run_id


def _rehearsed(m: Migration) -> None:
    resolution, work, taken = take_round(m)
    open_copies_for_reading(m, resolution)
    verified = verify_copies(m, apart(resolution), work, steps.VERIFY)
    wrong = frozenset(v.target for v in verified.failing if v.outcome != "bracketed")
    close_round(m, work, taken, wrong)
    require_true_copy(verified)
