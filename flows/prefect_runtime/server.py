"""The Prefect server of a command: the one that PREFECT_API_URL names, or a temporary one.

Import it before Prefect, which reads its settings from the environment on import.
"""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path

from domains.errors import SnapferryError
from runs.errors import StateUnusable

_START_S = 180.0
_QUIET = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_LOGGING_LEVEL": "CRITICAL",  # the command itself reports how a run ended
    "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
}
_LEAN = {  # what serves those who watch a server: deployments' settings, automations, a list of events
    "PREFECT_SERVER_REGISTER_BLOCKS_ON_START": "false",  # a fifth of a first start
    "PREFECT_SERVER_MEMOIZE_BLOCK_AUTO_REGISTRATION": "false",
    "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "false",  # with the next one a fourth of what a step costs
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_ENABLED": "false",
}
_temporary: ContextVar[bool] = ContextVar("snapferry_temporary_server", default=False)


class ServerUnusable(SnapferryError):
    """No Prefect server could be reached or started. Nothing was changed."""


@contextmanager
def prefect_server(state: Path) -> Generator[str]:
    """Set the environment so that Prefect talks to a server, and yield the address of its API.

    A temporary server keeps its database under the state folder and ends with this process, however it ends.
    Works once per process: Prefect reads its settings on import, so a second server would go unused.

    Raises:
        ServerUnusable: it did not start.
        StateUnusable: the state folder cannot be written.
    """
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    named = os.environ.get("PREFECT_API_URL")
    if named:
        _require_answer(named)
        with _marked(temporary=False):
            yield named
        return
    home = state / "prefect"
    log = home / f"temporary-server-{os.getpid()}.log"
    try:
        home.mkdir(parents=True, exist_ok=True)
        errors = log.open("w", encoding="utf-8")
    except OSError as error:
        raise StateUnusable(
            f"cannot write {error.filename or log}: {error.strerror}", "choose another folder with --state"
        ) from error
    _reach_this_machine_directly()
    os.environ["PREFECT_HOME"] = str(home)
    os.environ.setdefault("PREFECT_CLIENT_MAX_RETRIES", "1")  # it is on this machine: gone is gone
    os.environ["PREFECT_LOGGING_TO_API_ENABLED"] = (
        "false"  # nobody reads the logs, and they outlast the server
    )
    with errors:
        child = subprocess.Popen(
            [
                sys.executable,
                "-P",
                "-m",
                "flows.prefect_runtime.temporary_server",
            ],  # -P: import nothing from the current folder
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env={**_LEAN, **os.environ},
            text=True,
            start_new_session=True,  # Ctrl-C is for the command, which stops the server last
        )
        try:
            os.environ["PREFECT_API_URL"] = address = _address(child, log)
            with _marked(temporary=True):
                yield address
        finally:
            os.environ.pop("PREFECT_API_URL", None)
            _stop(child)
    with suppress(OSError):
        if not log.stat().st_size:
            log.unlink()


@contextmanager
def _marked(*, temporary: bool) -> Generator[None]:
    before = _temporary.get()
    _temporary.set(temporary)
    try:
        yield
    finally:
        _temporary.set(before)


def is_temporary() -> bool:
    """Whether the server is this command's own, which nobody watches."""
    return _temporary.get()


def _reach_this_machine_directly() -> None:
    """Bypass the environment's proxy for a server on 127.0.0.1."""
    named = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    if named.strip() != "*":  # "*" means: no proxy at all
        both = ",".join(filter(None, (named, "127.0.0.1,localhost")))
        os.environ["NO_PROXY"] = os.environ["no_proxy"] = both


def _require_answer(address: str) -> None:
    try:
        with urllib.request.urlopen(f"{address.rstrip('/')}/health", timeout=20):
            return
    except urllib.error.HTTPError as error:
        if error.code < 500:
            return  # any answer will do
        reason = f"it answers HTTP {error.code}"
    except (OSError, ValueError) as error:
        reason = f"it does not answer: {error}"
    raise ServerUnusable(
        f"the Prefect server at {address} cannot be used: {reason}",
        "correct PREFECT_API_URL, or unset it to use a temporary server",
    )


def _address(child: subprocess.Popen[str], log: Path) -> str:
    assert child.stdout is not None
    port = child.stdout.readline().strip()
    address = f"http://127.0.0.1:{port}/api"
    deadline = time.monotonic() + _START_S
    while port and time.monotonic() < deadline and child.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=10):
                return address
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.1)
    raise ServerUnusable(
        f"the temporary Prefect server did not start; see {log}", "or name a server by PREFECT_API_URL"
    )


def _stop(child: subprocess.Popen[str]) -> None:
    assert child.stdin is not None
    child.stdin.close()
    try:
        child.wait(10)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
