"""The command as a child process, and kill -9 of it or of an engine in the middle."""

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
    """`migrate --execute` in this process: quicker, and nothing can be killed."""
    assert kind.victim != "command"
    return desk.run("migrate", "--execute")


def as_a_child(scene: Scene, desk: Desk, kind: FaultClass, seed: int) -> Ended:
    """`migrate --execute` in a process of its own; with a seed, the class's victim is killed on the way."""
    sizes = {side: log_size(scene.lab, side) for side in ("source", "target")}
    process = desk.start("migrate", "--execute")
    killer = None
    if seed and kind.victim:
        killer = threading.Thread(target=_kill, args=(scene, kind, seed, sizes, process))
        killer.start()
    try:
        said, _ = process.communicate(timeout=LONGEST_S)
    except subprocess.TimeoutExpired:
        process.kill()
        said, _ = process.communicate()
        said += f"\nstill at work after {LONGEST_S:.0f} s"
        return Ended(-1, said, "")
    finally:
        if killer:
            killer.join()
    return Ended(process.returncode, said, "")


def _kill(
    scene: Scene, kind: FaultClass, seed: int, sizes: dict[str, int], process: subprocess.Popen[str]
) -> None:
    """Waits for the moment, or until the command has ended."""
    moment = kind.kill_after(seed)
    while not moment.reached(_entries(scene, sizes)):
        if process.poll() is not None:
            return
        time.sleep(0.05)
    time.sleep(moment.pause_s)
    if kind.victim == "command":
        process.kill()
        return
    assert kind.victim
    scene.kill(kind.victim)
    time.sleep(random.Random(f"{seed}/down").uniform(*DOWN_S))
    scene.start(kind.victim)


def _entries(scene: Scene, sizes: dict[str, int]) -> list[dict[str, Any]]:
    """The requests of this command; none while a line is being written."""
    with suppress(ValueError):
        return [entry for side, size in sizes.items() for entry in log(scene.lab, side, size)]
    return []
