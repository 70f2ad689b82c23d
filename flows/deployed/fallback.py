"""The fallback as a Prefect flow: for a server that somebody watches, for deployments."""

from flows.chains import fallback as chain
from flows.parameters import Crashes, PlanParameter, require_begun_window, run_options
from flows.prefect_runtime.deployed_flow import deployed_flow
from flows.prefect_runtime.flow_runs import in_flow_run, read_plan
from flows.sessions.begin_or_resume import Request
from runs.begun_plan import exchanged
from tasks.migration import Consents


@deployed_flow("fallback")
def fallback(
    plan: PlanParameter,
    execute: bool = False,
    consents: Consents = Consents(),  # noqa: B008
    state: str | None = None,
    crashes: Crashes = 0,
) -> str:
    """Freeze the target, bring the last of its writes back, prove it, and let the source take writes.

    Args:
        plan: the plan: its text in YAML, a whole path on the worker's machine, s3://BUCKET/KEY, or an
            object with its keys. It names secrets but holds none.
        execute: required; without it the flow refuses to change anything.
        consents: the risks accepted; it needs `allow_freeze`.
        state: the state folder on the machine that runs the flow, or s3://BUCKET/PREFIX; None for what the
            plan says, or the default folder.
        crashes: how many crashed runs in a row this one continues; the automation counts them.

    Returns:
        The run's id.

    Raises:
        SnapferryError: refused, failed, timed out or different. The target takes writes again, unless the
            source was already being opened: then the same call resumes.
    """
    given = read_plan(plan)
    options = run_options(given.plan, execute, consents, state, crashes=crashes)
    require_begun_window(given.plan, options, crashes)
    with in_flow_run(given.plan, options):
        return chain.run(Request(exchanged(given.plan), options))
