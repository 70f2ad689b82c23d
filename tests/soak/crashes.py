"""The crash matrix: every verb is killed right before and right after every write and every change.

For each verb, an undisturbed run tells the points there are (`tests.soak.crashing`) and how it ends. Then,
for each point, everything begins anew, the command is killed there, and the same command is run until it ends
with 0. Both domains, the repository and the report must then be as after the undisturbed run.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from lab.description import LabDescription, child_environment
from lab.manager import attached
from lab.reset import reset
from lab.state import state
from tests.lab.migrations import Desk, Ended, engine
from tests.soak.crashing import DISK
from tests.soak.ledger import Ledger
from tests.soak.rehearsals import NOTHING_LEFT
from tests.soak.runs import fresh, secrets
from tests.soak.scene import Scene
from tests.support.full_dump import full_dumps
from tests.support.raw_engine import RawEngine

SUMMARY = ("verb", "points", "hit", "same end", "another end")
COLUMNS = ("verb", "point", "where", "exits", "seconds", "verdict")
SAME, SPARED = "same end", "same end, nobody killed"
"""It was done before its blow: this time it had fewer points, as where a line of what is sent holds more."""
NO_SPACE = "no space left"
HOWS = {
    "point": "killed at every point",
    "random": "killed at random",
    "disk": "the disk full at every write",
}
TRIES = 5
ONE = {"settings": {"number_of_replicas": 0}, "aliases": {"all": {}}}
OWN = ("uuid", "creation_date", "provided_name", "version", "history", "resize", "replication")
"""Settings that differ between any two indices."""
TAIL = {"delta": "tail", "green": "1s", "source_after": "follow"}


@dataclass(frozen=True)
class Case:
    """A verb and what comes before it.

    Args:
        command: the verb and its options, without the plan.
        plan: what its plan adds.
        prepare: what happens before it, undisturbed.
        done: what it says with exit code 3 where it had ended before it was killed: nothing is left to do.
        again: whether it may begin anew, as a window that was rolled back does: it leaves the snapshot of its
            last round, if that had one, and the next window takes its own.
    """

    command: tuple[str, ...]
    plan: Mapping[str, Any] = field(default_factory=dict[str, Any])
    prepare: Callable[[Desk], None] = lambda desk: None
    done: str = ""
    again: bool = False


def _write(lab: LabDescription, side: str, index: str, first: int, last: int) -> None:
    """Documents `first` to `last`, updated where they are there; every fifth is deleted."""
    for number in range(first, last):
        engine(lab, side, "PUT", f"/{index}/_doc/{number}", {"n": number, "text": f"{first} to {last}"})
        if number % 5 == 4:
            engine(lab, side, "DELETE", f"/{index}/_doc/{number}")
    engine(lab, side, "POST", f"/{index}/_refresh")


def _done(desk: Desk, *command: str) -> None:
    ended = desk.run(command[0], *command[1:])
    assert ended.code == 0, str(ended)


def _seeded(desk: Desk) -> None:
    """A seed round, then changes, and an index that the round did not have."""
    _done(desk, "seed", "--execute")
    _write(desk.lab, "source", "first", 5, 15)
    engine(desk.lab, "source", "PUT", "/third", ONE)
    _write(desk.lab, "source", "third", 0, 5)


def _cut_over(desk: Desk) -> None:
    """A cutover with a way back, then changes on the target."""
    _seeded(desk)
    _done(desk, "cutover", "--execute", "--allow-freeze")
    _write(desk.lab, "target", "first", 10, 20)


def _with_metadata(desk: Desk) -> None:
    made: dict[str, Any] = {
        "/_index_template/whole": {
            "index_patterns": ["whole*"],
            "template": {"settings": {"number_of_shards": 2}},
        },
        "/_scripts/add": {"script": {"lang": "painless", "source": "doc['n'].value + params.m"}},
        "/_ingest/pipeline/stamp": {"processors": [{"set": {"field": "a", "value": 1}}]},
    }
    for path, body in made.items():
        engine(desk.lab, "source", "PUT", path, body)


CASES = {
    "migrate": Case(("migrate", "--execute")),
    "rehearse": Case(("rehearse", "--execute")),
    "seed": Case(("seed", "--execute"), prepare=_seeded),
    "follow": Case(("follow", "--execute", "--until-ready"), {"cutover": TAIL}, _seeded),
    "cutover": Case(("cutover", "--execute", "--allow-freeze"), {"cutover": TAIL}, _seeded, again=True),
    "fallback": Case(("fallback", "--execute", "--allow-freeze"), {"cutover": TAIL}, _cut_over, again=True),
    "metadata": Case(("metadata", "copy", "--execute"), prepare=_with_metadata),
    "abort": Case(("abort", "--execute", "--seeds"), prepare=_seeded, done=NOTHING_LEFT),
}


class Commands:
    """The process that commands are forked from (`tests.soak.crashing`)."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.soak.crashing"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, order: dict[str, Any]) -> int:
        """The exit code of a command; negative if a signal ended it."""
        assert self._process.stdin and self._process.stdout
        print(json.dumps(order), file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline())

    def end(self) -> None:
        """End the process."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()


@dataclass(frozen=True)
class Blow:
    """What befalls a command, as a part of its order.

    Args:
        how: `at` a point, `after` seconds it is killed; the disk is `full` from a write on.
        when: the point's number, the seconds, the write's number; the first is 1.
    """

    how: Literal["at", "after", "full"]
    when: float

    def where(self, points: Sequence[str]) -> str:
        """Which point it was, of those that came."""
        if self.how == "after":
            return f"after {self.when:.2f} s"
        named = [point for point in points if (point == DISK) == (self.how == "full")]
        return (named[: int(self.when)][-1:] or ["?"])[0].replace("|", "/")

    def has_hit(self, ended: Ended, points: Sequence[str]) -> bool:
        """Whether the command has felt it."""
        return points.count(DISK) >= self.when if self.how == "full" else ended.code == -9


@dataclass
class Matrix:
    """One verb in one lab: what an undisturbed run comes to."""

    scene: Scene
    commands: Commands
    verb: str
    points: int = 0
    writes: int = 0
    seconds: float = 0.0
    end: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def case(self) -> Case:
        """What is killed."""
        return CASES[self.verb]

    def undisturbed(self) -> None:
        """Find the points, and the end."""
        desk = self.begin("undisturbed")
        began = time.monotonic()
        ended = self._command(desk)
        self.seconds = time.monotonic() - began
        assert ended.code == 0, str(ended)
        seen = self._seen(desk)
        self.writes = seen.count(DISK)
        self.points, self.end = len(seen) - self.writes, end_of(desk)

    def row(self, name: str, blow: Blow) -> dict[str, Any]:
        """The command under this blow, and again until it is done."""
        began = time.monotonic()
        desk = self.begin(f"{self.verb}-{blow.how}-{blow.when:g}")
        ended = struck = self._command(desk, blow)
        seen = self._seen(desk)
        is_hit = blow.has_hit(struck, seen)
        exits = [str(struck.code)]
        while not self._is_done(ended) and len(exits) <= TRIES:
            ended = self._command(desk)
            exits.append(str(ended.code))
        problems = [] if self._is_done(ended) else [f"exit {exits[-1]}: {' '.join(ended.out.split())[-300:]}"]
        is_told = blow.how != "full" or NO_SPACE in struck.out
        problems += [f"SAID NOTHING OF {NO_SPACE}"] if is_hit and not is_told else []
        problems += [*self._other_end(end_of(desk)), *secrets(self.scene, desk.folder)]
        return {
            "verb": self.verb,
            "point": name,
            "where": blow.where(seen),
            "exits": " ".join(exits).replace("-9", "killed"),
            "seconds": f"{time.monotonic() - began:.0f}",
            "verdict": "; ".join(problems) or (SAME if is_hit else SPARED),
        }

    def _is_done(self, ended: Ended) -> bool:
        return ended.code == 0 or (ended.code == 3 and bool(self.case.done) and self.case.done in ended.out)

    def _other_end(self, end: dict[str, Any]) -> list[str]:
        """Where this end is another than the undisturbed one."""
        if self.case.again:
            for side in ("source", "target"):
                for name, states in self.end[side]["snapshots"].items():
                    if len(end[side]["snapshots"].get(name, ())) > len(states):
                        end[side]["snapshots"][name].remove("SUCCESS")
        return unlike(self.end, end)

    def begin(self, name: str) -> Desk:
        """What comes before the command, from an empty lab."""
        reset(self.scene.lab)
        desk = Desk(self.scene.lab, fresh(self.scene.folder / name))
        for index in ("first", "second"):
            engine(desk.lab, "source", "PUT", f"/{index}", ONE)
            _write(desk.lab, "source", index, 0, 10)
        desk.write(**self.case.plan)
        self.case.prepare(desk)
        return desk

    def _command(self, desk: Desk, blow: Blow | None = None) -> Ended:
        variables = child_environment(desk.lab) | desk.environment
        verb, *options = self.case.command
        words = [verb, options.pop(0)] if verb == "metadata" else [verb]
        said = desk.folder / "said.txt"
        code = self.commands.run(
            {
                "points": str(desk.folder / "points"),
                **({blow.how: blow.when} if blow else {}),
                "words": [*words, str(desk.plan_file), *options],
                "environment": {name: value for name, value in variables.items() if value is not None},
                "said": str(said),
            }
        )
        return Ended(code, said.read_text(encoding="utf-8", errors="replace"), "")

    def _seen(self, desk: Desk) -> list[str]:
        return (desk.folder / "points").read_text(encoding="utf-8").splitlines()


def end_of(desk: Desk) -> dict[str, Any]:
    """All that a user could see at the end: both domains with every document, and the report."""
    sides = {side: _side(desk.lab, side) for side in ("source", "target")}
    told = desk.run("report", "--json")
    report = told.json if told.code == 0 and told.out.strip() else {}
    return {
        **sides,
        "report": {
            "outcome": report.get("outcome"),
            "verdicts": sorted((each["source"], _verdict(each)) for each in report.get("indices", ())),
        },
    }


def _verdict(index: dict[str, Any]) -> str:
    """A round that was killed when it was done is followed by another, which finds nothing to copy."""
    return "copied" if index["verdict"] == "unchanged" else index["verdict"]


def _side(lab: LabDescription, side: str) -> dict[str, Any]:
    found = state(lab, side)
    for name, index in found["indices"].items():
        if index["state"] != "open":
            engine(lab, side, "POST", f"/{name}/_open?wait_for_active_shards=1")
    scripts = engine(lab, side, "GET", "/_cluster/state/metadata?filter_path=metadata.stored_scripts")
    with RawEngine(lab.domain(side)) as raw:
        held = full_dumps(raw, list(found["indices"]))
    return {
        **{key: found[key] for key in ("templates", "pipelines", "cluster_settings", "data_streams")},
        "scripts": scripts,
        "repositories": found["repositories"],
        "snapshots": {name: sorted(states.values()) for name, states in found["snapshots"].items()},
        "indices": {name: _index(index) for name, index in found["indices"].items()},
        "documents": {name: dump.documents for name, dump in held.items()},
    }


def _index(index: dict[str, Any]) -> dict[str, Any]:
    settings = {
        name: value
        for name, value in index.get("settings", {}).items()
        if not name.removeprefix("index.").startswith(OWN)
    }
    return {**{key: index.get(key) for key in ("state", "mappings", "aliases")}, "settings": settings}


def unlike(one: Any, other: Any, at: str = "") -> list[str]:
    """Where two ends differ; at most three places."""
    if isinstance(one, dict) and isinstance(other, dict):
        keys = sorted({*one, *other})
        found = [line for key in keys for line in unlike(one.get(key), other.get(key), f"{at}/{key}")]
        return found[:3]
    return [] if one == other else [f"DIFFERENT {at}: {str(one)[:120]} / {str(other)[:120]}"]


def main(arguments: argparse.Namespace) -> int:
    """Run what is left of the matrix; return 1 if any point had another end."""
    verbs = arguments.verbs.split(",") if arguments.verbs else list(CASES)
    job = f"crashes-{arguments.how}-{'-'.join(verbs)}"
    ledger = Ledger(arguments.seed, arguments.runs, record=False, job=job, columns=COLUMNS)
    shutil.rmtree(ledger.workplace, ignore_errors=True)
    with attached(ledger.workplace / "lab") as lab:
        scene, commands = Scene(lab, ledger.workplace / "runs"), Commands()
        for verb in verbs:
            matrix = Matrix(scene, commands, verb)
            matrix.undisturbed()
            for name, blow in blows(matrix, arguments, len(verbs)):
                if any((row["verb"], row["point"]) == (verb, name) for row in ledger.rows):
                    continue
                row = matrix.row(name, blow)
                print(", ".join(f"{key} {value}" for key, value in row.items()), flush=True)
                ledger.add(row)
        commands.end()
        _summarize(ledger, verbs, lab, arguments)
    ledger.finish()
    wrong = [row for row in ledger.rows if row["verdict"] not in (SAME, SPARED)]
    print(f"{len(ledger.rows)} points, {len(wrong)} with another end")
    print(json.dumps(wrong, indent=1) if wrong else "")
    return 1 if wrong else 0


def blows(matrix: Matrix, arguments: argparse.Namespace, verbs: int) -> Iterator[tuple[str, Blow]]:
    """What befalls this verb, each with a name: every point, every write, or random instants."""
    if arguments.how == "random":
        chance = random.Random(f"{arguments.seed}/{matrix.verb}")
        for number in range(1, arguments.runs // verbs + 1):
            yield f"random {number}", Blow("after", round(chance.uniform(0, 1.05 * matrix.seconds), 3))
        return
    how: Literal["at", "full"] = "full" if arguments.how == "disk" else "at"
    last = matrix.writes if how == "full" else matrix.points
    for number in range(arguments.every, last + 1, arguments.every):
        yield f"{number} of {last}", Blow(how, number)


def _summarize(ledger: Ledger, verbs: list[str], lab: LabDescription, arguments: argparse.Namespace) -> None:
    """A row for each verb: how many points, and their ends."""
    summary = Ledger(0, 0, record=arguments.record, job=f"crashes, {HOWS[arguments.how]}", columns=SUMMARY)
    summary.begin(f"OpenSearch {lab.source.version}")
    for verb in verbs:
        ends = [row["verdict"] for row in ledger.rows if row["verb"] == verb]
        wrong = [each for each in ends if each not in (SAME, SPARED)]
        row = {
            "verb": verb,
            "points": len(ends),
            "hit": len(ends) - ends.count(SPARED),
            "same end": len(ends) - len(wrong),
            "another end": "; ".join(wrong) or "none",
        }
        print(", ".join(f"{key} {value}" for key, value in row.items()), flush=True)
        summary.add(row)
    summary.finish()
