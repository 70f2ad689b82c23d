"""Requests and replies as they were exchanged, for those who watch: `-v` and `--debug` of the command."""

import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode


@dataclass
class Exchange:
    """One request and what became of it. Headers are left out: they carry the credentials.

    Args:
        side: `source` or `target`; `aws` for a call of an AWS API, whose bodies are left out.
        method, path: the request line; for an AWS API the operation and its service.
        sent, received: the bodies, as text.
        status: None if no reply came.
        problem: why no reply came, as the kind of error; empty if one came.
    """

    side: str
    method: str
    path: str
    sent: str = ""
    received: str = ""
    status: int | None = None
    seconds: float = 0.0
    problem: str = ""

    def answered(self, status: int, body: object) -> None:
        """Note the reply."""
        self.status, self.received = status, body if isinstance(body, str) else ""


Observer = Callable[[Exchange], None]
_observers: list[Observer] = []  # of the whole process: requests are sent from many threads


@contextmanager
def observed_by(observer: Observer) -> Generator[None]:
    """Inside the block, call `observer` after each request of this process; it must not raise."""
    _observers.append(observer)
    try:
        yield
    finally:
        _observers.remove(observer)


@contextmanager
def exchange(
    side: str, method: str, path: str, query: Mapping[str, Any] | None = None, body: object = None
) -> Generator[Exchange]:
    """Time the request that the block sends, and tell the observers; the block notes the reply."""
    if not _observers:
        yield Exchange(side, method, path)
        return
    asked = f"{path}?{urlencode(query)}" if query else path
    made = Exchange(side, method, asked, body.decode(errors="replace") if isinstance(body, bytes) else "")
    began = time.monotonic()
    try:
        yield made
    except Exception as error:
        made.problem = "" if made.status else type(error).__name__
        raise
    finally:
        made.seconds = time.monotonic() - began
        announce(made)


def announce(made: Exchange) -> None:
    """Tell the observers of an exchange that has ended."""
    for observer in tuple(_observers):
        observer(made)
