"""The migration as a Prefect flow: for a server that somebody watches, for deployments."""

from pathlib import Path

from prefect import flow

from configs.loading.problems import PlanError
from configs.plan import Plan
from flows.chains import migrate as chain
from flows.parameters import run_options
from flows.prefect_runtime.flow_runs import in_flow_run, run_name
from flows.sessions.begin_or_resume import Request
from flows.sessions.saved_plans import SAVE_AGAIN, plan_in, read
from runs.begun_plan import plan_record
from tasks.errors import PreconditionError
from tasks.migration import Consents
from tasks.records.plan_document import PlanDocument


@flow(name="migrate", flow_run_name=run_name, persist_result=False)
def migrate(
    plan: Plan,
    execute: bool = False,
    consents: Consents = Consents(),  # noqa: B008
    new_run: bool = False,
    state: str | None = None,
    saved_plan: str | None = None,
) -> str:
    """Move the plan's indices from source to target and verify them; resume a run that was interrupted.

    Args:
        plan: the plan, as in its YAML file. It names secrets but holds none.
        execute: required; without it the flow refuses to change anything.
        consents: the risks accepted.
        new_run: start another run even if one has finished or is unfinished.
        state: the state folder on the machine that runs the flow, or s3://BUCKET/PREFIX; None for what the
            plan says, or the default folder.
        saved_plan: a file from `snapferry plan -o` on that machine, made from this plan: it does exactly
            that.

    Returns:
        The run's id. A finished run is not repeated: its id is returned, or its failure raised again.

    Raises:
        SnapferryError: refused, failed, interrupted or different; the journal holds the whole story.
    """
    options = run_options(plan, execute, consents, state, new_run=new_run)
    with in_flow_run(plan.name):
        return chain.run(Request(plan, options, _read_saved_plan(plan, saved_plan)))


def _read_saved_plan(plan: Plan, file: str | None) -> PlanDocument | None:
    if file is None:
        return None
    try:
        document = read(Path(file))
        if plan_record(plan_in(document, Path(file))) == plan_record(plan):
            return document
    except PlanError as error:
        raise PreconditionError(str(error), hint=SAVE_AGAIN) from error
    raise PreconditionError(f"{file} was saved from a different plan", hint="save it again from this plan")
