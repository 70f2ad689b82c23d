"""Free ports of the loopback interface."""

from __future__ import annotations

import socket
import sys

from lab.errors import LabError


def bind(*, shared: bool = False) -> socket.socket:
    """Bind a socket to a free port of 127.0.0.1; with `shared`, another shared socket may bind it too.

    Raises:
        LabError: no port is free.
    """
    # With the protocol named, asyncio sends each piece at once; else it waits 40 ms for the reader's word.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if shared:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", 0))
    except OSError as error:
        sock.close()
        raise LabError(
            f"No free port on 127.0.0.1: {error.strerror}.", "Close other programs, or raise the limits."
        ) from error
    return sock


def hold() -> tuple[socket.socket, int]:
    """Reserve a free port for an engine that will listen on it later; return it with the socket that holds
    it.

    On Linux nobody else gets the port while the socket is open: engines share addresses (SO_REUSEADDR), and
    the holding socket does not listen. Elsewhere the port is free again at once.

    Raises:
        LabError: no port is free.
    """
    sock = bind(shared=True)
    port = sock.getsockname()[1]
    if not sys.platform.startswith("linux"):
        sock.close()
    return sock, port
