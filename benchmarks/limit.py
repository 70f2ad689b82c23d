"""The whole command against the bare REST calls of the same job: how much the care costs.

Run with `python -m benchmarks limit`. Both are processes of their own that register twice (the target's
domain needs the fallback), take a snapshot, restore it and compare; the command also looks before and after.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.moving import lab_and_folder, lab_plan
from benchmarks.table import Row
from lab.description import LabDescription
from lab.engines.engine_client import Action, EngineClient
from lab.reset import empty_bucket, empty_engine, reset
from lab.settings import LabSettings, heap_for
from reports.build.report import report_of
from runs.state import State

INDICES = tuple(f"events-{number}" for number in range(1, 9))
_TEXT = 260  # characters of text in a document: half a gigabyte in a million
_ROOT = Path(__file__).resolve().parents[1]
_COMMAND = str(Path(sys.executable).parent / "snapferry")


@dataclass(frozen=True)
class _Place:
    """Where one benchmark works."""

    lab: LabDescription
    folder: Path


def measured(documents: int, runs: int) -> Iterator[tuple[str, list[Row]]]:
    """A title and rows: the bare calls, the command, and its steps according to the report."""
    bare: list[float] = []
    command: list[float] = []
    steps: list[float] = []
    heap = LabSettings(heap_mb=max(1024, heap_for(documents)))
    with lab_and_folder(heap) as (lab, folder):
        place = _Place(lab, folder)
        _fill(lab, documents)
        size = _size(lab)
        for number in range(-1, runs):  # the first pair warms caches and the engines' compilers
            times = {act: act(place, f"limit-{number + 1}") for act in _in_turn(number)}
            if number >= 0:
                bare.append(times[_bare])
                command.append(times[_command])
                steps.append(_in_steps(place, f"limit-{number + 1}"))
    rival = Row("the bare REST calls", tuple(bare), note="two registrations, snapshot, restore, counts")
    pairs = statistics.median(ours / theirs for ours, theirs in zip(command, bare, strict=True))
    yield (
        f"The whole command against the bare calls, {documents:,} documents, {size / 2**20:,.0f} MiB",
        [
            rival,
            Row(
                "snapferry migrate",
                tuple(command),
                rival,
                f"the whole; median of pairs {pairs:.2f}",
            ),
            Row("snapferry migrate, its steps", tuple(steps), rival, "according to its report"),
        ],
    )


def _in_turn(number: int) -> Sequence[Callable[[_Place, str], float]]:
    return (_bare, _command) if number % 2 else (_command, _bare)


def _bare(place: _Place, name: str) -> float:
    lab = place.lab
    file = place.folder / f"{name}.json"
    job = {
        "source": {"endpoint": lab.source.endpoint, "region": lab.source.region},
        "target": {"endpoint": lab.target.endpoint, "region": lab.target.region},
        "bucket": lab.bucket,
        "bucket_region": lab.bucket_region,
        "base_path": name,
        "role_arn": lab.role_arn,
        "repository": name,
        "snapshot": "bare",
        "indices": list(INDICES),
    }
    file.write_text(json.dumps(job), encoding="utf-8")
    return _timed(place, sys.executable, "-m", "benchmarks.bare", str(file))


def _command(place: _Place, name: str) -> float:
    file = place.folder / f"{name}.yaml"
    plan = lab_plan(place.lab, name, indices={"include": list(INDICES)})
    file.write_text(plan.model_dump_json(exclude_unset=True), encoding="utf-8")  # JSON is YAML
    state = str(place.folder / "state")  # where commands have worked before, as a user's
    return _timed(place, _COMMAND, "migrate", str(file), "--execute", "--state", state)


def _timed(place: _Place, *command: str) -> float:
    """Seconds of a process that starts with an empty target and an empty bucket."""
    empty_engine(place.lab.target)
    with EngineClient(place.lab.source) as engine:
        engine.call("DELETE", "/_snapshot/*", ok=(404,))
    empty_bucket(place.lab)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")}
    log = place.folder / "output.log"
    with log.open("w", encoding="utf-8") as output:
        began = time.perf_counter()
        ended = subprocess.run(command, cwd=_ROOT, env=environment, stdout=output, stderr=output, check=False)
        took = time.perf_counter() - began
    assert ended.returncode == 0, log.read_text(encoding="utf-8")[-3000:]
    return took


def _in_steps(place: _Place, name: str) -> float:
    journal = State(place.folder / "state", name).latest()
    assert journal is not None and journal.document.status == "done"
    return report_of(journal.document).seconds


def _fill(lab: LabDescription, documents: int) -> None:
    reset(lab)
    with EngineClient(lab.source) as engine:
        for index in INDICES:
            settings = {"number_of_shards": 1, "number_of_replicas": 0, "refresh_interval": "30s"}
            engine.call("PUT", f"/{index}", {"settings": {"index": settings}})
        engine.bulk(_documents(documents))
        engine.call("POST", "/_flush")
        engine.call("POST", "/_refresh")


def _size(lab: LabDescription) -> int:
    with EngineClient(lab.source) as engine:
        reply: Any = engine.call("GET", "/_stats/store", filter_path="_all.primaries.store.size_in_bytes")
    return reply["_all"]["primaries"]["store"]["size_in_bytes"]


def _documents(count: int) -> Iterator[Action]:
    """Documents of about half a kilobyte, most of it text that does not compress."""
    chance = random.Random(1)
    for number in range(count):
        source = {
            "@timestamp": 1_700_000_000_000 + number * 250,
            "user": f"user-{chance.randrange(50_000)}",
            "status": chance.choice((200, 200, 200, 304, 404, 500)),
            "bytes": chance.randrange(1_000_000),
            "path": f"/items/{chance.randrange(10_000)}/view",
            "text": f"{chance.getrandbits(4 * _TEXT):x}",
        }
        yield {"index": {"_index": INDICES[number % len(INDICES)], "_id": str(number)}}, source
