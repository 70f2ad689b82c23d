"""The abort as a Prefect flow: for deployments, where nobody has a shell on the worker's machine."""

from flows.aborting.abort import abort as roll_back_or_remove
from flows.parameters import Crashes, PlanParameter, run_options
from flows.prefect_runtime.artifacts import progress_shown, view_artifact
from flows.prefect_runtime.deployed_flow import deployed_flow
from flows.prefect_runtime.flow_runs import in_flow_run, read_plan
from reports.views.cleanup import removal_view, rolled_back_view
from tasks.migration import Consents
from tasks.records.cleanup import RemovalRecord


@deployed_flow("abort")
def abort(
    plan: PlanParameter,
    execute: bool = False,
    seeds: bool = False,
    state: str | None = None,
    crashes: Crashes = 0,
) -> str:
    """Roll back an unfinished cutover, or remove what a rehearsal, seed rounds or a migration have left.

    One thing at a time, the most urgent first. May be repeated.

    Args:
        plan: the plan: its text in YAML, a whole path on the worker's machine, s3://BUCKET/KEY, or an
            object with its keys. It names secrets but holds none.
        execute: required; without it the flow refuses to change anything.
        seeds: consent to removing the copies and snapshots of seed rounds.
        state: the state folder on the machine that runs the flow, or s3://BUCKET/PREFIX; None for what the
            plan says, or the default folder.
        crashes: how many crashed runs in a row this one continues; the automation counts them.

    Returns:
        What was done; the artifact `<plan>-abort` lists it.

    Raises:
        SnapferryError: nothing is left, or it was refused or failed; another run resumes it.
    """
    given = read_plan(plan).plan
    options = run_options(given, execute, Consents(), state, crashes=crashes)
    options = options.model_copy(update={"seeds": seeds})
    with in_flow_run(given, options), progress_shown(given.name):
        record = roll_back_or_remove(given, options)
    if isinstance(record, RemovalRecord):
        view_artifact(given.name, "abort", removal_view(record))
        return "what was left is removed"
    view_artifact(given.name, "abort", rolled_back_view(record))
    return "the cutover is rolled back"
