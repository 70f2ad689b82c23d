"""The lab's HTTP servers: several applications on free loopback ports, in one thread."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from typing import Any

import uvicorn

from lab.certificates import Certificate
from lab.door.connections import SeverableProtocol
from lab.errors import LabError
from lab.sockets import bind

GIVE_UP = 60.0  # seconds


class Servers:
    """Serves applications until the process ends. Each gets its port before it is built, so that addresses
    are known."""

    def __init__(self) -> None:
        self._pairs: list[tuple[socket.socket, Any, Certificate | None]] = []
        self._servers: list[uvicorn.Server] = []

    def add(self, app: Any, certificate: Certificate | None = None) -> str:
        """Bind a free port for the ASGI application and return its address; it answers after `start`, and
        with a certificate only by HTTPS."""
        sock = bind()
        self._pairs.append((sock, app, certificate))
        host, port = sock.getsockname()
        return f"{'https' if certificate else 'http'}://{host}:{port}"

    def start(self) -> None:
        """Start serving everything added, in a separate thread; return when all of it answers.

        Raises:
            LabError: something does not serve within a minute.
        """
        for _, app, certificate in self._pairs:
            config = uvicorn.Config(
                app, http=SeverableProtocol, log_level="warning", access_log=False, timeout_keep_alive=75,
                timeout_graceful_shutdown=1, h11_max_incomplete_event_size=1 << 20,
                ssl_certfile=certificate.server if certificate else None,
            )  # fmt: skip
            self._servers.append(uvicorn.Server(config))
        thread = threading.Thread(target=self._run, name="servers", daemon=True)
        thread.start()
        deadline = time.monotonic() + GIVE_UP
        while not all(server.started for server in self._servers):
            if not thread.is_alive() or time.monotonic() > deadline:
                raise LabError("The lab's servers did not start.", "See the lab's supervisor.log.")
            time.sleep(0.01)

    def _run(self) -> None:
        async def serve() -> None:
            pairs = zip(self._servers, self._pairs, strict=True)
            await asyncio.gather(*(server.serve(sockets=[sock]) for server, (sock, *_) in pairs))

        asyncio.run(serve())
