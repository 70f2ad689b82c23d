"""A socket in the place of a file."""

from __future__ import annotations

import socket
from contextlib import chdir
from pathlib import Path


def bound_socket(path: Path) -> None:
    """Leave one at the path, which may be longer than a socket's whole name can be."""
    with chdir(path.parent), socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)
