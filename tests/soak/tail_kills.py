"""Tails that are killed: `follow`, `cutover` and `fallback`, either way, with and without their guard.

The same command follows until it ends: both sides are equal then, nothing that was acknowledged is lost, and
no block or setting is left as it should not be.
"""

from __future__ import annotations

import random
import time
from typing import Any

from tests.soak.kills import How, Kill
from tests.soak.scene import Scene
from tests.soak.tails import engines
from tests.soak.ways_back import DONE, Run, Stage, go, ran

RUNS = 60
SPARED = "done, nobody killed"
PASSED = (DONE, SPARED)
COLUMNS = ("seed", "engines", "operations", "killed", "exits", "seconds", "verdict")
STAGES: tuple[tuple[Stage, ...], ...] = (
    ("follow", "follow back"),
    ("cutover", "cutover again"),
    ("fallback", "fallback"),
)
EVENTS = {"follow": 6, "follow back": 5, "cutover": 30, "cutover again": 30, "fallback": 26}
"""About the number of events in a command's journal."""


def kill_run(scene: Scene, seed: int) -> dict[str, Any]:
    """The run with this seed, as a row of the results."""
    began = time.monotonic()
    chance = random.Random(f"{seed}/tail kills")

    def way(run: Run) -> None:
        _draw(run, seed)
        go(run)

    run = ran(scene, seed, chance, "tail-kills", way)
    return {
        "seed": seed,
        "engines": engines(scene.lab),
        "operations": run.history.acknowledged(),
        "killed": "; ".join(run.killed) or "not",
        "exits": " ".join(run.exits),
        "seconds": f"{time.monotonic() - began:.0f}",
        "verdict": "; ".join(dict.fromkeys(run.problems)) or (DONE if run.killed else SPARED),
    }


def _draw(run: Run, seed: int) -> None:
    """Kill one stage, or both directions of it; sometimes the repetition, too: a fallback's mostly."""
    for stage in dict.fromkeys(STAGES[seed // 2 % len(STAGES)]):
        times = run.chance.choice((1, 2, 2) if stage == "fallback" else (1, 1, 2))
        run.kills[stage] = [_kill(run.chance, stage) for _ in range(times)]


def _kill(chance: random.Random, stage: Stage) -> Kill:
    how: How = "kill -9 with its guard" if chance.random() < 1 / 3 else "kill -9"
    longest = 1.5 if stage.startswith("follow") else 0.4
    pause_s = chance.choice((0.0, chance.uniform(0, 0.1), chance.uniform(0, longest)))
    return Kill(how, chance.randint(1, EVENTS[stage]), pause_s)
