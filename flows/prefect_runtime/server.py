"""The Prefect server of a command: the one that PREFECT_API_URL names, or a temporary one.

Import it before Prefect, which reads its settings from the environment on import.
"""

import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TextIO

from flows.prefect_runtime.named_server import (
    ServerUnusable,
    require_prefect_server,
    require_usable_environment,
)
from runs.errors import StateUnusable
from runs.state_files import (
    close_to_others,
    make_folder,
    open_private,
    replace_file,
    require_room,
    unwritable,
)

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
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_EVENT_LOGGER_ENABLED": "false",
}
_AS_IT_IS = {"PREFECT_SERVER_DATABASE_MIGRATE_ON_START": "false"}  # saves half a second
_MIGRATED_BY = "prefect.db.version"
_temporary: ContextVar[bool] = ContextVar("snapferry_temporary_server", default=False)


@dataclass(frozen=True)
class PrefectServer:
    """A Prefect server, which may still be starting.

    Args:
        address: of its API; requests to one that is starting wait.
        await_start: returns once it answers, or raises ServerUnusable.
    """

    address: str
    await_start: Callable[[], None] = lambda: None


@contextmanager
def prefect_server(state: Path) -> Generator[str]:
    """As `starting_server`, and yield the address of its API once it answers."""
    with starting_server(state) as server:
        server.await_start()
        yield server.address


@contextmanager
def starting_server(state: Path) -> Generator[PrefectServer]:
    """Set the environment so that Prefect talks to a server, and begin to start one if none is named.

    A temporary server keeps its database under the state folder and ends with this process, however it ends.
    Works once per process: Prefect reads its settings on import, so a second server would go unused.

    Raises:
        ServerUnusable: the named one is no Prefect server, or Prefect cannot be reached from here.
        StateUnusable: the state folder cannot be written.
    """
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    named = os.environ.get("PREFECT_API_URL")
    if named:
        require_prefect_server(named)
        with _marked(temporary=False):
            yield PrefectServer(named)
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
    try:
        with errors, _temporary_server(errors, log) as server, _marked(temporary=True):
            yield server
    finally:
        close_to_others(home)  # what Prefect has written from this process
        with suppress(OSError):
            if not log.stat().st_size:
                log.unlink()


@contextmanager
def _temporary_server(errors: TextIO, log: Path) -> Generator[PrefectServer]:
    """A child process that serves the API. Its socket listens already, so its address is known at once."""
    home = log.parent
    start_fast = _AS_IT_IS if _is_migrated(home) else {}
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        child = _started(listener.fileno(), errors, {**_LEAN, **start_fast, **os.environ})
    started = threading.Event()

    def await_start() -> None:
        _await_answer(address, child, log)
        started.set()
        if not start_fast:
            _note_migrated(home)

    try:
        os.environ["PREFECT_API_URL"] = address = f"http://127.0.0.1:{port}/api"
        yield PrefectServer(address, await_start)
    finally:
        os.environ.pop("PREFECT_API_URL", None)
        _stop(child, at_once=not started.is_set())


def _started(listener: int, errors: TextIO, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    module = "flows.prefect_runtime.temporary_server"
    try:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", module, str(listener)],  # -P: import nothing from the current folder
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env=environment,
            pass_fds=[listener],
            umask=0o077,  # its database is its owner's alone
            start_new_session=True,  # Ctrl-C is for the command, which stops the server last
        )
    except OSError as error:
        raise ServerUnusable(
            f"the temporary Prefect server could not be started: {error.strerror}",
            "free what is lacking, or raise the limit (ulimit -n, ulimit -u); then run the command again",
        ) from error


def _is_migrated(home: Path) -> bool:
    """Whether the installed version of Prefect has used the database in this folder before."""
    with suppress(OSError):
        noted = (home / _MIGRATED_BY).read_text(encoding="utf-8")
        return noted == version("prefect") and _has_database(home)
    return False


def _note_migrated(home: Path) -> None:
    with suppress(OSError):  # then the next server looks again
        if _has_database(home):
            replace_file(home / _MIGRATED_BY, version("prefect"))


def _has_database(home: Path) -> bool:
    """Whether the database in this folder is the one that a server uses."""
    names_another = any(name.endswith("DATABASE_CONNECTION_URL") for name in os.environ)
    return not names_another and (home / "prefect.db").exists()


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


def _await_answer(address: str, child: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the server answers: the first request waits in its socket until it can."""
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and child.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=10):
                return
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.05)
    require_room(log.parent, _ROOM)
    raise ServerUnusable(
        f"the temporary Prefect server did not start; see {log}", "or name a server by PREFECT_API_URL"
    )


def _stop(child: subprocess.Popen[bytes], *, at_once: bool) -> None:
    """End the server; at once while it is starting, because then nothing has been asked of it."""
    assert child.stdin is not None
    child.stdin.close()
    try:
        child.wait(0 if at_once else 10)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
