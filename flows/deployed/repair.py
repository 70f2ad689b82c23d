"""The repair of what a verification names as a Prefect flow: for deployments."""

from flows.parameters import Crashes, PlanParameter, run_options
from flows.prefect_runtime.artifacts import progress_shown, view_artifact
from flows.prefect_runtime.deployed_flow import deployed_flow
from flows.prefect_runtime.flow_runs import in_flow_run, read_plan
from flows.repair import repair as bring_into_line
from reports.views.repair import repair_view
from tasks.errors import VerificationFailed
from tasks.migration import Consents


@deployed_flow("repair")
def repair(
    plan: PlanParameter,
    execute: bool = False,
    state: str | None = None,
    crashes: Crashes = 0,
) -> str:
    """Repair exactly the documents that a verification names on the target, and verify again.

    For the copies of a finished migration that are not yet in use. May be repeated.

    Args:
        plan: the plan: its text in YAML, a whole path on the worker's machine, s3://BUCKET/KEY, or an
            object with its keys. It names secrets but holds none.
        execute: required; without it the flow refuses to change anything.
        state: the state folder on the machine that runs the flow, or s3://BUCKET/PREFIX; None for what the
            plan says, or the default folder.
        crashes: how many crashed runs in a row this one continues; the automation counts them.

    Returns:
        What was found; the artifact `<plan>-repair` lists it.

    Raises:
        SnapferryError: refused or failed.
        VerificationFailed: something still differs.
    """
    given = read_plan(plan).plan
    options = run_options(given, execute, Consents(), state, crashes=crashes)
    with in_flow_run(given, options), progress_shown(given.name):
        record = bring_into_line(given, options)
    view_artifact(given.name, "repair", repair_view(record))
    if record.verified is None or not record.verified.passed:
        raise VerificationFailed(
            "after the repair, indices still differ or could not be compared",
            "the artifact with the repair lists them",
        )
    return "repaired, and verified again"
