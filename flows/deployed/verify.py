"""The comparison of both sides as a Prefect flow: for deployments, at any time and on a schedule."""

from typing import Literal

from flows.parameters import Crashes, PlanParameter, require_few_crashes
from flows.prefect_runtime.artifacts import progress_shown, view_artifact
from flows.prefect_runtime.deployed_flow import deployed_flow
from flows.prefect_runtime.flow_runs import read_plan
from flows.verify import verify_plan
from reports.views.report import verification_view
from runs.place import state_place
from tasks.errors import PreconditionError, VerificationFailed


@deployed_flow("verify")
def verify(
    plan: PlanParameter,
    level: Literal["counts", "operations", "content"] | None = None,
    state: str | None = None,
    crashes: Crashes = 0,
) -> str:
    """Compare source and target, index by index. Reads both sides, and refreshes their indices.

    Args:
        plan: the plan: its text in YAML, a whole path on the worker's machine, s3://BUCKET/KEY, or an
            object with its keys. It names secrets but holds none.
        level: how closely to compare; None for the plan's level.
        state: the state folder on the machine that runs the flow, or s3://BUCKET/PREFIX; None for what the
            plan says, or the default folder.
        crashes: how many crashed runs in a row this one continues; the automation counts them.

    Returns:
        How many indices are equal; the artifact `<plan>-comparison` lists them.

    Raises:
        VerificationFailed: something differs, or could not be compared.
    """
    require_few_crashes(crashes)
    given = read_plan(plan).plan
    if level and given.source_domain is None:
        raise PreconditionError(
            "the plan's source is a snapshot: there is only level record", hint="leave out the level"
        )
    if level:
        given = given.model_copy(update={"verify": given.verify.model_copy(update={"level": level})})
    with progress_shown(given.name):
        record = verify_plan(given, state_place(state or None, given.state))
    view_artifact(given.name, "comparison", verification_view(record, every=True))
    equal, compared = len(record.verdicts) - len(record.failing), len(record.verdicts)
    if not record.passed:
        raise VerificationFailed(
            f"{equal} of {compared} indices are equal; the others differ or could not be compared",
            "the artifact with the comparison lists every index",
        )
    return f"{equal} of {compared} indices are equal"
