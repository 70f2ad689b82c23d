"""One run of the soak: the same command over and over while things go wrong, and what must hold then."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.lab.migrations import Desk, Ended, log, log_size
from tests.soak.classes import FaultClass, class_of
from tests.soak.data import truth
from tests.soak.scene import Scene

WITH_FAULTS = 4  # commands before the faults end
WELL = 2
DONE, TOLD = "done", "told"
SPARED = "done, nobody killed"
PASSED = (DONE, TOLD, SPARED)
GOES_ON = "same command"
ADVICE = "delete partly restored data streams on the target"

Command = Callable[[Scene, Desk, FaultClass, int], Ended]
"""Run `migrate --execute` once; the number is the seed while a victim is to be killed, else 0."""


@dataclass
class Outcome:
    """How one run of the soak went.

    Args:
        verdict: `done` (exit 0, everything true; says so if the command had ended before its victim was to be
            killed), `told` (another exit that says so), or what was wrong.
        hit, s3_hit: requests to the domains and to S3 that met a fault.
        said: the last command's output, if the run is not done.
    """

    seed: int
    kind: str
    exits: list[int] = field(default_factory=list[int])
    hit: int = 0
    s3_hit: int = 0
    requests: int = 0
    seconds: float = 0.0
    verdict: str = ""
    said: str = ""

    @property
    def passed(self) -> bool:
        """Whether everything held that must hold."""
        return self.verdict in PASSED


def soak_run(scene: Scene, seed: int, command: Command, kind: FaultClass | None = None) -> Outcome:
    """The run with this seed, from a fresh target to its end; what goes wrong follows from the seed, too."""
    kind = kind or class_of(seed)
    outcome = Outcome(seed, kind.name)
    began = time.monotonic()
    scene.renew()
    before = scene.unconcerned()
    sizes = {side: log_size(scene.lab, side) for side in ("source", "target")}
    desk = Desk(scene.lab, fresh(scene.folder / f"seed-{seed}"))
    desk.write()
    scene.install(kind.plan(seed))
    kills = scene.kills
    problems = _commanded(scene, desk, kind, outcome, command)
    _count(scene, outcome, sizes)
    after = scene.unconcerned()
    problems += [f"TOUCHED the {side}" for side in before if before[side] != after[side]]
    problems += list(secrets(scene, desk.folder))
    outcome.seconds = time.monotonic() - began
    ended = DONE if outcome.exits[-1] == 0 else TOLD
    spared = ended == DONE and kind.victim is not None and scene.kills == kills
    outcome.verdict = "; ".join(dict.fromkeys(problems)) or (SPARED if spared else ended)
    return outcome


def _commanded(scene: Scene, desk: Desk, kind: FaultClass, outcome: Outcome, command: Command) -> list[str]:
    """Repeat the command until it is done or says that it cannot continue; return what was wrong."""
    problems: list[str] = []
    for number in range(WITH_FAULTS + WELL):
        if number == WITH_FAULTS:
            _well(scene, outcome)
        ended = command(scene, desk, kind, outcome.seed if number == 0 else 0)
        desk.lab = scene.lab
        outcome.exits.append(ended.code)
        outcome.said = "" if ended.code == 0 else str(ended)
        problems += _checked(scene, ended)
        if ended.code == 0 or not goes_on(ended):
            break
        if ADVICE in " ".join(ended.out.split()):
            scene.delete_half_stream()
    _well(scene, outcome)
    if outcome.exits[-1] == 4 and truth(scene.lab, "target") == scene.filled:
        problems.append("FALSE ALARM: the target holds what the source holds")
    return problems


def goes_on(ended: Ended) -> bool:
    """Whether the command says that the same command continues it, or its exit code says that nothing was
    changed, or that something could not be compared."""
    return ended.code in (-9, 3, 4, 5) or GOES_ON in ended.out + ended.err


def _checked(scene: Scene, ended: Ended) -> Iterator[str]:
    """What is wrong after one command, whatever its end."""
    states = list(scene.snapshots().values())
    if len(states) > 1:
        yield f"{len(states)} SNAPSHOTS"
    if ended.code == 0:
        if states != ["SUCCESS"]:
            yield f"FALSE SUCCESS: the snapshot is {states}"
        if truth(scene.lab, "target") != scene.filled:
            yield "FALSE SUCCESS: the target does not hold what the source holds"
    elif ended.code not in (-9, 1, 3, 4, 5):
        yield f"exit {ended.code}"
    elif ended.code != -9 and not (ended.out + ended.err).strip():
        yield "SAID NOTHING"


def _well(scene: Scene, outcome: Outcome) -> None:
    shown = scene.well()
    outcome.s3_hit += shown["s3"]["hit"]


def _count(scene: Scene, outcome: Outcome, sizes: dict[str, int]) -> None:
    entries = [entry for side, size in sizes.items() for entry in log(scene.lab, side, size)]
    outcome.requests = len(entries)
    outcome.hit = sum(bool(entry["injected"]) for entry in entries)


def secrets(scene: Scene, folder: Path) -> Iterator[str]:
    """Files of the run that contain the key or a signature."""
    wanted = [scene.lab.secret_access_key.encode(), b"AWS4-HMAC-SHA256", b"Signature="]
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        if any(secret in file.read_bytes() for secret in wanted):
            yield f"SECRET in {file.name}"


def fresh(folder: Path) -> Path:
    """The folder, empty."""
    import shutil

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def row(outcome: Outcome) -> dict[str, Any]:
    """The outcome as a row of the results' table."""
    return {
        "seed": outcome.seed,
        "class": outcome.kind,
        "requests": outcome.requests,
        "hit": outcome.hit,
        "S3 hit": outcome.s3_hit,
        "exits": " ".join("killed" if code == -9 else str(code) for code in outcome.exits),
        "seconds": f"{outcome.seconds:.0f}",
        "verdict": outcome.verdict,
    }
