"""The clean-up after success as a Prefect flow: for deployments."""

from typing import Literal

from flows.finish import Choices
from flows.finish import finish as clean_up
from flows.parameters import Crashes, PlanParameter, run_options
from flows.prefect_runtime.artifacts import progress_shown, view_artifact
from flows.prefect_runtime.deployed_flow import deployed_flow
from flows.prefect_runtime.flow_runs import in_flow_run, read_plan
from reports.views.cleanup import finish_view
from tasks.migration import Consents


@deployed_flow("finish")
def finish(
    plan: PlanParameter,
    execute: bool = False,
    snapshots: Literal["keep", "remove"] | None = None,
    registrations: Literal["keep", "remove"] | None = None,
    source: Literal["blocked", "released"] | None = None,
    state: str | None = None,
    crashes: Crashes = 0,
) -> str:
    """Clean up after a finished migration or cutover: snapshots, registrations, the source's block.

    The indices that were moved are not touched. May be repeated, with other choices too.

    Args:
        plan: the plan: its text in YAML, a whole path on the worker's machine, s3://BUCKET/KEY, or an
            object with its keys. It names secrets but holds none.
        execute: required; without it the flow refuses to change anything.
        snapshots: keep or remove those of the run and its seed rounds; None for keep, or an earlier choice.
        registrations: of the repository on both sides; None for remove, or an earlier choice.
        source: after a cutover, keep its block or release it; None leaves it.
        state: the state folder on the machine that runs the flow, or s3://BUCKET/PREFIX; None for what the
            plan says, or the default folder.
        crashes: how many crashed runs in a row this one continues; the automation counts them.

    Returns:
        The id of the run that was cleaned up; the artifact `<plan>-finish` lists what was done.

    Raises:
        SnapferryError: refused or failed; another run resumes it.
    """
    given = read_plan(plan).plan
    options = run_options(given, execute, Consents(), state, crashes=crashes)
    dropped = {"keep": "keep", "remove": "drop", None: None}[snapshots]
    with in_flow_run(given, options), progress_shown(given.name):
        record = clean_up(given, options, Choices(dropped, registrations, source))
    view_artifact(given.name, "finish", finish_view(record))
    return "what the run has left is cleaned up"
