"""Free ports of the loopback interface."""

from __future__ import annotations

import socket
import sys

from lab.errors import LabError


def bind(*, shared: bool = False) -> socket.socket:
    """A socket on a free port of 127.0.0.1; with `shared` another one may be bound to it that says so, too.

    Raises:
        LabError: there is none to be had.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
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
    """A free port that is for an engine to listen on, which asks for it by its number later; and the socket
    that holds it.

    On Linux nobody else is given it as long as the socket is open: engines share addresses (SO_REUSEADDR),
    and one that only holds a port does not listen. Elsewhere it is free again at once.

    Raises:
        LabError: there is none to be had.
    """
    sock = bind(shared=True)
    port = sock.getsockname()[1]
    if not sys.platform.startswith("linux"):
        sock.close()
    return sock, port
