"""The rehearsal as a Prefect flow: for a server that somebody watches, for deployments."""

from prefect import flow

from configs.plan import Plan
from flows.chains import rehearse as chain
from flows.parameters import run_options
from flows.prefect_runtime.flow_runs import in_flow_run, run_name
from flows.sessions.begin_or_resume import Request
from tasks.migration import Consents
from tasks.rehearsal import Rehearsal


@flow(name="rehearse", flow_run_name=run_name, persist_result=False)
def rehearse(
    plan: Plan,
    execute: bool = False,
    rehearsal: Rehearsal = Rehearsal(),  # noqa: B008
    consents: Consents = Consents(),  # noqa: B008
    state: str | None = None,
) -> str:
    """Do the plan's whole job into prefixed indices on the target, verify it, and remove what it made.

    Args:
        plan: the plan to rehearse.
        execute: required; without it the flow refuses to change anything.
        rehearsal: the prefix, a sample of the indices, a third domain, whether to keep what it makes.
        consents: the risks accepted.
        state: the state folder on the machine that runs the flow, or s3://BUCKET/PREFIX; None for what the
            plan says, or the default folder.

    Returns:
        The run's id. An interrupted rehearsal is resumed.

    Raises:
        SnapferryError: refused, failed, interrupted or different. What it made is removed all the same,
            except after an interruption: then the same call resumes, and `snapferry abort` removes it.
    """
    options = run_options(plan, execute, consents, state)
    with in_flow_run(plan.name):
        return chain.run(Request(plan, options, rehearsal=rehearsal))
