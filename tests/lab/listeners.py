"""Servers that are no domain: what a wrong endpoint may lead to."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from support.fake_domain import Reply, fake_domain

from lab.certificates import issue

PAGE = Reply(200, "<html><body>Welcome to the wiki</body></html>", type="text/html")


@contextmanager
def listening(kind: str) -> Iterator[str]:
    """The address (host:port) of such a server, for the block: `silent`, or a kind that replies."""
    if kind == "silent":
        with _silent() as address:
            yield address
        return
    with tempfile.TemporaryDirectory() as folder, fake_domain(_certificate(kind, folder)) as server:
        server.on(".*", REPLIES[kind]())
        yield f"127.0.0.1:{server.port}"


REPLIES: dict[str, Callable[[], Reply]] = {
    "tls": lambda: PAGE,
    "json": lambda: Reply(200, {"name": "orders-service", "status": "UP"}),
    "error-500": lambda: Reply(500, "<html><body>Internal Server Error</body></html>", type="text/html"),
}


def _certificate(kind: str, folder: str) -> str | None:
    """Of an authority that nobody trusts."""
    return str(issue(Path(folder)).server) if kind == "tls" else None


@contextmanager
def _silent() -> Iterator[str]:
    """Takes connections and never says a word; who waits for one loses patience sooner than usual."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        patch("domains.engine.reachability.ANSWER_S", 0.5),
        patch("domains.engine.reachability.CONNECT_S", 0.5),
    ):
        yield f"127.0.0.1:{listener.getsockname()[1]}"
