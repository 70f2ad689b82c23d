"""A Prefect server for the duration of one command: `python -m flows.prefect_runtime.temporary_server`.

It prints its port, and ends when its standard input does. So it never outlives the command that started it,
even if that was killed.
"""

import os
import socket
import sys
import threading

import uvicorn
from prefect.server.api.server import create_app


def _end_with_standard_input() -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os._exit(0)  # the database is SQLite in WAL mode: safe to leave at any instant


def main() -> None:
    """Serve the API on a free loopback port until standard input ends."""
    threading.Thread(target=_end_with_standard_input, daemon=True).start()
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    app = create_app(ephemeral=True, webserver_only=False)
    uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on")).run(sockets=[listener])


if __name__ == "__main__":
    main()
