"""Passing a gate in the flow: while it waits, the flow run is paused in Prefect, and may be resumed there.

Prefect only shows the wait and is one more way to end it: the plan's timeout is the deadline, and a server
that does not answer leaves the other ways.
"""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import StateType
from prefect.client.schemas.responses import SetStateStatus
from prefect.context import FlowRunContext
from prefect.exceptions import PrefectException
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings
from prefect.states import Paused

from configs.gates import Gate, GateSettings
from flows.artifacts import quietly
from flows.server import is_temporary
from runs.journal import GateEntry
from tasks import gates
from tasks.errors import TimedOut
from tasks.migration import Migration

_LEEWAY = timedelta(hours=1)  # Prefect's own deadline: only for a run whose process is gone
_ANSWER_S = 10.0


class CancelledInPrefect(TimedOut):
    """Somebody has cancelled the flow run while it waited. Nothing was changed meanwhile."""


def waited_at(m: Migration, gate: Gate) -> bool:
    """Passes the gate, after waiting for its approval where the plan names it.

    Returns:
        Whether there was a wait: then what was looked at before is old.

    Raises:
        TimedOut: it was not approved in time, or the flow run was cancelled.
        SnapferryError: an approval cannot be read or written; a hook has failed.
    """
    settings = gates.closed_gate(m, gate)
    if settings is None:
        return False
    entry = gates.come_to(m, gate, settings)
    by = gates.opened_by(m, gate, settings)
    if by is None:
        gates.let_through(m, gate, _waited(m, gate, settings, entry))
        return True
    gates.let_through(m, gate, by)
    return False


def _waited(m: Migration, gate: Gate, settings: GateSettings, entry: GateEntry) -> str:
    with _paused(gate, entry) as way:
        return gates.wait_at(m, gate, settings, way)


@contextmanager
def _paused(gate: Gate, entry: GateEntry) -> Generator[gates.Way]:
    """Shows the flow run as paused inside the block, where there is a server that somebody looks at."""
    context = FlowRunContext.get()
    run = context.flow_run if context else None
    if run is None or is_temporary() or not _pause(run.id, gate, entry):
        yield gates.Way()
        return
    yield gates.Way(f"resume flow run {run.name} in Prefect", lambda: _resumed(run.id, run.name))
    quietly(lambda: _resume(run.id))


def _pause(run: UUID, gate: Gate, entry: GateEntry) -> bool:
    accepted: list[bool] = []
    state = Paused(
        pause_expiration_time=entry.until + _LEEWAY,
        pause_key=gate,
        message=f"waiting for an approval of {gate} until {entry.until:%Y-%m-%d %H:%M:%S} UTC",
    )

    def send() -> None:
        with _client() as client:
            accepted.append(client.set_flow_run_state(run, state).status == SetStateStatus.ACCEPT)

    quietly(send)
    return accepted == [True]


def _resumed(run: UUID, name: str) -> str | None:
    """Who has resumed a flow run that was seen paused; None while nobody has, or there is no answer."""
    try:
        with _client() as client:
            state = client.read_flow_run(run).state
    except (httpx.HTTPError, PrefectException):
        return None
    if state and state.type in {StateType.CANCELLING, StateType.CANCELLED}:
        raise CancelledInPrefect(
            f"flow run {name} was cancelled in Prefect while it waited",
            "run the same command again: it goes back to the gate",
        )
    return f"Prefect: flow run {name} was resumed" if state and state.is_running() else None


def _resume(run: UUID) -> None:
    with _client() as client:
        state = client.read_flow_run(run).state
        if state and state.is_paused():
            client.resume_flow_run(run)


@contextmanager
def _client() -> Generator[SyncPrefectClient]:
    """A client that gives up soon: the loop that uses it looks for other approvals, too."""
    with (
        temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0}),
        get_client(sync_client=True, httpx_settings={"timeout": _ANSWER_S}) as client,
    ):
        yield client
