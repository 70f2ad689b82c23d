"""Random histories, followed by sequence number and cut over: nothing is lost, no defect is proved equal."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from lab.description import LabDescription
from lab.reset import reset
from lab.settings import DomainSettings, LabSettings
from tests.lab.migrations import Desk, Ended
from tests.lab.pairs import OLD_TO_MIDDLE
from tests.soak.commands import waited
from tests.soak.data import put_bystander
from tests.soak.proof import blocked
from tests.soak.runs import fresh, secrets
from tests.soak.scene import Scene
from tests.support.defects import DEFECTS, Place, writable
from tests.support.full_dump import differences, full_dumps
from tests.support.histories import SHAPES, History, Shape
from tests.support.raw_engine import RawEngine

RUNS = 200
LABS = (
    LabSettings(),
    OLD_TO_MIDDLE.settings(),
    LabSettings(source=DomainSettings("orders-source", "us-east-1", data_nodes=2)),
)
"""The runs take them in turn: two single nodes, an old pair, and a source of two nodes with replicas."""
DONE, REFUSED, REPAIRED = "done", "done, defect found", "done, defect repaired"
PASSED = (DONE, REFUSED, REPAIRED)
COLUMNS = ("seed", "engines", "operations", "writers until", "defect", "exits", "seconds", "verdict")
PLAN = {"cutover": {"delta": "tail", "green": "1s"}}
SEED = ("seed", "--execute")
FOLLOW = ("follow", "--execute", "--until-ready")
CUTOVER = ("cutover", "--execute", "--allow-freeze")
Until = Literal["seed", "follow", "cutover"]


@dataclass
class Run:
    """One run.

    Args:
        rounds: how often `follow` is run.
        until: the last command during which clients write.
        defect: what is done to a copy before the cutover; empty in every other run.
        put: what that was, in a sentence.
    """

    scene: Scene
    desk: Desk
    chance: random.Random
    history: History
    rounds: int
    until: Until
    defect: str
    put: str = ""
    exits: list[str] = field(default_factory=list[str])
    problems: list[str] = field(default_factory=list[str])


def tail_run(scene: Scene, seed: int) -> dict[str, Any]:
    """The run with this seed, as a row of the results."""
    began = time.monotonic()
    reset(scene.lab)
    put_bystander(scene.lab)
    before = scene.unconcerned()["target"]
    run = drawn(scene, seed)
    run.desk.write(**PLAN)
    with RawEngine(scene.lab.source) as source, RawEngine(scene.lab.target) as target:
        run.history.prepare(source).burst(run.chance.randint(50, 300))
        if _followed(run):
            _cut_over(run, target)
            run.problems += _wrong(run, source, target)
    if scene.unconcerned()["target"] != before:
        run.problems.append("TOUCHED the bystander")
    run.problems += secrets(scene, run.desk.folder)
    (run.desk.folder / "history.txt").write_text("\n".join([*run.history.lines, run.put]), encoding="utf-8")
    return {
        "seed": seed,
        "engines": engines(scene.lab),
        "operations": run.history.acknowledged(),
        "writers until": run.until,
        "defect": run.defect or "no",
        "exits": " ".join(run.exits),
        "seconds": f"{time.monotonic() - began:.0f}",
        "verdict": "; ".join(dict.fromkeys(run.problems)) or _passed(run),
    }


def drawn(scene: Scene, seed: int) -> Run:
    """What follows from the seed. Clients do not write to the end where there is a defect: what they delete
    meanwhile would be another one."""
    chance = random.Random(f"{seed}/tail")
    turn = seed // len(LABS)
    defect = list(DEFECTS)[turn // 2 % len(DEFECTS)] if turn % 2 else ""
    until: Until = chance.choice(("seed", "follow") if defect else ("seed", "follow", "cutover"))
    desk = Desk(scene.lab, fresh(scene.folder / f"tail-{seed}"))
    history = History(seed, shapes_of(scene.lab))
    return Run(scene, desk, chance, history, chance.randint(1, 2), until, defect)


def shapes_of(lab: LabDescription) -> list[Shape]:
    """The indices of a history, with a replica for each further node."""
    return [replace(shape, replicas=len(lab.source.nodes) - 1) for shape in SHAPES]


def engines(lab: LabDescription) -> str:
    """The engines of a lab, as the results name them."""
    source, target, nodes = lab.source.engine_title, lab.target.engine_title, len(lab.source.nodes)
    of = f"{source} → {target}" if source != target else source
    return f"{of}, {nodes} nodes" if nodes > 1 else of


def _followed(run: Run) -> bool:
    """Seed and follow while clients write; whether the copies may be cut over then."""
    with ExitStack() as stack:
        stack.enter_context(run.history.writing(rate=run.chance.choice((20, 100, 300))))
        if not _command(run, *SEED):
            return False
        if run.until == "seed":
            stack.close()
        for _ in range(run.rounds):
            run.history.burst(run.chance.randint(1, 200))
            if not _command(run, *FOLLOW):
                return False
    run.history.burst(run.chance.randint(0, 100))
    return True


def _cut_over(run: Run, target: RawEngine) -> None:
    """Put the defect to a copy, if there is one, and cut over."""
    if run.defect:
        _put_defect(run, target)
    with ExitStack() as stack:
        if run.until == "cutover":
            stack.enter_context(run.history.writing())
        _command(run, *CUTOVER)


def _put_defect(run: Run, target: RawEngine) -> None:
    graves = {name: run.history.deleted(name) for name in run.history.names}
    index = run.chance.choice([name for name in graves if any(each.source for each in graves[name])])
    with writable(target, index):
        place = Place(target, index, run.chance, graves[index])
        run.put = DEFECTS[run.defect](place)


def _command(run: Run, verb: str, *options: str) -> bool:
    """Run a command in a process of its own; whether it ended with 0, which only a defect may prevent."""
    ended = waited(run.desk.start(verb, *options))
    run.exits.append(f"{verb} {ended.code}")
    (run.desk.folder / f"said-{len(run.exits):02}.txt").write_text(str(ended), encoding="utf-8")
    run.problems += _told(run, verb, ended)
    return ended.code == 0


def _told(run: Run, verb: str, ended: Ended) -> Iterator[str]:
    """What is wrong with how a command ended."""
    last = " ".join(ended.out.split())[-300:]
    if ended.code == 0:
        return
    if not run.put:
        yield f"{verb} exit {ended.code}: {last}"
    elif ended.code not in (1, 3, 4, 5):
        yield f"{verb} exit {ended.code} at a defect: {last}"
    elif not last:
        yield "SAID NOTHING"


def _wrong(run: Run, source: RawEngine, target: RawEngine) -> Iterator[str]:
    """What the engines say of a cutover that was done, or refused."""
    if run.exits[-1] != "cutover 0":
        if blocked(run.scene.lab):
            yield f"LEFT BLOCKED on the source: {', '.join(sorted(blocked(run.scene.lab))[:3])}"
        return
    ours, theirs = (full_dumps(engine, run.history.names) for engine in (source, target))
    unequal = [line for name in run.history.names for line in differences(ours[name], theirs[name])]
    if unequal:
        yield f"PROVED UNEQUAL: {len(unequal)}, as {unequal[0]}"
    for side, dumps in (("source", ours), ("target", theirs)):
        wrong = [line for dump in dumps.values() for line in run.history.wrong(dump)]
        if wrong:
            yield f"LOST on the {side}: {len(wrong)}, as {wrong[0]}"
    verdicts = {each["source"]: each["verdict"] for each in run.desk.report()["indices"]}
    verdicts = {name: verdicts.get(name, "not in the report") for name in run.history.names}
    if set(verdicts.values()) != {"equal"}:
        yield f"VERDICTS: {verdicts}"


def _passed(run: Run) -> str:
    if not run.put:
        return DONE
    return REPAIRED if run.exits[-1] == "cutover 0" else REFUSED
