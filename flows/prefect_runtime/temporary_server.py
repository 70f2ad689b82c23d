"""A Prefect server for one command: `python -m flows.prefect_runtime.temporary_server DESCRIPTOR`.

It serves on the listening socket that it is given, and ends when its standard input does. So it never
outlives the command that started it, even if that was killed.
"""

import gc
import os
import socket
import sys
import threading


def _end_with_standard_input() -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os._exit(0)  # the database is SQLite in WAL mode: safe to leave at any instant


def main(descriptor: int) -> None:
    """Serve the API on this listening socket until standard input ends."""
    threading.Thread(target=_end_with_standard_input, daemon=True).start()
    listener = socket.socket(fileno=descriptor)
    gc.disable()  # what is being imported is no garbage, and looking for some takes a sixth of the time

    import uvicorn
    from prefect.server.api.server import create_app

    app = create_app(ephemeral=True, webserver_only=False)
    gc.freeze()
    gc.enable()
    uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on")).run(sockets=[listener])


if __name__ == "__main__":
    main(int(sys.argv[1]))
