"""The one process that owns a lab: `python -m lab.supervisor HOME`.

It reads `HOME/settings.json`, starts everything, and writes `HOME/lab.json` when all is ready, or
`HOME/failure.json` on failure. It ends, with all its processes, at SIGTERM or SIGINT, when an engine dies, or
when its standard input ends without a line `keep`, which lets a lab outlive the command that started it.
"""

from __future__ import annotations

import gc
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
    """Own the lab in the folder `argv[0]` until asked to end; return the exit status."""
    home = Path(argv[0])
    running = Running(home)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: running.stop.set())
    threading.Thread(target=watch_owner, args=(running,), daemon=True).start()
    record(home, "supervisor", os.getpid())
    try:
        gc.set_threshold(50_000, 20, 50)  # it looked for garbage at each import, and at each request
        description = start(running, LabSettings.load(home / SETTINGS))
        gc.freeze()  # modules are no garbage
        if not running.stop.is_set():
            description.save_profiles(home)
            description.save(home)
            supervise(running)
        return 0
    except LabError as error:
        report_failure(home, error.message, error.hint)
        return 1
    except Exception as error:  # noqa: BLE001  the last line of defence: report it to the owner and log it
        traceback.print_exc()
        report_failure(
            home, f"The lab failed: {type(error).__name__}: {error}", f"See {home / 'supervisor.log'}."
        )
        return 1
    finally:
        take_down(running)


def supervise(running: Running) -> None:
    """Serve requests to the engines until asked to stop.

    Raises:
        LabError: an engine ended unexpectedly.
    """
    while not running.stop.is_set():
        running.control.work(0.2)
        for cluster in running.clusters:
            fallen = cluster.fallen()
            if fallen is not None:
                raise fallen


def watch_owner(running: Running) -> None:
    """Stop when standard input ends without `keep`, after at most `GRACE` seconds."""
    if sys.stdin.buffer.readline() == KEEP:
        return
    running.stop.set()
    time.sleep(GRACE)
    for cluster in running.clusters:
        cluster.kill()
    os._exit(1)


def take_down(running: Running) -> None:
    """End everything, `lab.json` first. Nobody needs the engines' data, so kill them."""
    (running.home / FILE).unlink(missing_ok=True)
    for cluster in running.clusters:
        cluster.kill()


def report_failure(home: Path, message: str, hint: str) -> None:
    """Write the reason of a failure for the command that started the lab."""
    write_atomic(home / FAILURE, json.dumps({"message": message, "hint": hint}))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
