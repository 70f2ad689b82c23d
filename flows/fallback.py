"""The fallback as a Prefect flow: for a server that somebody watches, for deployments."""

from prefect import flow

from configs.plan import Plan
from flows.chains import fallback as chain
from flows.parameters import run_options
from flows.prefect_runtime.flow_runs import in_flow_run, run_name
from flows.sessions.begin_or_resume import Request
from runs.begun_plan import exchanged
from tasks.migration import Consents


@flow(name="fallback", flow_run_name=run_name, persist_result=False)
def fallback(
    plan: Plan,
    execute: bool = False,
    consents: Consents = Consents(),  # noqa: B008
    state: str | None = None,
) -> str:
    """Freeze the target, bring the last of its writes back, prove it, and let the source take writes.

    Args:
        plan: the plan, as in its YAML file. It names secrets but holds none.
        execute: required; without it the flow refuses to change anything.
        consents: the risks accepted; it needs `allow_freeze`.
        state: the state folder on the machine that runs the flow, or s3://BUCKET/PREFIX; None for what the
            plan says, or the default folder.

    Returns:
        The run's id.

    Raises:
        SnapferryError: refused, failed, timed out or different. The target takes writes again, unless the
            source was already being opened: then the same call resumes.
    """
    options = run_options(plan, execute, consents, state)
    with in_flow_run(plan.name):
        return chain.run(Request(exchanged(plan), options))
