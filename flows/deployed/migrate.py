"""The migration as a Prefect flow: for a server that somebody watches, for deployments."""

from flows.chains import migrate as chain
from flows.given_plan import given_document
from flows.parameters import Crashes, PlanParameter, run_options
from flows.prefect_runtime.deployed_flow import deployed_flow
from flows.prefect_runtime.flow_runs import in_flow_run, read_plan
from flows.sessions.begin_or_resume import Request
from tasks.migration import Consents


@deployed_flow("migrate")
def migrate(
    plan: PlanParameter,
    execute: bool = False,
    consents: Consents = Consents(),  # noqa: B008
    new_run: bool = False,
    state: str | None = None,
    saved_plan: str | None = None,
    crashes: Crashes = 0,
) -> str:
    """Move the plan's indices from source to target and verify them; resume a run that was interrupted.

    Args:
        plan: the plan: its text in YAML, a whole path on the worker's machine, s3://BUCKET/KEY, or an
            object with its keys. It names secrets but holds none.
        execute: required; without it the flow refuses to change anything.
        consents: the risks accepted.
        new_run: start another run even if one has finished or is unfinished.
        state: the state folder on the machine that runs the flow, or s3://BUCKET/PREFIX; None for what the
            plan says, or the default folder.
        saved_plan: what `snapferry plan -o` has made from this plan (its text, its whole path on that
            machine, or s3://BUCKET/KEY): it does exactly that. It may be given as the plan instead.
        crashes: how many crashed runs in a row this one continues; the automation counts them.

    Returns:
        The run's id. A finished run is not repeated: its id is returned, or its failure raised again.

    Raises:
        SnapferryError: refused, failed, interrupted or different; the journal holds the whole story.
    """
    given = read_plan(plan)
    saved = given_document(saved_plan, given.plan) or given.saved
    options = run_options(given.plan, execute, consents, state, new_run=new_run, crashes=crashes)
    with in_flow_run(given.plan, options):
        return chain.run(Request(given.plan, options, saved))
