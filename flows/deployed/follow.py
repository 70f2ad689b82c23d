"""Follow as a Prefect flow: for a server that somebody watches, for deployments."""

from flows.chains import follow as chain
from flows.parameters import Crashes, PlanParameter, run_options
from flows.prefect_runtime.deployed_flow import deployed_flow
from flows.prefect_runtime.flow_runs import in_flow_run, read_plan
from flows.sessions.begin_or_resume import Request
from flows.sessions.following import direction
from tasks.migration import Consents


@deployed_flow("follow")
def follow(
    plan: PlanParameter,
    execute: bool = False,
    consents: Consents = Consents(),  # noqa: B008
    until_ready: bool = True,
    state: str | None = None,
    crashes: Crashes = 0,
) -> str:
    """Bring over what changes on the source, round by round, until it may be cut over or it is cancelled.

    An unfinished run is resumed.

    Args:
        plan: the plan: its text in YAML, a whole path on the worker's machine, s3://BUCKET/KEY, or an
            object with its keys. It names secrets but holds none.
        execute: required; without it the flow refuses to change anything.
        consents: the risks accepted; following freezes nothing.
        until_ready: end as soon as a cutover may begin.
        state: the state folder on the machine that runs the flow, or s3://BUCKET/PREFIX; None for what the
            plan says, or the default folder.
        crashes: how many crashed runs in a row this one continues; the automation counts them.

    Returns:
        The run's id.

    Raises:
        SnapferryError: refused, failed or interrupted; the journal holds the whole story.
    """
    given = read_plan(plan)
    options = run_options(given.plan, execute, consents, state, crashes=crashes)
    options = options.model_copy(update={"until_ready": until_ready})
    followed, _ = direction(given.plan, options.state)
    with in_flow_run(followed, options):
        return chain.run(Request(followed, options))
