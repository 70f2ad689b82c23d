"""Run a chain inside a Prefect flow: its steps are tasks, and whoever watches the server sees the run."""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from typing import TypeVar

from prefect.runtime.flow_run import get_parameters

from configs.gates import Gate
from domains.http.json_replies import is_object
from flows.chains.runtime import Runtime, running_on
from flows.prefect_runtime.artifacts import shown_in_prefect
from flows.prefect_runtime.gates import paused_in_prefect
from flows.prefect_runtime.steps import run_as_task
from runs.journal import GateEntry, Journal
from runs.step_names import StepName
from tasks.gates import ApprovalRoute
from tasks.migration import Migration

R = TypeVar("R")


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


@contextmanager
def in_flow_run(plan_name: str) -> Generator[None]:
    """Inside the block, the steps of chains are tasks of the flow run that this is called in."""
    with running_on(_FlowRun(plan_name)):
        yield


def run_name() -> str:
    """The flow run's name: the plan's."""
    plan = get_parameters()["plan"]
    return str(plan["name"] if is_object(plan) else plan.name)
