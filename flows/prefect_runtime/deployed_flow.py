"""Make a Prefect flow of a verb: an expected error is a state with a name, and one line in the log."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

from prefect import Flow, flow
from prefect.states import Failed

from domains.errors import NoContact, SnapferryError, is_transient
from domains.known_secrets import cut_from
from flows.prefect_runtime.flow_runs import about_one_plan, commands_in, run_name
from flows.prefect_runtime.log_lines import keep_to_lines, log_line, one_line
from runs.errors import Busy, NothingToApprove, PlanChanged, StateUnreachable
from tasks.errors import PreconditionError, TimedOut, VerificationFailed

P = ParamSpec("P")
R = TypeVar("R")

STATES = ("Refused", "Failed", "Different", "Interrupted", "Busy")
"""The names of the states in which a flow run ends without success; Prefect's type of all is FAILED."""
_REFUSALS = (PreconditionError, PlanChanged, NothingToApprove, NoContact)


def deployed_flow(name: str) -> Callable[[Callable[P, R]], Flow[P, R]]:
    """Make a flow of this name.

    Whoever calls it gets its result, or its error as it was raised. On a server, an expected error is the
    run's state, with the error's message and hint; other errors are Prefect's `Failed`, with a traceback.
    """

    def decorate(function: Callable[P, R]) -> Flow[P, R]:
        @wraps(function)
        def ending_in_a_state(*args: P.args, **kwargs: P.kwargs) -> Any:
            keep_to_lines()
            with about_one_plan():
                try:
                    return function(*args, **kwargs)
                except SnapferryError as error:
                    return _state_after(error)
                except Exception as error:
                    cut_from(error)
                    raise

        made = flow(name=name, flow_run_name=run_name, persist_result=False)(ending_in_a_state)
        return cast("Flow[P, R]", made)

    return decorate


def _state_after(error: SnapferryError) -> Any:
    """The state in which a flow run ends with this error; its data is the error, which callers get."""
    name = state_name(error)
    said = one_line(commands_in(f"{error.message} — {error.hint}" if error.hint else error.message))
    log_line(logging.ERROR, f"{name.lower()}: {said}")
    return Failed(name=name, message=said, data=error)


def state_name(error: SnapferryError) -> str:
    """The name of the state in which a flow run ends with this error; one of `STATES`."""
    if isinstance(error, Busy):
        return "Busy"
    if isinstance(error, TimedOut | StateUnreachable) or is_transient(error):
        return "Interrupted"
    if isinstance(error, VerificationFailed):
        return "Different"
    return "Refused" if isinstance(error, _REFUSALS) else "Failed"
