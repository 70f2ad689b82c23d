"""Limits of every request: one deadline, and a number of bytes.

The timeout of a socket starts again with every byte, so a reply that drips could last for ever. Here
everything counts against one deadline: connecting, sending, waiting, and reading the reply. And every byte
that arrives counts against one number: status lines, headers, chunk sizes, the body as it is compressed.
"""

import http.client
import io
import socket
import time
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import requests
import urllib3
import urllib3.connection
from requests.adapters import HTTPAdapter

from domains.known_secrets import remember_sent

_BESIDE_THE_BODY = 1024 * 1024  # bytes: the head, and what a chunk of a few bytes takes more than those


@dataclass
class Limits:
    """The limits of one request.

    Args:
        end: when it has to end, a reading of `time.monotonic`.
        longest: the most bytes of the reply's body, uncompressed.
        received: bytes that have arrived so far.
    """

    end: float
    longest: int
    received: int = 0

    @property
    def exceeded(self) -> bool:
        """Whether more has arrived than a body of `longest` bytes can take."""
        return self.received > self.longest + self.longest // 8 + _BESIDE_THE_BODY


_limits: ContextVar[Limits] = ContextVar("snapferry_request_limits")


@contextmanager
def limited(limits: Limits) -> Generator[None]:
    """Inside the block, these limits hold for this thread's request."""
    token = _limits.set(limits)
    try:
        yield
    finally:
        _limits.reset(token)


def current_limits() -> Limits:
    """The limits of this thread's request. Raises LookupError outside `limited`."""
    return _limits.get()


def seconds_left() -> float | None:
    """Seconds until this thread's request has to end; None outside `limited`.

    Raises:
        TimeoutError: there are none.
    """
    limits = _limits.get(None)
    if limits is None:
        return None
    left = limits.end - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left


class _Reader(io.RawIOBase):
    """Reads a socket, each time with no more than the rest of the time, and counts the bytes."""

    def __init__(self, source: io.RawIOBase, sock: socket.socket) -> None:
        self._source = source
        self._sock = sock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = seconds_left()
        if left is not None:
            self._sock.settimeout(left)
        count: int | None = self._source.readinto(buffer)  # pyright: ignore[reportAttributeAccessIssue]
        limits = _limits.get(None)
        if limits is not None:
            limits.received += count or 0
            if limits.exceeded:
                raise OSError("the reply does not end")
        return count

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
    """A requests adapter whose requests respect `limited`, with or without a proxy.

    Args:
        connections: size of the connection pool.
    """

    plain: type[PlainConnection] = PlainConnection
    tls: type[TlsConnection] = TlsConnection

    def __init__(self, connections: int) -> None:
        super().__init__(pool_maxsize=connections)

    def send(self, request: requests.PreparedRequest, *arguments: Any, **settings: Any) -> requests.Response:
        """Send it, and remember its credentials: whoever answers may quote them."""
        remember_sent(request.headers)
        return super().send(request, *arguments, **settings)

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
