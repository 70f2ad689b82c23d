"""The cutover and its rehearsal as Prefect flows: for a server that somebody watches, for deployments."""

from prefect import flow

from configs.plan import Plan
from flows.chains import cutover as chain
from flows.chains import cutover_rehearsal as rehearsal
from flows.parameters import run_options
from flows.prefect_runtime.flow_runs import in_flow_run, run_name
from flows.sessions.begin_or_resume import Request
from tasks.migration import Consents


@flow(name="cutover", flow_run_name=run_name, persist_result=False)
def cutover(
    plan: Plan,
    execute: bool = False,
    consents: Consents = Consents(),  # noqa: B008
    state: str | None = None,
) -> str:
    """Freeze the source, copy the last round, verify it and open the target; or roll everything back.

    Args:
        plan: the plan, as in its YAML file. It names secrets but holds none.
        execute: required; without it the flow refuses to change anything.
        consents: the risks accepted; it needs `allow_freeze`.
        state: the state folder on the machine that runs the flow, or s3://BUCKET/PREFIX; None for what the
            plan says, or the default folder.

    Returns:
        The run's id. A finished cutover is not repeated: its id is returned.

    Raises:
        SnapferryError: refused, failed, timed out or different. The source takes writes again, unless the
            target was already being opened: then the same call resumes.
    """
    options = run_options(plan, execute, consents, state)
    with in_flow_run(plan.name):
        return chain.run(Request(plan, options))


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
        state: the state folder on the machine that runs the flow, or s3://BUCKET/PREFIX; None for what the
            plan says, or the default folder.

    Returns:
        The run's id; it counts as a seed round.

    Raises:
        SnapferryError: refused, failed, interrupted or different. The next round closes what it leaves open.
    """
    options = run_options(plan, execute, consents, state)
    with in_flow_run(plan.name):
        return rehearsal.run(Request(plan, options))
