"""The lab's HTTP servers: several applications on free ports of the loopback interface, in one thread."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import Any

import uvicorn

from lab.errors import LabError


class Servers:
    """Serves applications until the process ends. Each gets a port of its own before it is built, so
    addresses are known."""

    def __init__(self) -> None:
        self._pairs: list[tuple[socket.socket, Any]] = []
        self._servers: list[uvicorn.Server] = []

    def add(self, app: Any) -> str:
        """Bind a free port for the ASGI application and return its address; it answers after `start`."""
        sock = bind()
        self._pairs.append((sock, app))
        host, port = sock.getsockname()
        return f"http://{host}:{port}"

    def start(self) -> None:
        """Start serving everything added, in a thread of its own; returns at once."""
        for _, app in self._pairs:
            config = uvicorn.Config(
                app, log_level="warning", access_log=False, timeout_keep_alive=75,
                timeout_graceful_shutdown=1, h11_max_incomplete_event_size=1 << 20,
            )  # fmt: skip
            self._servers.append(uvicorn.Server(config))
        threading.Thread(target=self._run, name="servers", daemon=True).start()

    def _run(self) -> None:
        async def serve() -> None:
            pairs = zip(self._servers, self._pairs, strict=True)
            await asyncio.gather(*(server.serve(sockets=[sock]) for server, (sock, _) in pairs))

        asyncio.run(serve())


def bind() -> socket.socket:
    """A socket on a free port of 127.0.0.1.

    Raises:
        LabError: there is none to be had.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.bind(("127.0.0.1", 0))
    except OSError as error:
        sock.close()
        raise LabError(
            f"No free port on 127.0.0.1: {error.strerror}.", "Close other programs, or raise the limits."
        ) from error
    return sock
