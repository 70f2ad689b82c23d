"""The cutover and its rehearsal as Prefect flows: for a server that somebody watches, for deployments."""

from flows.chains import cutover as chain
from flows.chains import cutover_rehearsal as rehearsal
from flows.parameters import Crashes, PlanParameter, require_begun_window, run_options
from flows.prefect_runtime.deployed_flow import deployed_flow
from flows.prefect_runtime.flow_runs import in_flow_run, read_plan
from flows.sessions.begin_or_resume import Request
from tasks.migration import Consents


@deployed_flow("cutover")
def cutover(
    plan: PlanParameter,
    execute: bool = False,
    consents: Consents = Consents(),  # noqa: B008
    state: str | None = None,
    crashes: Crashes = 0,
) -> str:
    """Freeze the source, copy the last round, verify it and open the target; or roll everything back.

    Args:
        plan: the plan: its text in YAML, a whole path on the worker's machine, s3://BUCKET/KEY, or an
            object with its keys. It names secrets but holds none.
        execute: required; without it the flow refuses to change anything.
        consents: the risks accepted; it needs `allow_freeze`.
        state: the state folder on the machine that runs the flow, or s3://BUCKET/PREFIX; None for what the
            plan says, or the default folder.
        crashes: how many crashed runs in a row this one continues; the automation counts them.

    Returns:
        The run's id. A finished cutover is not repeated: its id is returned.

    Raises:
        SnapferryError: refused, failed, timed out or different. The source takes writes again, unless the
            target was already being opened: then the same call resumes.
    """
    given = read_plan(plan)
    options = run_options(given.plan, execute, consents, state, crashes=crashes)
    require_begun_window(given.plan, options, crashes)
    with in_flow_run(given.plan, options):
        return chain.run(Request(given.plan, options))


@deployed_flow("rehearse-cutover")
def rehearse_cutover(
    plan: PlanParameter,
    execute: bool = False,
    consents: Consents = Consents(),  # noqa: B008
    state: str | None = None,
    crashes: Crashes = 0,
) -> str:
    """Do what a cutover does in its window, except the freeze and the opening, and measure it.

    The source takes writes all the time. Writes in the meantime make a verdict bracketed: everything up to
    the round's snapshot is there.

    Args:
        plan: the plan: its text in YAML, a whole path on the worker's machine, s3://BUCKET/KEY, or an
            object with its keys. It names secrets but holds none.
        execute: required; without it the flow refuses to change anything.
        consents: the risks accepted; a rehearsal freezes nothing.
        state: the state folder on the machine that runs the flow, or s3://BUCKET/PREFIX; None for what the
            plan says, or the default folder.
        crashes: how many crashed runs in a row this one continues; the automation counts them.

    Returns:
        The run's id; it counts as a seed round.

    Raises:
        SnapferryError: refused, failed, interrupted or different. The next round closes what it leaves open.
    """
    given = read_plan(plan)
    options = run_options(given.plan, execute, consents, state, crashes=crashes)
    with in_flow_run(given.plan, options):
        return rehearsal.run(Request(given.plan, options))
