"""From the parameters of a flow to the options of its session. Imports no Prefect."""

from configs.plan import Plan
from flows.sessions.options import RunOptions
from runs.place import state_place
from tasks.errors import PreconditionError
from tasks.migration import Consents


def run_options(
    plan: Plan, execute: bool, consents: Consents, state: str | None, *, new_run: bool = False
) -> RunOptions:
    """The options of a flow's session.

    Args:
        state: the state folder, or its address in S3; None for what the plan says, or the default one.

    Raises:
        PreconditionError: the flow was not told to execute.
    """
    if not execute:
        raise PreconditionError(
            "nothing was done: the flow changes domains only with execute: true",
            hint="run the deployment again with the parameter execute: true",
        )
    return RunOptions(state=state_place(state or None, plan.state), consents=consents, new_run=new_run)
