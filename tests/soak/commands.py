"""Run the command as a child process, and kill -9 it or an engine on the way."""

from __future__ import annotations

import random
import subprocess
import threading
import time
from contextlib import suppress
from typing import Any

from tests.lab.migrations import Desk, Ended, log, log_size
from tests.soak.classes import FaultClass
from tests.soak.scene import Scene

LONGEST_S = 300.0
DOWN_S = (0.5, 4.0)


def in_this_process(scene: Scene, desk: Desk, kind: FaultClass, seed: int) -> Ended:
    """`migrate --execute` in this process: quicker, but nothing can be killed."""
    assert kind.victim != "command"
    return desk.run("migrate", "--execute")


def as_a_child(scene: Scene, desk: Desk, kind: FaultClass, seed: int) -> Ended:
    """`migrate --execute` in a process of its own; with a seed, the class's victim is killed on the way."""
    sizes = {side: log_size(scene.lab, side) for side in ("source", "target")}
    process = desk.start("migrate", "--execute")
    killer = None
    if seed and kind.victim:
        killer = _Killer(scene, kind, seed, sizes, process)
        killer.start()
    try:
        return waited(process)
    finally:
        if killer:
            killer.finish()


def waited(process: subprocess.Popen[str]) -> Ended:
    """How a command's process ended; after five minutes it is stopped, and the result says so."""
    try:
        said, _ = process.communicate(timeout=LONGEST_S)
    except subprocess.TimeoutExpired:
        process.kill()
        said, _ = process.communicate()
        return Ended(-1, f"{said}\nstill at work after {LONGEST_S:.0f} s", "")
    return Ended(process.returncode, said, "")


class _Killer(threading.Thread):
    """Kill the class's victim at its moment, next to the command."""

    def __init__(self, scene: Scene, *others: Any) -> None:
        super().__init__()
        self._scene, self._others = scene, others
        self._error: Exception | None = None

    def run(self) -> None:
        try:
            self._scene.kills += _kill(self._scene, *self._others)
        except Exception as error:  # noqa: BLE001  told by `finish`, in the thread that waits
            self._error = error

    def finish(self) -> None:
        """Wait until it is done; raise what went wrong in it."""
        self.join()
        if self._error is not None:
            raise self._error


def _kill(
    scene: Scene, kind: FaultClass, seed: int, sizes: dict[str, int], process: subprocess.Popen[str]
) -> int:
    """Wait for the moment, or until the command has ended; return how many were killed."""
    moment = kind.kill_after(seed)
    while not moment.reached(_entries(scene, sizes)):
        if process.poll() is not None:
            return 0
        time.sleep(0.05)
    time.sleep(moment.pause_s)
    if kind.victim == "command":
        process.kill()
        return 1
    assert kind.victim
    scene.kill(kind.victim)
    time.sleep(random.Random(f"{seed}/down").uniform(*DOWN_S))
    scene.start(kind.victim)
    return 1


def _entries(scene: Scene, sizes: dict[str, int]) -> list[dict[str, Any]]:
    """This command's requests; none while a line is being written."""
    with suppress(ValueError):
        return [entry for side, size in sizes.items() for entry in log(scene.lab, side, size)]
    return []
