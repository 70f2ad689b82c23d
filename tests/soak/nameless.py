"""The command on a machine whose resolver fails: `python -m tests.soak.nameless FILE VERB …`.

While FILE exists, no name has an address: a resolver of the machine's own cannot be stopped here, so this one
is a fake, in the place where the system's is called.
"""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    """Run the command."""
    while_there = Path(sys.argv[1])
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, *arguments: Any, **named: Any) -> Any:
        if while_there.exists():
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return real(host, *arguments, **named)

    socket.getaddrinfo = getaddrinfo
    sys.argv = ["snapferry", *sys.argv[2:]]
    from snapferry.main import main as command

    command()


if __name__ == "__main__":
    main()
