"""A total deadline for every request.

The timeout of a socket starts again with every byte, so a reply that drips could last for ever. Here
everything counts against one deadline: connecting, sending, waiting, and reading the reply.
"""

import http.client
import io
import socket
import time
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import urllib3
import urllib3.connection
from requests.adapters import HTTPAdapter

_end: ContextVar[float] = ContextVar("snapferry_request_end")


@contextmanager
def ending_at(end: float) -> Generator[None]:
    """Inside the block, this thread's requests end at this reading of `time.monotonic` at the latest."""
    token = _end.set(end)
    try:
        yield
    finally:
        _end.reset(token)


def seconds_left() -> float | None:
    """Seconds until this thread's request has to end; None outside `ending_at`.

    Raises:
        TimeoutError: there are none.
    """
    end = _end.get(None)
    if end is None:
        return None
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left


class _Reader(io.RawIOBase):
    """Reads a socket, each time with no more than the rest of the time."""

    def __init__(self, source: io.RawIOBase, sock: socket.socket) -> None:
        self._source = source
        self._sock = sock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = seconds_left()
        if left is not None:
            self._sock.settimeout(left)
        return self._source.readinto(buffer)  # pyright: ignore[reportAttributeAccessIssue]

    def close(self) -> None:
        self._source.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *arguments: Any, **settings: Any) -> None:
        super().__init__(sock, *arguments, **settings)
        buffered: Any = self.fp
        self.fp = io.BufferedReader(_Reader(buffered.detach(), sock))


class PlainConnection(urllib3.connection.HTTPConnection):
    """A connection over HTTP whose requests have a deadline."""

    response_class = _Response

    def _new_conn(self) -> socket.socket:
        self.timeout = seconds_left() or self.timeout
        return super()._new_conn()

    def send(self, data: Any) -> None:
        """Send it. Nothing leaves after the deadline: nobody waits for its effect any more."""
        _require_time(self)
        super().send(data)


class TlsConnection(PlainConnection, urllib3.connection.HTTPSConnection):
    """The same over HTTPS."""


def _require_time(connection: http.client.HTTPConnection) -> None:
    """Connect, then give what is sent next the time that is left."""
    if connection.sock is None:  # pyright: ignore[reportUnnecessaryComparison]
        connection.connect()
    left = seconds_left()
    if left is not None:
        sock: Any = connection.sock
        sock.settimeout(left)


class DeadlineAdapter(HTTPAdapter):
    """A requests adapter whose requests respect `ending_at`, with or without a proxy.

    Args:
        connections: size of the connection pool.
    """

    plain: type[PlainConnection] = PlainConnection
    tls: type[TlsConnection] = TlsConnection

    def __init__(self, connections: int) -> None:
        super().__init__(pool_maxsize=connections)

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any
    ) -> None:
        super().init_poolmanager(connections, maxsize, block, **pool_kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools()

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        manager: Any = super().proxy_manager_for(proxy, **proxy_kwargs)
        manager.pool_classes_by_scheme = self._pools()
        return manager

    def _pools(self) -> dict[str, type[urllib3.HTTPConnectionPool]]:
        class PlainPool(urllib3.HTTPConnectionPool):
            ConnectionCls = self.plain  # pyright: ignore[reportAssignmentType]

        class TlsPool(urllib3.HTTPSConnectionPool):
            ConnectionCls = self.tls  # pyright: ignore[reportAssignmentType]

        return {"http": PlainPool, "https": TlsPool}
