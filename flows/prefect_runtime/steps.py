"""Run a step as a Prefect task: retried as a whole on transient errors, timed, and kept in the journal."""

from collections.abc import Callable, Collection, Generator
from contextlib import contextmanager
from typing import Any, TypeVar, cast

import httpx
from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.exceptions import PrefectException
from prefect.tasks import exponential_backoff
from pydantic import BaseModel

from domains.errors import is_transient
from flows.prefect_runtime.server import lack_of_room
from flows.sessions.recording import bound_record, record_step, run_in_window
from runs.events import Event, emit
from runs.journal import Journal
from runs.lifecycle import is_frozen
from runs.step_names import StepName
from tasks.errors import TimedOut
from tasks.migration import Migration
from tasks.steps import StepKey

_RETRIES = 2

_FIRST_RETRY_S = 5

R = TypeVar("R")

M = TypeVar("M", bound=BaseModel)


async def _is_transient(_task: Any, _run: Any, state: Any) -> bool:
    return is_transient(await state.aresult(raise_on_failure=False))


class ServerLost(TimedOut):
    """Prefect's server no longer answers. Domains and journal are unchanged; the run can be resumed."""


@contextmanager
def prefect_reachable() -> Generator[None]:
    """Turn Prefect's errors about its server into ServerLost, so that the run counts as interrupted."""
    try:
        yield
    except (httpx.HTTPError, PrefectException) as error:
        lack = lack_of_room()
        raise ServerLost(
            f"the Prefect server no longer answers ({lack.message if lack else type(error).__name__})",
            lack.hint if lack else "run the same command again: it continues this run",
        ) from error


def run_step(journal: Journal, name: StepName, step: Callable[[], R]) -> R:
    """Run a step and return its result, retrying it as a whole twice on transient errors: steps read first.

    The step's arguments and result are not passed to Prefect, so none of them are stored there. Hooks are
    called before the first attempt and after the end. While the source refuses writes, Prefect decides
    nothing: the step then runs whether its server answers or not.

    Raises:
        whatever the step raises, after the retries; whatever a failing hook raises.
    """
    if is_frozen(journal.document):
        return run_in_window(journal, name, step)
    results: list[R] = []

    def attempt() -> None:
        with journal.step(name):
            results.append(step())

    as_task = task(
        name=name,
        retries=_RETRIES,
        retry_delay_seconds=exponential_backoff(_FIRST_RETRY_S),
        retry_jitter_factor=0.5,
        retry_condition_fn=cast(Any, _is_transient),
        cache_policy=NO_CACHE,
        persist_result=False,
    )
    emit(Event("step-started", f"step {name} has started", step=name))
    with prefect_reachable():
        as_task(attempt)()
    emit(Event("step-done", f"step {name} is done", step=name))
    return results[-1]


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
