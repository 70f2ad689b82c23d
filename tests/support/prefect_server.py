"""A real Prefect server for the tests that need one, as lean as it can be.

As a module it serves on the listening socket whose descriptor it is given, and ends when its standard input
does: so it never outlives the tests, even if they are killed.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

_ROOT = Path(__file__).resolve().parents[2]
_START_S = 180.0
_LEAN = {  # what serves deployments' settings, automations, a list of events
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_REGISTER_BLOCKS_ON_START": "false",
    "PREFECT_SERVER_MEMOIZE_BLOCK_AUTO_REGISTRATION": "false",
    "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_EVENT_LOGGER_ENABLED": "false",
}


@dataclass(frozen=True)
class PrefectServer:
    """A server that answers: the address of its API, and its process."""

    address: str
    process: subprocess.Popen[bytes]


@contextmanager
def prefect_server(home: Path) -> Iterator[PrefectServer]:
    """Start a server that keeps its database in this folder; end it with the block."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.prefect_server", str(listener.fileno())],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            env={**os.environ, **_LEAN, "PREFECT_HOME": str(home)},
            pass_fds=[listener.fileno()],
        )
    try:
        address = f"http://127.0.0.1:{port}/api"
        _await_answer(address, process)
        yield PrefectServer(address, process)
    finally:
        process.kill()
        process.wait()


@contextmanager
def prefect_client(address: str) -> Iterator[None]:
    """Have this process's Prefect use the server: it reads its settings once, when it is imported.

    Flow runs inside the block send states only: no heartbeats, which hold up their end, and no events.
    """
    assert "prefect" not in sys.modules
    os.environ["PREFECT_API_URL"] = address
    os.environ["PREFECT_LOGGING_LEVEL"] = "CRITICAL"
    from prefect.events.clients import NullEventsClient
    from prefect.events.worker import EventsWorker
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

    del os.environ["PREFECT_API_URL"]  # commands use it only where a test names it to them
    EventsWorker.set_client_override(NullEventsClient)
    try:
        with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
            yield
    finally:
        EventsWorker.set_client_override(None)


def _await_answer(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = monotonic() + _START_S
    while monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=10):
                return
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            sleep(0.05)
    raise AssertionError("Prefect's server did not start")


def _end_with_standard_input() -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os._exit(0)


def _serve(descriptor: int) -> None:
    threading.Thread(target=_end_with_standard_input, daemon=True).start()
    listener = socket.socket(fileno=descriptor)
    import uvicorn
    from prefect.server.api.server import create_app

    app = create_app(ephemeral=True, webserver_only=False)
    uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on")).run(sockets=[listener])


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
