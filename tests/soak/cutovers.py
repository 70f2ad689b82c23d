"""Killed seed rounds and cutovers: the source never refuses writes unreported, and nothing is lost."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.lab.migrations import Desk
from tests.lab.writers import Writers, writing
from tests.soak.changes import begin, change
from tests.soak.data import STREAM
from tests.soak.kills import Journals, Kill, Went, commanded, kill_of
from tests.soak.proof import blocked, wrong_copies, wrong_end
from tests.soak.runs import fresh, secrets
from tests.soak.scene import Scene

TRIES = 10
DONE, SPARED = "done", "done, nobody killed"
PASSED = (DONE, SPARED)
COLUMNS = ("seed", "rounds", "writers", "killed", "exits", "seconds", "verdict")
_EXECUTE = {
    "seed": ("seed", "--execute"),
    "cutover": ("cutover", "--execute", "--allow-freeze"),
    "abort": ("abort", "--execute"),
    "finish": ("finish", "--source", "released", "--execute"),
}


@dataclass
class Run:
    """One run of the soak: its parameters and its results.

    Args:
        rounds: how many seed rounds come before the cutover.
        kills: what is killed in which of the commands, in turn.
        aborts: whether a window left frozen by a kill is given up with `abort`.
    """

    scene: Scene
    desk: Desk
    chance: random.Random
    rounds: int
    kills: dict[int, list[Kill]]
    source_after: str
    aborts: bool
    killed: list[str] = field(default_factory=list)
    exits: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def cutover_run(scene: Scene, seed: int) -> dict[str, Any]:
    """The run with this seed, as a row of the results."""
    began = time.monotonic()
    begin(scene.lab)
    before = scene.unconcerned()["target"]
    run = _drawn(scene, seed)
    writes = seed % 3 == 0
    with ExitStack() as stack:
        writers = stack.enter_context(_writers(scene, seed)) if writes else None
        _commands(run)
        if writers and run.exits[-1] == "0":
            run.problems += _refused(run, writers)
    if run.exits[-1] == "0":
        run.problems += wrong_end(scene.lab, writers, run.source_after)
        if run.source_after == "blocked" and seed % 2 == 0:
            _finished(run)
    if scene.unconcerned()["target"] != before:
        run.problems.append("TOUCHED the bystander")
    run.problems += secrets(scene, run.desk.folder)
    return {
        "seed": seed,
        "rounds": run.rounds,
        "writers": "yes" if writes else "no",
        "killed": "; ".join(run.killed) or "not",
        "exits": " ".join(run.exits),
        "seconds": f"{time.monotonic() - began:.0f}",
        "verdict": "; ".join(dict.fromkeys(run.problems)) or (DONE if run.killed else SPARED),
    }


def _drawn(scene: Scene, seed: int) -> Run:
    chance = random.Random(f"{seed}/cutover")
    rounds = chance.randint(0, 3)
    kills: dict[int, list[Kill]] = {}
    for _ in range(chance.randint(1, 3)):
        place = rounds if chance.random() < 0.6 else chance.randint(0, rounds)
        kills.setdefault(place, []).append(kill_of(chance, "seed" if place < rounds else "cutover"))
    # writers that continue after a release write documents that the target cannot have
    source_after = "blocked" if seed % 3 == 0 else chance.choice(("blocked", "released"))
    desk = Desk(scene.lab, fresh(scene.folder / f"cutover-{seed}"))
    desk.write(
        cutover={"green": "1s", "source_after": source_after}, restore={"batch": chance.choice((2, 200))}
    )
    return Run(scene, desk, chance, rounds, kills, source_after, aborts=chance.random() < 0.4)


def _writers(scene: Scene, seed: int) -> Any:
    return writing(scene.lab, "customers", "orders", streams=[STREAM], seed=seed, pause_s=0.03)


def _commands(run: Run) -> None:
    """Run the seed rounds and the cutover, each to its end, with changes before each but the first."""
    for place in range(run.rounds + 1):
        if place:
            for _ in range(run.chance.randint(1, 5)):
                change(run.scene.lab, run.chance)
        verb = "seed" if place < run.rounds else "cutover"
        if not _to_its_end(run, verb, run.kills.get(place, [])):
            run.problems.append(f"{verb.upper()} comes to no end")
            return
        if verb == "seed":
            run.problems += wrong_copies(run.scene.lab)


def _to_its_end(run: Run, verb: str, kills: list[Kill]) -> bool:
    """Repeat the same command until it is done; return whether it ever is."""
    left = list(kills)
    for _ in range(TRIES):
        went = _once(run, verb, left.pop(0) if left else None)
        if went.code == 0:
            return True
        run.problems += _told(verb, went)
        if run.aborts and went.gone and verb == "cutover" and _is_frozen(run):
            _aborted(run)
        elif _may_change(run) and run.chance.random() < 0.5:
            change(run.scene.lab, run.chance, indices=False)
    return False


def _once(run: Run, verb: str, kill: Kill | None) -> Went:
    went = commanded(run.scene, run.desk, _EXECUTE[verb], kill)
    run.desk.lab = run.scene.lab
    if went.killed:
        run.killed.append(f"{verb}: {went.killed}")
    run.exits.append("killed" if went.gone else str(went.code))
    run.problems += _unsaid(run)
    _keep(run.desk.folder, len(run.exits), went)
    return went


def _told(verb: str, went: Went) -> Iterator[str]:
    """What is wrong with a command that ended without being done."""
    last = " ".join(went.said.split())[-300:]
    if went.code not in (-9, 1, 5):
        yield f"{verb} exit {went.code}: {last}"
    elif went.code == 1 and not went.killed and not _goes_back(went):
        yield f"{verb} failed though nothing was killed: {last}"
    elif not went.gone and not went.said.strip():
        yield "SAID NOTHING"


def _goes_back(went: Went) -> bool:
    """Whether a cutover reported that it was rolled back."""
    return "nothing was opened" in " ".join(went.said.split())


def _unsaid(run: Run) -> Iterator[str]:
    """Check that the status names every source index that refuses writes, and the command to release it."""
    refusing = blocked(run.scene.lab)
    status = run.desk.run("status", "--json")
    if status.code:
        yield f"STATUS FAILS: {status}"
        return
    told = status.json.get("source_refuses_writes") or {}
    if not refusing <= set(told.get("indices", ())):
        yield f"UNSAID: {len(refusing)} indices refuse writes, after {run.exits[-1]}"
    elif refusing and not told["lift"].startswith("snapferry "):
        yield f"NO COMMAND lifts it, after {run.exits[-1]}"


def _refused(run: Run, writers: Writers) -> Iterator[str]:
    """Check that the writers were refused, as they must be after a cutover that keeps the block."""
    writers.wait("refused")
    if not writers.count("acknowledged"):
        yield "the writers have written nothing"


def _aborted(run: Run) -> None:
    """Check that `abort` releases the source, whatever was in progress."""
    said = ""
    for _ in range(TRIES):
        went = _once(run, "abort", None)
        run.exits[-1] = f"abort {run.exits[-1]}"
        said = " ".join(went.said.split())[-300:]
        if went.code == 0:
            break
    else:
        run.problems.append(f"ABORT comes to no end: {said}")
    if blocked(run.scene.lab):
        run.problems.append("ABORT has left the source blocked")
    run.problems += wrong_copies(run.scene.lab)


def _finished(run: Run) -> None:
    """Check that `finish` releases the block that a cutover has kept."""
    went = _once(run, "finish", None)
    run.exits[-1] = f"finish {run.exits[-1]}"
    if went.code or blocked(run.scene.lab):
        run.problems.append(f"FINISH has not released the source: {' '.join(went.said.split())[-300:]}")


def _is_frozen(run: Run) -> bool:
    window = Journals(run.desk.folder).newest().get("window")
    return bool(window) and window["opening"] is None and window["ended"] is None


def _may_change(run: Run) -> bool:
    """Whether the source may still change: not once it refuses writes, or the target is being opened."""
    window = Journals(run.desk.folder).newest().get("window") or {}
    return not window.get("opening") and not blocked(run.scene.lab)


def _keep(folder: Path, number: int, went: Went) -> None:
    """Keep what the command printed, for whoever looks into a failure."""
    (folder / f"said-{number:02}.txt").write_text(f"{went.killed}\nexit {went.code}\n{went.said}", "utf-8")
