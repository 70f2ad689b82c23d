"""Run a command with all that it starts, until it ends or standard input does: nothing outlives the tests.

`python -m tests.support.leash COMMAND…`
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import suppress

import psutil


def tree(process: int) -> list[psutil.Process]:
    """A process and everything that it has started, the youngest first."""
    with suppress(psutil.NoSuchProcess):
        top = psutil.Process(process)
        return [*reversed(top.children(recursive=True)), top]
    return []


def kill_tree(process: int) -> None:
    """kill -9 of a process and of everything that it has started, at once."""
    found = tree(process)
    for each in found:
        with suppress(psutil.NoSuchProcess):
            each.suspend()  # nobody notices that another is gone
    for each in found:
        with suppress(psutil.NoSuchProcess):
            each.kill()


def _main(command: list[str]) -> None:
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)

    def end_with_input() -> None:
        while os.read(sys.stdin.fileno(), 4096):
            pass
        kill_tree(child.pid)

    threading.Thread(target=end_with_input, daemon=True).start()
    code = child.wait()
    os._exit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    _main(sys.argv[1:])
