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
from typing import TextIO

from flows.prefect_runtime.named_server import (
    ServerUnusable,
    require_prefect_server,
    require_usable_environment,
)
from runs.errors import StateUnusable
from runs.state_files import close_to_others, make_folder, open_private, require_room, unwritable

_START_S = 180.0
_ROOM = 256 * 1024
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


@contextmanager
def prefect_server(state: Path) -> Generator[str]:
    """Set the environment so that Prefect talks to a server, and yield the address of its API.

    A temporary server keeps its database under the state folder and ends with this process, however it ends.
    Works once per process: Prefect reads its settings on import, so a second server would go unused.

    Raises:
        ServerUnusable: it did not start.
        StateUnusable: the state folder cannot be written, or has no room for its database.
    """
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    named = os.environ.get("PREFECT_API_URL")
    if named:
        require_prefect_server(named)
        with _marked(temporary=False):
            yield named
        return
    home = state / "prefect"
    log = home / f"temporary-server-{os.getpid()}.log"
    try:
        make_folder(home)
        close_to_others(home)
        errors = os.fdopen(open_private(log, os.O_WRONLY | os.O_TRUNC), "w", encoding="utf-8")
    except OSError as error:
        raise unwritable(Path(error.filename or log), error) from error
    _leave_a_folder_that_is_gone(home)
    _reach_this_machine_directly()
    require_usable_environment()
    os.environ["PREFECT_HOME"] = str(home)
    os.environ.setdefault("PREFECT_CLIENT_MAX_RETRIES", "1")  # it is on this machine: gone is gone
    os.environ["PREFECT_LOGGING_TO_API_ENABLED"] = (
        "false"  # nobody reads the logs, and they outlast the server
    )
    with errors:
        child = _started(errors)
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


def lack_of_room() -> StateUnusable | None:
    """Why the temporary server cannot write its database any more; None if it can, or there is none."""
    if not is_temporary():
        return None
    try:
        require_room(Path(os.environ["PREFECT_HOME"]), _ROOM)
    except StateUnusable as error:
        return error
    return None


def _started(errors: TextIO) -> subprocess.Popen[str]:
    module = "flows.prefect_runtime.temporary_server"
    try:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", module],  # -P: import nothing from the current folder
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env={**_LEAN, **os.environ},
            text=True,
            umask=0o077,  # its database is its owner's alone
            start_new_session=True,  # Ctrl-C is for the command, which stops the server last
        )
    except OSError as error:
        raise ServerUnusable(
            f"the temporary Prefect server could not be started: {error.strerror}",
            "free what is lacking, or raise the limit (ulimit -n, ulimit -u); then run the command again",
        ) from error


def _leave_a_folder_that_is_gone(home: Path) -> None:
    """Work in this folder if the current one was deleted: Prefect and its server look around in theirs."""
    try:
        Path.cwd()
    except OSError:
        os.chdir(home)


def _reach_this_machine_directly() -> None:
    """Bypass the environment's proxy for a server on 127.0.0.1."""
    named = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    if named.strip() != "*":  # "*" means: no proxy at all
        both = ",".join(filter(None, (named, "127.0.0.1,localhost")))
        os.environ["NO_PROXY"] = os.environ["no_proxy"] = both


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
    require_room(log.parent, _ROOM)
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
