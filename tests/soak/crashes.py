"""The crash matrix: every verb is killed right before and right after every write and every change.

For each verb, an undisturbed run tells the points there are (`tests.soak.crashing`) and how it ends. Then,
for each point, everything begins anew, the command is killed there, and the same command is run until it ends
with 0. Both domains, the repository and the report must then be as after the undisturbed run.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lab.description import LabDescription, child_environment
from lab.manager import attached
from lab.reset import reset
from lab.state import state
from tests.lab.migrations import Desk, Ended, engine
from tests.soak.ledger import Ledger
from tests.soak.runs import fresh, secrets
from tests.soak.scene import Scene
from tests.support.full_dump import full_dumps
from tests.support.raw_engine import RawEngine

SUMMARY = ("verb", "points", "killed", "same end", "another end")
COLUMNS = ("verb", "point", "where", "exits", "seconds", "verdict")
SAME, SPARED = "same end", "same end, nobody killed"
"""Nobody killed: this time the command had fewer points, as where a line of what is sent holds more."""
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
        again: whether it may begin anew, as a window that was rolled back does: it leaves the snapshot of its
            last round, if that had one, and the next window takes its own.
    """

    command: tuple[str, ...]
    plan: Mapping[str, Any] = field(default_factory=dict[str, Any])
    prepare: Callable[[Desk], None] = lambda desk: None
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
    "abort": Case(("abort", "--execute", "--seeds"), prepare=_seeded),
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


@dataclass
class Matrix:
    """One verb in one lab: what an undisturbed run comes to."""

    scene: Scene
    commands: Commands
    verb: str
    points: list[str] = field(default_factory=list[str])
    end: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def case(self) -> Case:
        """What is killed."""
        return CASES[self.verb]

    def undisturbed(self) -> None:
        """Find the points, and the end."""
        desk = self._begin("undisturbed")
        ended = self._command(desk, 0)
        assert ended.code == 0, str(ended)
        self.points, self.end = self._seen(desk), end_of(desk)

    def row(self, point: int) -> dict[str, Any]:
        """Killed at this point, counted from 1."""
        began = time.monotonic()
        desk = self._begin(f"{self.verb}-{point}")
        killed = self._command(desk, point)
        exits, said = [str(killed.code)], killed.out
        for _ in range(TRIES):
            if exits[-1] == "0":
                break
            ended = self._command(desk, 0)
            exits.append(str(ended.code))
            said = ended.out
        problems = [] if exits[-1] == "0" else [f"exit {exits[-1]}: {' '.join(said.split())[-300:]}"]
        problems += [*self._other_end(end_of(desk)), *secrets(self.scene, desk.folder)]
        where = self._seen(desk)[:point][-1:]
        return {
            "verb": self.verb,
            "point": f"{point} of {len(self.points)}",
            "where": (where or ["?"])[0].replace("|", "/"),
            "exits": " ".join(exits).replace("-9", "killed"),
            "seconds": f"{time.monotonic() - began:.0f}",
            "verdict": "; ".join(problems) or (SAME if killed.code == -9 else SPARED),
        }

    def _other_end(self, end: dict[str, Any]) -> list[str]:
        """Where this end is another than the undisturbed one."""
        if self.case.again:
            for side in ("source", "target"):
                for name, states in self.end[side]["snapshots"].items():
                    if len(end[side]["snapshots"].get(name, ())) > len(states):
                        end[side]["snapshots"][name].remove("SUCCESS")
        return unlike(self.end, end)

    def _begin(self, name: str) -> Desk:
        reset(self.scene.lab)
        desk = Desk(self.scene.lab, fresh(self.scene.folder / name))
        for index in ("first", "second"):
            engine(desk.lab, "source", "PUT", f"/{index}", ONE)
            _write(desk.lab, "source", index, 0, 10)
        desk.write(**self.case.plan)
        self.case.prepare(desk)
        return desk

    def _command(self, desk: Desk, point: int) -> Ended:
        variables = child_environment(desk.lab) | desk.environment
        verb, *options = self.case.command
        words = [verb, options.pop(0)] if verb == "metadata" else [verb]
        said = desk.folder / "said.txt"
        code = self.commands.run(
            {
                "points": str(desk.folder / "points"),
                "at": point,
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
            "verdicts": sorted((each["source"], each["verdict"]) for each in report.get("indices", ())),
        },
    }


def _side(lab: LabDescription, side: str) -> dict[str, Any]:
    found = state(lab, side)
    with RawEngine(lab.domain(side)) as raw:
        open_ones = [name for name, index in found["indices"].items() if index["state"] == "open"]
        held = full_dumps(raw, open_ones)
    return {
        **{key: found[key] for key in ("templates", "pipelines", "cluster_settings")},
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
    ledger = Ledger(0, 0, record=False, job=f"crashes-{'-'.join(verbs)}", columns=COLUMNS)
    shutil.rmtree(ledger.workplace, ignore_errors=True)
    with attached(ledger.workplace / "lab") as lab:
        scene, commands = Scene(lab, ledger.workplace / "runs"), Commands()
        for verb in verbs:
            matrix = Matrix(scene, commands, verb)
            matrix.undisturbed()
            for point in range(1, len(matrix.points) + 1):
                if point % arguments.every or _is_done(ledger, verb, point):
                    continue
                row = matrix.row(point)
                print(", ".join(f"{key} {value}" for key, value in row.items()), flush=True)
                ledger.add(row)
        commands.end()
        _summarize(ledger, verbs, lab, record=arguments.record)
    ledger.finish()
    wrong = [row for row in ledger.rows if row["verdict"] not in (SAME, SPARED)]
    print(f"{len(ledger.rows)} points, {len(wrong)} with another end")
    print(json.dumps(wrong, indent=1) if wrong else "")
    return 1 if wrong else 0


def _summarize(ledger: Ledger, verbs: list[str], lab: LabDescription, *, record: bool) -> None:
    """A row for each verb: how many points, and their ends."""
    summary = Ledger(0, 0, record=record, job="crashes", columns=SUMMARY)
    summary.begin(f"OpenSearch {lab.source.version}")
    for verb in verbs:
        ends = [row["verdict"] for row in ledger.rows if row["verb"] == verb]
        wrong = [each for each in ends if each not in (SAME, SPARED)]
        row = {
            "verb": verb,
            "points": len(ends),
            "killed": len(ends) - ends.count(SPARED),
            "same end": len(ends) - len(wrong),
            "another end": "; ".join(wrong) or "none",
        }
        print(", ".join(f"{key} {value}" for key, value in row.items()), flush=True)
        summary.add(row)
    summary.finish()


def _is_done(ledger: Ledger, verb: str, point: int) -> bool:
    return any(row["verb"] == verb and row["point"].split(" ")[0] == str(point) for row in ledger.rows)
