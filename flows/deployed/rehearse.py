"""The rehearsal as a Prefect flow: for a server that somebody watches, for deployments."""

from flows.chains import rehearse as chain
from flows.parameters import Crashes, PlanParameter, run_options
from flows.prefect_runtime.deployed_flow import deployed_flow
from flows.prefect_runtime.flow_runs import in_flow_run, read_plan
from flows.sessions.begin_or_resume import Request
from tasks.migration import Consents
from tasks.rehearsal import Rehearsal


@deployed_flow("rehearse")
def rehearse(
    plan: PlanParameter,
    execute: bool = False,
    rehearsal: Rehearsal = Rehearsal(),  # noqa: B008
    consents: Consents = Consents(),  # noqa: B008
    state: str | None = None,
    crashes: Crashes = 0,
) -> str:
    """Do the plan's whole job into prefixed indices on the target, verify it, and remove what it made.

    Args:
        plan: the plan: its text in YAML, a whole path on the worker's machine, s3://BUCKET/KEY, or an
            object with its keys. It names secrets but holds none.
        execute: required; without it the flow refuses to change anything.
        rehearsal: the prefix, a sample of the indices, a third domain, whether to keep what it makes.
        consents: the risks accepted.
        state: the state folder on the machine that runs the flow, or s3://BUCKET/PREFIX; None for what the
            plan says, or the default folder.
        crashes: how many crashed runs in a row this one continues; the automation counts them.

    Returns:
        The run's id. An interrupted rehearsal is resumed.

    Raises:
        SnapferryError: refused, failed, interrupted or different. What it made is removed all the same,
            except after an interruption: then the same call resumes, and `snapferry abort` removes it.
    """
    given = read_plan(plan)
    options = run_options(given.plan, execute, consents, state, crashes=crashes)
    with in_flow_run(given.plan, options):
        return chain.run(Request(given.plan, options, rehearsal=rehearsal))
