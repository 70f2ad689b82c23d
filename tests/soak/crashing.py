"""The command, which kills itself with -9 at a point: `python -m tests.soak.crashing`.

It reads orders from standard input, a JSON document a line, and answers each with the exit code of a command.
Each command is a process of its own, forked from this one, which has imported everything already: a matrix of
a thousand commands would spend half its time with imports.

A point is the instant before or after a write of the journal, a line of what a tail sends, a request that may
change a domain, or a call that changes the account. Each is written to the file `points`, a line each; at one
of them the process ends as by a power cut. Or it does so after so many seconds, wherever it is then; or, from
one of the writes to the disk on, there is no space left for any other.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

ROOT = Path(__file__).parents[2]
DISK = "the disk"

_READS = ("Get", "List", "Describe", "Head", "Simulate", "Assume")


class Points:
    """The points as they come.

    Args:
        file: where they are written.
        last: the one at which the process ends; 0 for none.
        writes: the number of the first write to the disk for which there is no space; 0 for none.
    """

    def __init__(self, file: Path, last: int, writes: int) -> None:
        self._file = file.open("a", encoding="utf-8", buffering=1)
        self._last, self._writes = last, writes
        self._count = self._written = 0
        self._lock = threading.Lock()

    def write(self) -> None:
        """Count a write to the disk. Raises OSError if there is no space for it."""
        with self._lock:
            self._written += 1
            self._file.write(f"{DISK}\n")
            if 0 < self._writes <= self._written:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def come(self, point: str) -> None:
        """Note a point; end the process if it is the last."""
        with self._lock:
            self._count += 1
            self._file.write(f"{point}\n")
            if self._count == self._last:
                os.kill(os.getpid(), signal.SIGKILL)

    def around(self, function: Callable[..., Any], name: Callable[..., str]) -> Callable[..., Any]:
        """The function, with a point before and after each call that has a name."""

        @wraps(function)
        def called(*arguments: Any, **settings: Any) -> Any:
            point = name(*arguments, **settings)
            if not point:
                return function(*arguments, **settings)
            self.come(f"before {point}")
            try:
                return function(*arguments, **settings)
            finally:
                self.come(f"after {point}")

        return called


def watch(points: Points) -> None:
    """Let all points of this process come."""
    from domains.http.connection import Connection
    from domains.http.requests import reads_only
    from runs import journal
    from runs.stores import folder

    def request(_: Any, method: str, path: str, *__: Any) -> str:
        return "" if reads_only(method, path) else f"{method} {path.partition('?')[0]}"

    def saved(path: Path, text: str) -> str:
        return "the journal"

    def appended(self: Any, text: str, *, durably: bool = False) -> str:
        return "a line of what is sent" if durably else ""

    journal.save_state = points.around(journal.save_state, saved)
    folder._FileAppender.append = points.around(folder._FileAppender.append, appended)
    Connection._send = points.around(Connection._send, request)
    _watch_disk(points)
    _watch_account(points)


def _watch_disk(points: Points) -> None:
    """A disk fills up where what was written must reach it: there the kernel says so."""

    def counted(sync: Callable[[int], None]) -> Callable[[int], None]:
        def synced(descriptor: int) -> None:
            points.write()
            sync(descriptor)

        return synced

    os.fsync, os.fdatasync = counted(os.fsync), counted(os.fdatasync)


def _watch_account(points: Points) -> None:
    from domains.aws import session

    observed = session._observed

    def watched(client: Any) -> Any:
        client.meta.events.register(
            "before-send", lambda event_name, **_: _changes(points, "before", event_name)
        )
        client.meta.events.register(
            "after-call", lambda event_name, **_: _changes(points, "after", event_name)
        )
        return observed(client)

    session._observed = watched


def _changes(points: Points, when: str, event: str) -> None:
    _, service, operation = event.split(".")
    if not operation.startswith(_READS):
        points.come(f"{when} {service} {operation}")


def run(order: dict[str, Any]) -> None:
    """The command of an order, in this process.

    `points` is the file for them; `at` the one where it dies, `after` in how many seconds, `full` from which
    write the disk is; `words` says what it does, `environment` with which variables, `said` is the file for
    what it says.
    """
    said = os.open(order["said"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, to in ((nothing, 0), (said, 1), (said, 2)):
        os.dup2(number, to)
    os.environ.clear()
    os.environ.update(order["environment"])
    watch(Points(Path(order["points"]), order.get("at", 0), order.get("full", 0)))
    if "after" in order:
        signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
        signal.setitimer(signal.ITIMER_REAL, order["after"])
    sys.argv = ["snapferry", *order["words"]]
    from snapferry.main import main as command

    command()


def _run_to_its_end(order: dict[str, Any]) -> None:
    code = 1
    try:
        run(order)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001  as the interpreter would tell it
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _import_all() -> None:
    """Import what a verb imports that runs without Prefect: the flows themselves are left out."""
    for room in ("configs", "domains", "runs", "tasks", "flows", "reports", "snapferry"):
        for module in walk_packages([str(ROOT / room)], f"{room}."):
            is_flow = module.name.startswith("flows.deployed")
            if not is_flow and "prefect" not in module.name and not module.name.endswith("__main__"):
                with suppress(ImportError):
                    import_module(module.name)
    for name in ("boto3", "botocore.session", "opensearchpy", "requests_aws4auth"):
        import_module(name)


def main() -> None:
    """Serve until standard input ends."""
    _import_all()
    for line in sys.stdin:
        process = os.fork()
        if process == 0:
            _run_to_its_end(json.loads(line))
        _, status = os.waitpid(process, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
