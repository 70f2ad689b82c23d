"""One seed round as a Prefect flow: for a server that somebody watches, for deployments with a schedule."""

from flows.chains import seed as chain
from flows.parameters import Crashes, PlanParameter, run_options
from flows.prefect_runtime.deployed_flow import deployed_flow
from flows.prefect_runtime.flow_runs import in_flow_run, read_plan
from flows.sessions.begin_or_resume import Request
from tasks.migration import Consents


@deployed_flow("seed")
def seed(
    plan: PlanParameter,
    execute: bool = False,
    consents: Consents = Consents(),  # noqa: B008
    new_run: bool = False,
    state: str | None = None,
    crashes: Crashes = 0,
) -> str:
    """Copy what changed on the source since the last round into closed indices on the target.

    An unfinished round is resumed.

    Args:
        plan: the plan: its text in YAML, a whole path on the worker's machine, s3://BUCKET/KEY, or an
            object with its keys. It names secrets but holds none.
        execute: required; without it the flow refuses to change anything.
        consents: the risks accepted; a round freezes nothing.
        new_run: give up an unfinished round and begin another.
        state: the state folder on the machine that runs the flow, or s3://BUCKET/PREFIX; None for what the
            plan says, or the default folder.
        crashes: how many crashed runs in a row this one continues; the automation counts them.

    Returns:
        The run's id.

    Raises:
        SnapferryError: refused, failed or interrupted; the journal holds the whole story.
    """
    given = read_plan(plan)
    options = run_options(given.plan, execute, consents, state, new_run=new_run, crashes=crashes)
    with in_flow_run(given.plan, options):
        return chain.run(Request(given.plan, options))
