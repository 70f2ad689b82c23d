"""From the parameters of a flow to the options of its session. Imports no Prefect."""

from pathlib import Path

from flows.sessions.options import RunOptions
from runs.state import default_folder
from tasks.errors import PreconditionError
from tasks.migration import Consents


def run_options(execute: bool, consents: Consents, state: str | None, *, new_run: bool = False) -> RunOptions:
    """The options of a flow's session.

    Args:
        state: the state folder; None for the default one.

    Raises:
        PreconditionError: the flow was not told to execute.
    """
    if not execute:
        raise PreconditionError(
            "nothing was done: the flow changes domains only with execute: true",
            hint="run the deployment again with the parameter execute: true",
        )
    return RunOptions(state=Path(state) if state else default_folder(), consents=consents, new_run=new_run)
