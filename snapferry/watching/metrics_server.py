"""Serve metrics of plans to Prometheus for as long as a command works."""

import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from prometheus_client import start_http_server
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector, CollectorRegistry

from domains.errors import SnapferryError
from reports.model.progress import ProgressSnapshot
from reports.views.progress.metrics import metrics_of
from snapferry.output.console import say
from snapferry.watching.addresses import address_in, cannot_listen

if TYPE_CHECKING:
    from flows.previews.watched import WatchedPlan

OPTION = "--metrics"


@contextmanager
def metrics_served(address: str, plans: "Sequence[WatchedPlan]") -> Generator[int]:
    """Inside the block, answer scrapes; each reads the plans' files anew.

    Args:
        address: `HOST:PORT`.
        plans: whose runs; their names are a label of every sample.

    Yields:
        the port.

    Raises:
        typer.BadParameter: it is no address, or cannot be listened on.
    """
    host, port = address_in(address, OPTION)
    registry = CollectorRegistry()
    registry.register(PlansCollector(plans))
    try:
        server, thread = start_http_server(port, host, registry)
    except OSError as error:
        raise cannot_listen(host, port, error, OPTION) from None
    shown = f"[{host}]" if ":" in host else host
    say(f"Metrics are at http://{shown}:{server.server_port}/metrics until this command ends.")
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class PlansCollector(Collector):
    """Collects how the runs of some plans stand, at each scrape. Thread-safe."""

    def __init__(self, plans: "Sequence[WatchedPlan]") -> None:
        self._plans = plans
        self._lock = threading.Lock()

    def describe(self) -> list[Metric]:
        """Nothing: a plan's files need not be there yet."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The metrics now."""
        looks: dict[str, ProgressSnapshot | None] = {}
        unreadable: list[str] = []
        with self._lock:
            for plan in self._plans:
                try:
                    seen = plan.look()
                except (SnapferryError, OSError):
                    unreadable.append(plan.plan_name)
                else:
                    looks[plan.plan_name] = seen.snapshot if seen else None
        yield from metrics_of(looks, unreadable)
