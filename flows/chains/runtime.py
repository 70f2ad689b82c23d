"""What runs the steps of a chain, and shows the run: this process alone, or a Prefect flow."""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import TypeVar

from configs.gates import Gate
from flows.sessions.recording import run_here
from runs.journal import GateEntry, Journal
from runs.step_names import StepName
from tasks.gates import ApprovalRoute
from tasks.migration import Migration

R = TypeVar("R")


class Runtime:
    """Runs the steps here, one after the other. A flow puts one in its place that has Prefect run them."""

    def run_step(self, journal: Journal, name: StepName, step: Callable[[], R]) -> R:
        """Run a step and return its result, repeating it as a whole twice on transient errors.

        Raises:
            whatever the step raises, after the repetitions; whatever a failing hook raises.
        """
        return run_here(journal, name, step)

    def showing(self, session: AbstractContextManager[Migration]) -> AbstractContextManager[Migration]:
        """The same session, shown to whoever watches elsewhere."""
        return session

    def awaiting(self, gate: Gate, entry: GateEntry) -> AbstractContextManager[ApprovalRoute]:
        """Show inside the block that the run waits at the gate.

        Yields:
            one more way to approve it, if there is one.
        """
        return nullcontext(ApprovalRoute())


_HERE = Runtime()
_runtime: ContextVar[Runtime] = ContextVar("snapferry_runtime", default=_HERE)


def runtime() -> Runtime:
    """What runs the steps of the chain that runs now."""
    return _runtime.get()


@contextmanager
def running_on(other: Runtime) -> Generator[None]:
    """Have the steps of chains inside the block run by this."""
    token = _runtime.set(other)
    try:
        yield
    finally:
        _runtime.reset(token)
