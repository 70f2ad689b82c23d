"""Run a step as a Prefect task: retried as a whole on transient errors, timed, and kept in the journal."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, TypeVar, cast

import httpx
from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.exceptions import PrefectException
from prefect.tasks import exponential_backoff

from domains.errors import is_transient
from flows.sessions import recording
from runs.journal import Journal
from runs.step_names import StepName
from tasks.errors import TimedOut

R = TypeVar("R")


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
        raise ServerLost(
            f"the Prefect server no longer answers ({type(error).__name__})",
            "run the same command again: it continues this run; without PREFECT_API_URL it needs no server",
        ) from error


def run_as_task(journal: Journal, name: StepName, step: Callable[[], R]) -> R:
    """Run a step as a task and return its result, retried as a whole twice on transient errors.

    The step's arguments and result are not passed to Prefect, so none of them are stored there.

    Raises:
        whatever the step raises, after the retries; whatever a failing hook raises.
        ServerLost: Prefect's server no longer answers.
    """
    results: list[R] = []

    def attempt() -> None:
        with journal.step(name):
            results.append(step())

    as_task = task(
        name=name,
        retries=recording.ATTEMPTS - 1,
        retry_delay_seconds=exponential_backoff(recording.FIRST_PAUSE_S),
        retry_jitter_factor=0.5,
        retry_condition_fn=cast(Any, _is_transient),
        cache_policy=NO_CACHE,
        persist_result=False,
    )
    with recording.announced(name), prefect_reachable():
        as_task(attempt)()
    return results[-1]
