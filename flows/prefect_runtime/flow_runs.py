"""What Prefect shows of the flow run itself."""

from collections.abc import Generator
from contextlib import contextmanager

from prefect.events.clients import NullEventsClient
from prefect.events.worker import EventsWorker
from prefect.runtime.flow_run import get_parameters
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

from domains.http.json_replies import is_object
from flows.prefect_runtime.server import is_temporary


@contextmanager
def unwatched() -> Generator[None]:
    """Flow runs inside the block send `without_events` if their server is a temporary one."""
    if not is_temporary():
        yield
        return
    with without_events():
        yield


@contextmanager
def without_events() -> Generator[None]:
    """Flow runs inside the block send states only: no heartbeats, which hold up their end, and no events."""
    EventsWorker.set_client_override(NullEventsClient)
    try:
        with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
            yield
    finally:
        EventsWorker.set_client_override(None)


def run_name() -> str:
    """The flow run's name: the plan's."""
    plan = get_parameters()["plan"]
    return str(plan["name"] if is_object(plan) else plan.name)
