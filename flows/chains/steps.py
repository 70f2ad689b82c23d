"""Run a step of a chain, and keep its record in the journal."""

from collections.abc import Callable, Collection
from typing import TypeVar

from pydantic import BaseModel

from flows.chains.runtime import runtime
from flows.sessions.recording import bound_record, record_step, run_here
from runs.journal import Journal
from runs.lifecycle import is_frozen
from runs.step_names import StepName
from tasks.migration import Migration
from tasks.steps import StepKey

R = TypeVar("R")
M = TypeVar("M", bound=BaseModel)


def run_step(journal: Journal, name: StepName, step: Callable[[], R]) -> R:
    """Run a step and return its result, repeating it as a whole twice on transient errors: steps read first.

    Hooks are called before the first attempt and after the end. While the source refuses writes, Prefect
    decides nothing: the step then runs whether its server answers or not.

    Raises:
        whatever the step raises, after the repetitions; whatever a failing hook raises.
    """
    if is_frozen(journal.document):
        return run_here(journal, name, step)
    return runtime().run_step(journal, name, step)


def perform(
    m: Migration,
    step: StepKey[M],
    act: Callable[[], M],
    *,
    check: Callable[[M], None] = lambda _: None,
    bound_by: Collection[str] = (),
) -> M:
    """Run a step, keep its record in the journal, and report that it is done.

    Args:
        check: called with the record before it is kept; raises if the run must stop.
        bound_by: actions of intents: once the run may have sent one of them, it keeps the record that it has
            and does not repeat the step.

    Raises:
        whatever the step or the check raises.
    """
    before = bound_record(m.journal, step, bound_by)
    if before:
        return before
    record = run_step(m.journal, step.name, act)
    check(record)
    record_step(m.journal, step, record)
    return record
