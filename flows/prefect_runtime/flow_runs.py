"""Run a chain inside a Prefect flow: its steps are tasks, and whoever watches the server sees the run."""

import logging
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import TypeVar

from prefect.client.orchestration import get_client
from prefect.context import FlowRunContext
from prefect.runtime.flow_run import get_parameters

from configs.gates import Gate
from configs.plan import Plan
from flows.chains.runtime import Runtime, running_on
from flows.given_plan import GivenPlan, given_plan, name_of
from flows.prefect_runtime.artifacts import quietly, shown_in_prefect
from flows.prefect_runtime.gates import paused_in_prefect
from flows.prefect_runtime.log_lines import WaitingLines, log_line
from flows.prefect_runtime.steps import run_as_task
from flows.sessions.options import RunOptions
from runs.commands import Called, current, in_full
from runs.journal import GateEntry, Journal
from runs.progress import listening
from runs.state import State
from runs.step_names import StepName
from tasks.gates import ApprovalRoute
from tasks.migration import Migration

R = TypeVar("R")
_called: ContextVar[Called | None] = ContextVar("snapferry_deployed", default=None)


class _FlowRun(Runtime):
    """The flow run around the chain.

    Args:
        key: prefix of its artifacts' keys.
    """

    def __init__(self, key: str) -> None:
        self._key = key

    def run_step(self, journal: Journal, name: StepName, step: Callable[[], R]) -> R:
        return run_as_task(journal, name, step)

    def showing(self, session: AbstractContextManager[Migration]) -> AbstractContextManager[Migration]:
        return shown_in_prefect(self._key, session)

    def awaiting(self, gate: Gate, entry: GateEntry) -> AbstractContextManager[ApprovalRoute]:
        return paused_in_prefect(gate, entry)


def read_plan(given: Plan | str) -> GivenPlan:
    """Read the plan that the flow was given; the log says where, and the flow run takes its name.

    Raises:
        SnapferryError: as `given_plan`.
    """
    found = given_plan(given)
    if found.place:
        log_line(logging.INFO, f"plan {found.plan.name}, read from {found.place}")
    context = FlowRunContext.get()
    run = context.flow_run if context else None
    if run and run.name != found.plan.name:

        def rename() -> None:
            with get_client(sync_client=True) as client:
                client.set_flow_run_name(run.id, found.plan.name)

        quietly(rename)
    return found


@contextmanager
def in_flow_run(plan: Plan, options: RunOptions) -> Generator[None]:
    """Inside the block, the steps of chains are tasks of the flow run that this is called in."""
    state = State(options.state, plan.name)
    _called.set(current() or Called(plan=str(state.runs / "plan.yaml"), state=state.shown))
    with running_on(_FlowRun(plan.name)), listening(WaitingLines()):
        yield


@contextmanager
def about_one_plan() -> Generator[None]:
    """Inside the block, `commands_in` knows the plan that `in_flow_run` was called with last."""
    token = _called.set(None)
    try:
        yield
    finally:
        _called.reset(token)


def commands_in(text: str) -> str:
    """The commands in a text, complete, for the plan that the flow run of this context is about."""
    return in_full(text, _called.get())


def run_name() -> str:
    """The flow run's name: the plan's, or that of its file until it is read."""
    return name_of(get_parameters().get("plan"))
