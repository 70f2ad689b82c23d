"""From the parameters of a flow to the options of its session. Imports no Prefect."""

from typing import Annotated

from pydantic import Field

from configs.plan import Plan
from flows.sessions.options import RunOptions
from runs.lifecycle import is_frozen, is_opening, is_rolling_back
from runs.place import state_place
from runs.state import State
from tasks.errors import PreconditionError
from tasks.migration import Consents

PlanText = Annotated[
    str, Field(title="Text, path or address", min_length=1, examples=["s3://plans/orders-to-ireland.yaml"])
]
PlanParameter = PlanText | Plan
"""The plan as YAML text, as a whole path on the worker's machine, as `s3://BUCKET/KEY`, or as an object."""
Crashes = Annotated[int, Field(ge=0)]
MOST_CRASHES = 10
"""After so many crashed runs in a row, somebody has to look before another one is started."""


def run_options(
    plan: Plan,
    execute: bool,
    consents: Consents,
    state: str | None,
    *,
    new_run: bool = False,
    crashes: int = 0,
) -> RunOptions:
    """The options of a flow's session.

    Args:
        state: the state folder, or its address in S3; None for what the plan says, or the default one.
        crashes: how many crashed runs in a row this one continues.

    Raises:
        PreconditionError: the flow was not told to execute, or too many runs have crashed.
    """
    require_execute(execute)
    require_few_crashes(crashes)
    folder = state_place(state or None, plan.state)
    return RunOptions(state=folder, consents=consents, new_run=new_run)


def require_execute(execute: bool) -> None:
    """Refuse a flow that changes domains and was not told to.

    Raises:
        PreconditionError: it was not.
    """
    if not execute:
        raise PreconditionError(
            "nothing was done: the flow changes domains only with execute: true",
            hint="run the deployment again with the parameter execute: true",
        )


def require_few_crashes(crashes: int) -> None:
    """Refuse to continue crashed runs for ever: a machine that is too small kills each of them.

    Raises:
        PreconditionError: too many have crashed in a row.
    """
    if crashes > MOST_CRASHES:
        raise PreconditionError(
            f"{crashes} runs in a row have crashed; this one does not continue them",
            hint="see why in the worker's log (often too little memory), then run the deployment again with "
            "crashes: 0: it continues",
        )


def require_begun_window(plan: Plan, options: RunOptions, crashes: int) -> None:
    """Refuse to begin a window because of a crash: nobody expects it at that time.

    One that has begun is gone on with at any time: the source waits for that.

    Raises:
        PreconditionError: the crashed run had frozen nothing.
    """
    if not crashes:
        return
    latest = State(options.state, plan.name).latest()
    run = latest.document if latest else None
    if run and run.verb.opens and (is_frozen(run) or is_opening(run) or is_rolling_back(run)):
        return
    raise PreconditionError(
        "the run that crashed had not frozen anything, and no window is opened at another time than somebody "
        "has chosen",
        hint="run the deployment again with crashes: 0 when it suits",
    )
