"""Clients that write at a steady rate for minutes: there by follow and cutover, back by follow and fallback.

The clients never pause: they run into each freeze. The window must be short although they write, and nothing
that either domain has acknowledged may be lost.
"""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from lab.settings import LabSettings
from tests.lab.pairs import OLD_TO_MIDDLE
from tests.soak.commands import waited
from tests.soak.scene import Scene
from tests.soak.tails import engines
from tests.soak.ways_back import DONE, Run, Stage, begin, equal_and_open, ran, to_its_end
from tests.support.raw_engine import RawEngine

RUNS = 4
LABS = (LabSettings(), OLD_TO_MIDDLE.settings())
PASSED = (DONE,)
COLUMNS = (
    "seed",
    "engines",
    "writes there",
    "window there",
    "writes back",
    "window back",
    "seconds",
    "verdict",
)
RATE = 100.0
FOLLOWED_S = 150.0
LONGEST_S = 15.0
"""Of a window: seconds, however long the clients have been writing."""
Direction = tuple[Stage, RawEngine, RawEngine]
"""The command that opens, the domain that is left, and the one that is taken."""


@dataclass
class Went:
    """One direction.

    Args:
        writes: that were acknowledged meanwhile.
        window: its seconds, and those of its longest phases.
    """

    writes: int
    window: str


def steady_run(scene: Scene, seed: int) -> dict[str, Any]:
    """The run with this seed, as a row of the results."""
    began = time.monotonic()
    went: list[Went] = []
    chance = random.Random(f"{seed}/steady")
    run = ran(scene, seed, chance, "steady", lambda run: went.extend(_there_and_back(run)))
    there, back = [*went, Went(0, "-"), Went(0, "-")][:2]
    return {
        "seed": seed,
        "engines": engines(scene.lab),
        "writes there": there.writes,
        "window there": there.window,
        "writes back": back.writes,
        "window back": back.window,
        "seconds": f"{time.monotonic() - began:.0f}",
        "verdict": "; ".join(dict.fromkeys(run.problems)) or DONE,
    }


def _there_and_back(run: Run) -> Iterator[Went]:
    """Seed, and go there and back while clients write all the time to the domain that serves."""
    begin(run)
    there: Direction = ("cutover", run.source, run.target)
    back: Direction = ("fallback", run.target, run.source)
    for stage, left, taken in (there, back):
        before = run.history.acknowledged()
        run.history.engine = left
        with run.history.writing(rate=RATE):
            if stage == "cutover" and not to_its_end(run, "seed"):
                return
            with _followed(run):
                time.sleep(FOLLOWED_S)
            if not to_its_end(run, stage):
                return
        yield Went(run.history.acknowledged() - before, _window(run, stage))
        run.problems += equal_and_open(run, stage, left, taken)
        if run.problems:
            return


@contextmanager
def _followed(run: Run) -> Iterator[None]:
    """`follow` for as long as the block lasts; it must not end before, and then in order."""
    process = run.desk.start("follow", "--execute")
    try:
        yield
        if process.poll() is not None:
            run.problems.append("follow ended by itself")
    finally:
        process.send_signal(signal.SIGTERM)
        ended = waited(process)
        run.exits.append(f"follow {ended.code}")
        (run.desk.folder / f"said-{len(run.exits):02}.txt").write_text(str(ended), encoding="utf-8")


def _window(run: Run, stage: Stage) -> str:
    """The window as the report has it; it must be short, and its phases must add up to it."""
    window = run.desk.report()["window"]
    phases = {each["name"]: each["seconds"] for each in window["phases"]}
    if window["seconds"] > LONGEST_S:
        run.problems.append(f"{stage} blocked writes for {window['seconds']:.1f} s")
    if abs(sum(phases.values()) - window["seconds"]) > 0.1:
        run.problems.append(
            f"the phases of {stage} are {sum(phases.values()):.1f} s of {window['seconds']:.1f} s"
        )
    longest = sorted(phases, key=lambda name: -phases[name])[:3]
    return f"{window['seconds']:.1f} s: " + ", ".join(f"{name} {phases[name]:.1f}" for name in longest)
