"""Free ports of the loopback interface."""

from __future__ import annotations

import socket

from lab.errors import LabError


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
