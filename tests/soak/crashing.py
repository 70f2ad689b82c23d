"""The command, which kills itself with -9 at a point: `python -m tests.soak.crashing POINTS N VERB …`.

A point is the instant before or after a write of the journal, a line of what a tail sends, a request that may
change a domain, or a call that changes the account. Each is written to the file POINTS, a line each; at the
N-th the process ends as by a power cut. With N = 0 it goes through.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

_READS = ("Get", "List", "Describe", "Head", "Simulate", "Assume")


class Points:
    """The points as they come.

    Args:
        file: where they are written.
        last: the one at which the process ends; 0 for none.
    """

    def __init__(self, file: Path, last: int) -> None:
        self._file = file.open("a", encoding="utf-8", buffering=1)
        self._last = last
        self._count = 0
        self._lock = threading.Lock()

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
    _watch_account(points)


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


def main() -> None:
    """Run the command."""
    file, last = Path(sys.argv[1]), int(sys.argv[2])
    watch(Points(file, last))
    sys.argv = ["snapferry", *sys.argv[3:]]
    from snapferry.main import main as command

    command()


if __name__ == "__main__":
    main()
