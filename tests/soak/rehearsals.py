"""Rehearsals that are killed at any moment, then run again or aborted: nothing of them may be left."""

from __future__ import annotations

import random
import time
from typing import Any

from lab.state import state
from tests.lab.migrations import Desk, log, log_size
from tests.soak.commands import waited
from tests.soak.runs import fresh
from tests.soak.scene import Scene

TRIES = 4
TIDIED = ("rehearse", "abort")
NOTHING_LEFT = "has left anything behind"
DONE, SPARED = "done", "done, not killed"
COLUMNS = ("seed", "killed after", "then", "exits", "seconds", "verdict")


def rehearsal_run(scene: Scene, seed: int) -> dict[str, Any]:
    """The run with this seed, as a row of the results."""
    chance = random.Random(f"{seed}/rehearsal")
    moment, then = chance.randint(2, 130), TIDIED[seed % len(TIDIED)]
    began = time.monotonic()
    scene.renew()
    before = _both(scene)
    desk = Desk(scene.lab, fresh(scene.folder / f"rehearsal-{seed}"))
    desk.write(restore={"batch": 2})
    killed = _killed_after(scene, desk, moment, chance.choice((0.0, chance.uniform(0, 0.5))))
    exits, problems = ["killed" if killed else "0"], []
    for _ in range(TRIES):
        ended = waited(desk.start(then, "--execute"))
        exits.append(str(ended.code))
        if ended.code in (0, 3):
            break
    if ended.code == 3 and not (then == "abort" and NOTHING_LEFT in ended.err + ended.out):
        problems.append(f"REFUSED: {ended.out.strip()[-200:]}")
    if ended.code not in (0, 3):
        problems.append(f"exit {ended.code}")
    after = _both(scene)
    problems += [
        f"LEFT on the {side}: {key}"
        for side in before
        for key in before[side]
        if before[side][key] != after[side][key]
    ]
    return {
        "seed": seed,
        "killed after": f"{moment} requests" if killed else "not",
        "then": then,
        "exits": " ".join(exits),
        "seconds": f"{time.monotonic() - began:.0f}",
        "verdict": "; ".join(problems) or (DONE if killed else SPARED),
    }


def _both(scene: Scene) -> dict[str, dict[str, Any]]:
    return {side: state(scene.lab, side) for side in ("source", "target")}


def _killed_after(scene: Scene, desk: Desk, requests: int, pause_s: float) -> bool:
    """Start a rehearsal and kill it once the domains got this many requests; False if it ended before."""
    sizes = {side: log_size(scene.lab, side) for side in ("source", "target")}
    process = desk.start("rehearse", "--execute")
    while process.poll() is None:
        if sum(_grown(scene, side, size) for side, size in sizes.items()) >= requests:
            time.sleep(pause_s)
            process.kill()
            process.communicate()
            return process.returncode != 0
        time.sleep(0.02)
    process.communicate()
    return False


def _grown(scene: Scene, side: str, size: int) -> int:
    try:
        return len(log(scene.lab, side, size))
    except ValueError:  # a line is being written
        return 0
