"""Follow as a Prefect flow: for a server that somebody watches, for deployments."""

from prefect import flow

from configs.plan import Plan
from flows.chains import follow as chain
from flows.parameters import run_options
from flows.prefect_runtime.flow_runs import in_flow_run, run_name
from flows.sessions.begin_or_resume import Request
from flows.sessions.following import direction
from tasks.migration import Consents


@flow(name="follow", flow_run_name=run_name, persist_result=False)
def follow(
    plan: Plan,
    execute: bool = False,
    consents: Consents = Consents(),  # noqa: B008
    until_ready: bool = True,
    state: str | None = None,
) -> str:
    """Bring over what changes on the source, round by round, until it may be cut over or it is cancelled.

    An unfinished run is resumed.

    Args:
        plan: the plan, as in its YAML file. It names secrets but holds none.
        execute: required; without it the flow refuses to change anything.
        consents: the risks accepted; following freezes nothing.
        until_ready: end as soon as a cutover may begin.
        state: the state folder on the machine that runs the flow, or s3://BUCKET/PREFIX; None for what the
            plan says, or the default folder.

    Returns:
        The run's id.

    Raises:
        SnapferryError: refused, failed or interrupted; the journal holds the whole story.
    """
    options = run_options(plan, execute, consents, state).model_copy(update={"until_ready": until_ready})
    plan, _ = direction(plan, options.state)
    with in_flow_run(plan.name):
        return chain.run(Request(plan, options))
