"""One seed round as a Prefect flow: for a server that somebody watches, for deployments with a schedule."""

from prefect import flow

from configs.plan import Plan
from flows.chains import seed as chain
from flows.parameters import run_options
from flows.prefect_runtime.flow_runs import in_flow_run, run_name
from flows.sessions.begin_or_resume import Request
from tasks.migration import Consents


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
        state: the state folder on the machine that runs the flow, or s3://BUCKET/PREFIX; None for what the
            plan says, or the default folder.

    Returns:
        The run's id.

    Raises:
        SnapferryError: refused, failed or interrupted; the journal holds the whole story.
    """
    options = run_options(plan, execute, consents, state, new_run=new_run)
    with in_flow_run(plan.name):
        return chain.run(Request(plan, options))
