"""Replies that end their connection in the middle of a request.

An ASGI application has no access to its connection. The protocol here puts it into the request's scope, under
`extensions`.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

CONNECTION = "lab.connection"
AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: unsent bytes are thrown away, the peer gets a reset


class SeverableProtocol(H11Protocol):
    """uvicorn's HTTP protocol, which puts the connection into the application's scope."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Remember the new connection."""
        super().connection_made(transport)
        inner: Any = self.app

        async def application(scope: Any, receive: Any, send: Any) -> None:
            scope["extensions"] = {**(scope.get("extensions") or {}), CONNECTION: transport}
            await inner(scope, receive, send)

        self.app = application


class Severed(Response):
    """No reply: close or reset the connection. The request log shows status 0."""

    def __init__(self, *, reset: bool) -> None:
        super().__init__(status_code=0)
        self._reset = reset

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """End the connection (ASGI)."""
        transport: asyncio.Transport = scope["extensions"][CONNECTION]
        if self._reset:
            connection: socket.socket = transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
            transport.abort()
        else:
            transport.close()
        await _ended(receive)


class Truncated(Response):
    """Half a reply, after which the connection is closed; a `chunked` one announces no length."""

    def __init__(self, content: bytes, status: int, headers: dict[str, str], *, chunked: bool) -> None:
        kept = {name: value for name, value in headers.items() if name.lower() != "content-length"}
        super().__init__(content, status, kept)
        if chunked:
            del self.headers["content-length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the head and half of the body, and end the connection (ASGI)."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        half = bytes(self.body[: len(self.body) // 2])
        await send({"type": "http.response.body", "body": half, "more_body": True})
        transport: asyncio.Transport = scope["extensions"][CONNECTION]
        transport.close()  # sends buffered bytes first
        await _ended(receive)


class Dripping(Response):
    """A whole reply, one byte at a time."""

    def __init__(self, content: bytes, status: int, headers: dict[str, str], *, pause_s: float) -> None:
        super().__init__(content, status, headers)
        self._pause_s = pause_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the reply until it ends or its reader is gone (ASGI)."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        transport: asyncio.Transport = scope["extensions"][CONNECTION]
        for byte in self.body:
            if transport.is_closing():
                return
            await send({"type": "http.response.body", "body": bytes([byte]), "more_body": True})
            await asyncio.sleep(self._pause_s)
        await send({"type": "http.response.body", "body": b""})


async def _ended(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
