"""Serve a page or metrics until the command is told to end."""

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack

from runs import interruptions

_SLICE_S = 0.2


def serve_until_told(servers: Sequence[AbstractContextManager[object]]) -> None:
    """Start the servers, and end them on Ctrl-C, SIGTERM, or a closed terminal.

    Raises:
        typer.BadParameter: one of them cannot listen.
    """
    with interruptions.noted() as told, ExitStack() as stack:
        for server in servers:
            stack.enter_context(server)
        while not told:
            time.sleep(_SLICE_S)
