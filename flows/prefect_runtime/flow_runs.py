"""What Prefect shows of the flow run itself."""

from collections.abc import Generator
from contextlib import contextmanager

from prefect.runtime.flow_run import get_parameters
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

from domains.http.json_replies import is_object
from flows.prefect_runtime.server import is_temporary


@contextmanager
def unwatched() -> Generator[None]:
    """No heartbeats of flow runs on a temporary server: nobody watches, and a run ends a second sooner."""
    if not is_temporary():
        yield
        return
    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        yield


def run_name() -> str:
    """The flow run's name: the plan's."""
    plan = get_parameters()["plan"]
    return str(plan["name"] if is_object(plan) else plan.name)
