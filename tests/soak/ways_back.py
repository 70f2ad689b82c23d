"""Random histories that are cut over, written on, brought back, and cut over again: no write is lost.

Clients write to the domain that serves, and run into every freeze. With a defect of the old domain, put there
between `follow` and `fallback`, the fallback must not end well unless both sides are equal.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Literal

from lab.reset import reset
from tests.lab.migrations import Desk
from tests.lab.pairs import MIDDLE_TO_NEW, OLD_TO_MIDDLE
from tests.soak.kills import Kill, Went, commanded
from tests.soak.piped import Piped
from tests.soak.runs import fresh, secrets
from tests.soak.scene import Scene
from tests.soak.tails import engines, shapes_of
from tests.support.defects import DEFECTS, Place, writable
from tests.support.full_dump import differences, full_dumps
from tests.support.histories import History
from tests.support.raw_engine import RawEngine

RUNS = 60
LABS = (MIDDLE_TO_NEW.settings(), OLD_TO_MIDDLE.settings())
DONE, REFUSED, REPAIRED = "done", "done, defect found", "done, defect repaired"
PASSED = (DONE, REFUSED, REPAIRED)
COLUMNS = ("seed", "engines", "operations", "defect", "exits", "seconds", "verdict")
PLAN = {"cutover": {"delta": "tail", "green": "1s", "source_after": "follow"}}
TRIES = 8
Stage = Literal["seed", "follow", "cutover", "follow back", "fallback", "cutover again"]
COMMANDS: dict[Stage, tuple[str, ...]] = {
    "seed": ("seed", "--execute"),
    "follow": ("follow", "--execute", "--until-ready"),
    "cutover": ("cutover", "--execute", "--allow-freeze"),
    "follow back": ("follow", "--execute", "--until-ready"),
    "fallback": ("fallback", "--execute", "--allow-freeze"),
    "cutover again": ("cutover", "--execute", "--allow-freeze"),
}
OWN = (
    "uuid", "creation_date", "provided_name", "version.", "history", "blocks.write", "resize.",
    "replication.type",
)  # fmt: skip
"""Settings that are each index's own, and the block, which is looked at by itself."""
WHILE_FOLLOWED = ("index.final_pipeline", "index.default_pipeline", "index.gc_deletes")


@dataclass
class Run:
    """One run.

    Args:
        kills: what is killed in which stage, in turn.
        defect: what is done to the old domain before the fallback; empty in most runs.
        later: whether an index is made on the target after the cutover.
        put: what the defect was, in a sentence.
        settings: each index's settings when it was made.
    """

    scene: Scene
    desk: Desk
    chance: random.Random
    history: History
    source: RawEngine
    target: RawEngine
    defect: str = ""
    kills: dict[Stage, list[Kill]] = field(default_factory=dict[Stage, list[Kill]])
    later: bool = False
    piped: list[Piped] = field(default_factory=list[Piped])
    settings: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    put: str = ""
    killed: list[str] = field(default_factory=list[str])
    exits: list[str] = field(default_factory=list[str])
    problems: list[str] = field(default_factory=list[str])

    @property
    def names(self) -> list[str]:
        """All indices of the run."""
        return self.history.names + [each.name for each in self.piped]

    def write(self, engine: RawEngine, most: int) -> None:
        """Let clients write to this engine from now on, and send it a burst."""
        self.history.engine = engine
        for each in self.piped:
            each.burst(engine, self.chance.randint(1, most // 5 + 1))
        self.history.burst(self.chance.randint(1, most))


def way_back_run(scene: Scene, seed: int) -> dict[str, Any]:
    """The run with this seed, as a row of the results."""
    began = time.monotonic()
    chance = random.Random(f"{seed}/way back")
    turn = seed // len(LABS)
    defect = list(DEFECTS)[turn // 3 % len(DEFECTS)] if turn % 3 == 2 else ""

    def way(run: Run) -> None:
        run.defect = defect
        go(run)

    run = ran(scene, seed, chance, "way-back", way)
    return {
        "seed": seed,
        "engines": engines(scene.lab),
        "operations": run.history.acknowledged(),
        "defect": run.defect or "no",
        "exits": " ".join(run.exits),
        "seconds": f"{time.monotonic() - began:.0f}",
        "verdict": "; ".join(dict.fromkeys(run.problems)) or _passed(run),
    }


def ran(scene: Scene, seed: int, chance: random.Random, job: str, way: Callable[[Run], None]) -> Run:
    """A run in an empty lab, which goes this way."""
    reset(scene.lab)
    desk = Desk(scene.lab, fresh(scene.folder / f"{job}-{seed}"))
    desk.write(**PLAN)
    history = History(seed, shapes_of(scene.lab))
    with RawEngine(scene.lab.source) as source, RawEngine(scene.lab.target) as target:
        run = Run(scene, desk, chance, history, source, target, later=chance.random() < 0.5)
        way(run)
    run.problems += secrets(scene, desk.folder)
    (desk.folder / "history.txt").write_text("\n".join([*history.lines, run.put]), encoding="utf-8")
    return run


def begin(run: Run) -> None:
    """Make the indices on the source, with documents in them."""
    run.history.prepare(run.source)
    for engine in (run.source, run.target):
        Piped.prepare(engine)
    _make(run, Piped("piped", run.chance), run.source)
    run.settings |= {name: _settings(run.source, name) for name in run.history.names}
    run.write(run.source, 150)


def _make(run: Run, piped: Piped, engine: RawEngine) -> None:
    piped.make(engine)
    run.piped.append(piped)
    run.settings[piped.name] = _settings(engine, piped.name)


def go(run: Run) -> None:
    """Go there, back, and there again, until a stage fails."""
    begin(run)
    there: tuple[Stage, ...] = ("seed", "follow", "cutover")
    back: tuple[Stage, ...] = ("follow back", "fallback")
    again: tuple[Stage, ...] = ("cutover again",)
    if not _stages(run, there, run.source, run.target):
        return
    run.write(run.target, 150)
    if run.later:
        _make(run, Piped("later", run.chance), run.target)
    if _stages(run, back, run.target, run.source):
        run.write(run.source, 150)
        _stages(run, again, run.source, run.target)


def _stages(run: Run, stages: tuple[Stage, ...], left: RawEngine, taken: RawEngine) -> bool:
    """Go from one domain to the other while clients write to the first; whether it serves then."""
    with ExitStack() as stack:
        stack.enter_context(run.history.writing(rate=run.chance.choice((10, 40, 120))))
        for stage in stages:
            run.write(left, 100)
            if stage == "fallback" and run.defect:
                _put_defect(run)
            if not to_its_end(run, stage):
                break
            if stage.startswith("follow"):
                run.problems += _wrong_settings(run, taken, locked=True, followed=True)
    if run.exits[-1] != f"{stages[-1]} 0":
        run.problems += _not_left(run, stage, left, taken)
        return False
    run.problems += equal_and_open(run, stages[-1], left, taken)
    return not run.problems and not run.put


def _put_defect(run: Run) -> None:
    graves = {name: run.history.deleted(name) for name in run.history.names}
    index = run.chance.choice([name for name in graves if any(each.source for each in graves[name])])
    with writable(run.source, index):
        run.put = DEFECTS[run.defect](Place(run.source, index, run.chance, graves[index]))


def to_its_end(run: Run, stage: Stage) -> bool:
    """Repeat the stage's command until it ends with 0; only after a kill, more than once."""
    left, before = list(run.kills.get(stage, ())), ""
    for _ in range(TRIES):
        went = commanded(run.scene, run.desk, COMMANDS[stage], left.pop(0) if left else None)
        run.exits.append(f"{stage} {'killed' if went.gone else went.code}")
        if went.killed:
            run.killed.append(f"{stage}: {went.killed}")
        name = f"said-{len(run.exits):02}.txt"
        (run.desk.folder / name).write_text(f"{went.killed}\nexit {went.code}\n{went.said}", encoding="utf-8")
        run.problems += _told(run, stage, went, before)
        if went.code == 0 or not (went.killed or before) or run.put:
            return went.code == 0
        before = went.killed or before
    run.problems.append(f"{stage.upper()} comes to no end")
    return False


def _told(run: Run, stage: Stage, went: Went, before: str) -> Iterator[str]:
    """What is wrong with how a command ended; after a kill it may say that it has rolled back."""
    last = " ".join(went.said.split())[-300:]
    if went.code == 0:
        return
    if went.gone and went.killed:
        return
    if run.put and went.code in (1, 3, 4, 5) and last:
        return
    if before and "follow" not in stage and went.code in (1, 5) and last:
        return
    yield f"{stage} exit {went.code}: {last or 'SAID NOTHING'}"


def _not_left(run: Run, stage: Stage, left: RawEngine, taken: RawEngine) -> Iterator[str]:
    """What is wrong where the domain must go on serving, and the other must go on refusing writes."""
    if not run.put:
        return
    yield from _wrong_settings(run, left, locked=False)
    made = [name for name in run.names if name != "later"]
    yield from _wrong_settings(run, taken, locked=True, names=made)
    wrong = [
        line for name in run.history.names for line in run.history.wrong(_dumps(run, left, [name])[name])
    ]
    if wrong:
        yield f"LOST after {stage}: {len(wrong)}, as {wrong[0]}"


def equal_and_open(run: Run, stage: Stage, left: RawEngine, taken: RawEngine) -> Iterator[str]:
    """What is wrong after an opening: one domain refuses writes, the other serves, and both hold the same."""
    yield from _wrong_settings(run, left, locked=True)
    yield from _wrong_settings(run, taken, locked=False)
    yield from _wrong(run, stage)


def _wrong(run: Run, stage: Stage) -> Iterator[str]:
    """What the engines say once both sides must be equal."""
    ours, theirs = (_dumps(run, engine, run.names) for engine in (run.source, run.target))
    unequal = [line for name in run.names for line in differences(ours[name], theirs[name])]
    if unequal:
        yield f"PROVED UNEQUAL by {stage}: {len(unequal)}, as {unequal[0]}"
    for side, dumps in (("source", ours), ("target", theirs)):
        wrong = [line for name in run.history.names for line in run.history.wrong(dumps[name])]
        wrong += [line for each in run.piped for line in each.wrong(dumps[each.name])]
        if wrong:
            yield f"LOST on the {side} by {stage}: {len(wrong)}, as {wrong[0]}"
    for side, engine in (("source", run.source), ("target", run.target)):
        rows = engine.call("GET", "/_cat/indices?format=json&h=index&expand_wildcards=all")
        strange = {row["index"] for row in rows} - set(run.names)
        strange = {name for name in strange if not name.startswith((".", "top_queries"))}
        if strange:
            yield f"LEFT BEHIND on the {side} by {stage}: {', '.join(sorted(strange))}"


def _dumps(run: Run, engine: RawEngine, names: list[str]) -> Any:
    return full_dumps(engine, names)


def _wrong_settings(
    run: Run, engine: RawEngine, *, locked: bool, followed: bool = False, names: list[str] | None = None
) -> Iterator[str]:
    """What is wrong with the block and the settings of indices; while they are followed, only some count."""
    side = "source" if engine is run.source else "target"
    stage = run.exits[-1]
    for name in names or run.names:
        if followed and name == "later":
            continue
        found = engine.call("GET", f"/{name}/_settings?flat_settings=true")[name]["settings"]
        blocks = {key for key, value in found.items() if key.startswith("index.blocks.") and value == "true"}
        if blocks != ({"index.blocks.write"} if locked else set()):
            yield f"{'OPEN' if locked else 'LOCKED'}: {name} on the {side} after {stage}: {sorted(blocks)}"
        wanted, having = run.settings[name], _without_own(found)
        keys = WHILE_FOLLOWED if followed else sorted(wanted.keys() | having.keys())
        for key in keys:
            if wanted.get(key) != having.get(key):
                was, is_ = wanted.get(key), having.get(key)
                yield f"SETTING {key} of {name} on the {side} after {stage}: {was} became {is_}"


def _settings(engine: RawEngine, name: str) -> dict[str, str]:
    return _without_own(engine.call("GET", f"/{name}/_settings?flat_settings=true")[name]["settings"])


def _without_own(settings: dict[str, str]) -> dict[str, str]:
    own = tuple(f"index.{key}" for key in OWN)
    return {key: value for key, value in settings.items() if not key.startswith(own)}


def _passed(run: Run) -> str:
    if not run.put:
        return DONE
    return REPAIRED if run.exits[-1] == "fallback 0" else REFUSED
