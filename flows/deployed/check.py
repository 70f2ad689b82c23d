"""The preflight checks as a Prefect flow: for deployments, before the first run of a plan."""

from flows.check import run_check
from flows.parameters import Crashes, PlanParameter, require_few_crashes
from flows.prefect_runtime.artifacts import view_artifact
from flows.prefect_runtime.deployed_flow import deployed_flow
from flows.prefect_runtime.flow_runs import read_plan
from reports.views.checks import checks_view, summary
from runs.place import state_place
from tasks.errors import PreconditionError
from tasks.migration import Consents


@deployed_flow("check")
def check(
    plan: PlanParameter,
    consents: Consents = Consents(),  # noqa: B008
    state: str | None = None,
    crashes: Crashes = 0,
) -> str:
    """Run the preflight checks. Reads only.

    Args:
        plan: the plan: its text in YAML, a whole path on the worker's machine, s3://BUCKET/KEY, or an
            object with its keys. It names secrets but holds none.
        consents: the risks that a later run accepts.
        state: the state folder on the machine that runs the flow, or s3://BUCKET/PREFIX; None for what the
            plan says, or the default folder.
        crashes: how many crashed runs in a row this one continues; the automation counts them.

    Returns:
        How many checks passed, warned and were skipped; the artifact `<plan>-checks` lists them.

    Raises:
        PreconditionError: a check fails; the artifact says how to fix it.
    """
    require_few_crashes(crashes)
    given = read_plan(plan)
    records = run_check(given.plan, consents, folder=state_place(state or None, given.plan.state))
    view_artifact(given.plan.name, "checks", checks_view(records, every=True))
    failed = [record for record in records if record.status == "FAIL"]
    if failed:
        raise PreconditionError(
            summary(records),
            tuple(f"{record.id}: {record.detail}" for record in failed),
            "the artifact with the checks says how to fix each",
        )
    return summary(records)
