"""The one process that owns a lab: `python -m lab.supervisor HOME`.

It reads `HOME/settings.json`, starts everything, and writes `HOME/lab.json` when all is ready, or
`HOME/failure.json` when it cannot. It ends, and takes everything with it, at SIGTERM or SIGINT, when an
engine dies, or when its standard input ends, unless a line `keep` came before: that is how a lab outlives the
command that started it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
import traceback
from pathlib import Path

from lab.assembly import Running, start
from lab.description import FILE
from lab.errors import LabError
from lab.paths import write_atomic
from lab.processes import record
from lab.settings import LabSettings

FAILURE = "failure.json"
SETTINGS = "settings.json"
KEEP = b"keep\n"
GRACE = 0.5


def main(argv: list[str]) -> int:
    """Own the lab in the folder `argv[0]` until told to end; returns the exit status."""
    home = Path(argv[0])
    running = Running(home)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: running.stop.set())
    threading.Thread(target=watch_owner, args=(running,), daemon=True).start()
    record(home, "supervisor", os.getpid())
    try:
        description = start(running, LabSettings.load(home / SETTINGS))
        if not running.stop.is_set():
            description.save(home)
            supervise(running)
        return 0
    except LabError as error:
        report_failure(home, error.message, error.hint)
        return 1
    except Exception as error:  # noqa: BLE001  the last line of defence: said to whoever waits, and in the log
        traceback.print_exc()
        report_failure(
            home, f"The lab failed: {type(error).__name__}: {error}", f"See {home / 'supervisor.log'}."
        )
        return 1
    finally:
        take_down(running)


def supervise(running: Running) -> None:
    """Wait until told to stop, and do what is asked of the engines meanwhile.

    Raises:
        LabError: an engine ended by itself.
    """
    while not running.stop.is_set():
        running.control.work(0.2)
        for cluster in running.clusters:
            fallen = cluster.fallen()
            if fallen is not None:
                raise fallen


def watch_owner(running: Running) -> None:
    """When standard input ends before it said `keep`: stop, at the latest after `GRACE` seconds."""
    if sys.stdin.buffer.readline() == KEEP:
        return
    running.stop.set()
    time.sleep(GRACE)
    for cluster in running.clusters:
        cluster.kill()
    os._exit(1)


def take_down(running: Running) -> None:
    """End everything; `lab.json` goes first. The engines' data is of no more use, so they are not asked."""
    (running.home / FILE).unlink(missing_ok=True)
    for cluster in running.clusters:
        cluster.kill()


def report_failure(home: Path, message: str, hint: str) -> None:
    """Leave the reason for whoever started the lab."""
    write_atomic(home / FAILURE, json.dumps({"message": message, "hint": hint}))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
