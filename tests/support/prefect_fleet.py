"""A real Prefect server on PostgreSQL and real workers, as processes that can be killed and started again."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import requests

from support.leash import kill_tree, tree
from support.postgres import postgres

_ROOT = Path(__file__).resolve().parents[2]
_PREFECT = Path(sys.executable).parent / "prefect"
WAIT_S = 300.0
FINAL = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
_OF_ALL = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_CLI_COLORS": "false",
    "PREFECT_API_DATABASE_TIMEOUT": "120",
    "PREFECT_API_DATABASE_CONNECTION_TIMEOUT": "60",
    "PREFECT_API_REQUEST_TIMEOUT": "180",
}
_OF_WORKERS = {
    "PREFECT_WORKER_QUERY_SECONDS": "1",
    "PREFECT_WORKER_HEARTBEAT_SECONDS": "5",
    "PREFECT_LOGGING_TO_API_BATCH_INTERVAL": "0.5",
}


@dataclass
class FleetServer:
    """A server at one address, which may be stopped and started again: what it knows is in its database."""

    folder: Path
    database: str
    port: int
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Of its API."""
        return f"http://127.0.0.1:{self.port}/api"

    @property
    def page(self) -> str:
        """Of its web page."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        environment = {
            "PREFECT_HOME": str(self.folder / "server"),
            "PREFECT_API_DATABASE_CONNECTION_URL": self.database,
            "PREFECT_UI_API_URL": self.address,
            **self.settings,
        }
        command = [_PREFECT, "server", "start", "--host", "127.0.0.1", "--port", str(self.port)]
        self.process = _leashed(command, environment, self.folder / "server.log", self.folder)
        eventually(self.answers, lambda: self._log())

    def answers(self) -> bool:
        """Whether it is up."""
        assert self.process and self.process.poll() is None, self._log()
        with suppress(requests.RequestException):
            return requests.get(f"{self.address}/health", timeout=5).ok
        return False

    def kill(self) -> None:
        """kill -9."""
        assert self.process
        kill_tree(self.process.pid)
        self.process.wait()

    def _log(self) -> str:
        return (self.folder / "server.log").read_text(errors="replace")[-5000:]

    # what it knows

    def get(self, path: str) -> Any:
        """What it answers."""
        return self._asked("GET", path)

    def post(self, path: str, body: Any) -> Any:
        """What it answers."""
        return self._asked("POST", path, body)

    def _asked(self, method: str, path: str, body: Any = None) -> Any:
        """What it answers, once it does: on a busy machine its database may keep it waiting."""
        for _ in range(10):
            reply = requests.request(method, self.address + path, json=body, timeout=120)
            if reply.status_code != 503:
                break
            time.sleep(1)
        assert reply.ok, reply.text
        return reply.json()

    def create(self, verb: str, parameters: Mapping[str, Any]) -> requests.Response:
        """Ask for a run of this verb's deployment, to be started at once."""
        deployment = self.get(f"/deployments/name/{verb}/{verb}")["id"]
        body = {"parameters": dict(parameters), "state": {"type": "SCHEDULED"}}
        return requests.post(
            f"{self.address}/deployments/{deployment}/create_flow_run", json=body, timeout=60
        )

    def start_run(self, verb: str, parameters: Mapping[str, Any]) -> str:
        """The same, which must be accepted; returns the run's id."""
        reply = self.create(verb, parameters)
        assert reply.ok, reply.text
        return reply.json()["id"]

    def run(self, run: str) -> dict[str, Any]:
        """A flow run."""
        return self.get(f"/flow_runs/{run}")

    def runs(self, name: str = "") -> list[dict[str, Any]]:
        """All flow runs, the oldest first; with a name, those that are called so."""
        found = self.post("/flow_runs/filter", {"sort": "START_TIME_ASC", "limit": 200})
        return [each for each in found if name in ("", each["name"])]

    def ended(self, run: str, within_s: float = WAIT_S) -> dict[str, Any]:
        """The flow run, once it has ended."""
        eventually(
            lambda: self.run(run)["state"]["type"] in FINAL, lambda: str(self.run(run)["state"]), within_s
        )
        return self.run(run)

    def in_state(self, run: str, *names: str, within_s: float = WAIT_S) -> dict[str, Any]:
        """The flow run, once its state has one of these names."""
        seen = lambda: self.run(run)["state"]["name"] in names  # noqa: E731
        eventually(seen, lambda: f"{self.run(run)['state']} {self.logs(run)}", within_s)
        return self.run(run)

    def logs(self, run: str) -> list[str]:
        """The lines of a flow run's log."""
        wanted = {"logs": {"flow_run_id": {"any_": [run]}}, "sort": "TIMESTAMP_ASC", "limit": 200}
        return [each["message"] for each in self.post("/logs/filter", wanted)]

    def artifacts(self, run: str) -> dict[str, str]:
        """A flow run's own artifacts: their texts by their keys."""
        found = self.post("/artifacts/filter", {"flow_runs": {"id": {"any_": [run]}}})
        return {each["key"]: str(each["data"]) for each in found}


@dataclass
class FleetWorker:
    """A worker of a process pool, with the runs that it has started."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def output(self) -> str:
        """What it and its runs have printed."""
        return self.log.read_text(errors="replace")

    def process_of(self, run: str) -> psutil.Process | None:
        """The process of a flow run that this worker has started; None as long as there is none."""
        for each in tree(self.process.pid):
            with suppress(psutil.Error):
                environment = each.environ()
                if environment.get("PREFECT__FLOW_RUN_ID") == run and "worker" not in each.cmdline():
                    return each
        return None

    def kill_run(self, run: str) -> None:
        """kill -9 of one run's process, and of what it has started; the worker lives and notices."""
        found = self.process_of(run)
        assert found, self.output[-3000:]
        kill_tree(found.pid)

    def kill(self) -> None:
        """kill -9 of the worker and of all its runs, as if the machine were gone."""
        kill_tree(self.process.pid)
        self.process.wait()


def eventually(
    seen: Callable[[], bool], what: Callable[[], str] = lambda: "", within_s: float = WAIT_S
) -> None:
    """Wait until something is seen."""
    deadline = time.monotonic() + within_s
    while not seen():
        assert time.monotonic() < deadline, f"what was waited for did not happen: {what()}"
        time.sleep(0.3)


@contextmanager
def fleet_server(folder: Path, **settings: str) -> Iterator[FleetServer]:
    """A server on PostgreSQL, which answers; `settings` are further variables of its environment."""
    folder.mkdir(parents=True, exist_ok=True)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with postgres(folder / "postgres") as database:
        server = FleetServer(folder, database, port, settings)
        server.start()
        try:
            yield server
        finally:
            if server.process and server.process.poll() is None:
                server.kill()


@contextmanager
def fleet_worker(
    server: FleetServer, name: str, environment: Mapping[str, str], pool: str = "snapferry"
) -> Iterator[FleetWorker]:
    """A worker, started; it need not have asked for work yet. Killed with the block, and all its runs.

    Args:
        environment: what its runs need, as `Desk.environment` has it; nothing else of AWS, Prefect and
            Snapferry is in theirs.
    """
    folder = server.folder / name
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "worker.log"
    command = [_PREFECT, "worker", "start", "--pool", pool, "--name", name, "--type", "process"]
    settings = {
        **environment,
        "PREFECT_API_URL": server.address,
        "PREFECT_HOME": str(folder / "prefect"),
        **_OF_WORKERS,
    }
    worker = FleetWorker(name, _leashed(command, settings, log, folder), log)
    try:
        yield worker
    finally:
        if worker.process.poll() is None:
            worker.kill()


def _leashed(
    command: list[Any], environment: Mapping[str, str], log: Path, folder: Path
) -> subprocess.Popen[bytes]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "PREFECT_", "SNAPFERRY_"))}
    path = os.pathsep.join([str(_ROOT), str(_ROOT / "tests")])
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "support.leash", *map(str, command)],
            cwd=folder,
            env={**kept, **_OF_ALL, **environment, "PYTHONPATH": path},
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
