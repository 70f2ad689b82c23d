"""The window of a cutover: one-shot, against after two seed rounds with 5 % appended since.

Run with `python -m benchmarks window`. Both cutovers move the same documents, to an empty target or onto the
copies of earlier rounds. The times come from the runs' journals.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.moving import lab_and_folder, lab_plan
from benchmarks.table import Row
from configs.plan import Plan
from lab.description import LabDescription
from lab.engines.engine_client import Action, EngineClient
from lab.reset import empty_bucket, empty_engine, reset
from lab.settings import LabSettings
from runs.journal import Document

INDICES = {"events-1": 1, "events-2": 1, "events-3": 2, "events-4": 2}  # name → shards
APPENDED = 0.05
_TEXT = 700  # characters of text in a document
HEAP_MB = 2048  # the lab's usual heap is too small for large or many indices
_PHASES: Mapping[str, Sequence[str]] = {
    "freeze": ("freeze",),
    "compare": ("compare",),
    "snapshot": ("start snapshot", "snapshot"),
    "restore": ("discard copies", "find on target", "close before restore", "restore"),
    "open copies": ("open copies",),
    "verify": ("verify", "look at names"),
    "aliases and open": ("set aliases", "open"),
}


def measured(documents: int, runs: int) -> Iterator[tuple[str, list[Row]]]:
    """A title and rows: the whole window first, then its phases."""
    ours: list[Document] = []
    theirs: list[Document] = []
    with lab_and_folder(LabSettings(heap_mb=HEAP_MB)) as (lab, folder):
        _seeded(lab, folder / "warm", "warm-up", 2_000)
        _one_shot(lab, folder / "warm", "warm-up-whole")
        for number in range(runs):
            ours.append(_seeded(lab, folder / "state", f"seeded-{number}", documents))
            theirs.append(_one_shot(lab, folder / "state", f"one-shot-{number}"))
        size = _size(lab)
    held = round(documents * (1 + APPENDED) ** 2)
    title = f"The window at {held:,} documents, {size / 2**20:,.0f} MiB, {APPENDED:.0%} of them new"
    yield title, list(_rows(theirs, ours))


def _rows(theirs: Sequence[Document], ours: Sequence[Document]) -> Iterator[Row]:
    rival = Row("one-shot, window", tuple(map(_length, theirs)), note="every index fetched whole")
    yield rival
    yield Row("seeded, window", tuple(map(_length, ours)), rival, f"{_fetched(ours[-1])} fetched")
    for phase, steps in _PHASES.items():
        before = Row(f"one-shot, {phase}", tuple(_seconds(each, steps) for each in theirs))
        yield before
        yield Row(f"seeded, {phase}", tuple(_seconds(each, steps) for each in ours), before)


def _seeded(lab: LabDescription, state: Path, name: str, documents: int) -> Document:
    """Fill the lab again, then run two rounds and a cutover, appending documents before the last two."""
    reset(lab)
    with EngineClient(lab.source) as engine:
        for index, shards in INDICES.items():
            settings = {"number_of_shards": shards, "number_of_replicas": 0, "refresh_interval": "30s"}
            engine.call("PUT", f"/{index}", {"settings": {"index": settings}})
        engine.bulk(_documents(0, documents))
        engine.call("POST", "/_refresh")
    plan = _plan(lab, name)
    seeded_round(plan, state)
    count = documents
    for act in (seeded_round, cut_over):
        more = round(count * APPENDED)
        with EngineClient(lab.source) as engine:
            engine.bulk(_documents(count, count + more))
        count += more
        act(plan, state)
    return newest(plan, state)


def _one_shot(lab: LabDescription, state: Path, name: str) -> Document:
    """The same documents with an empty target and an empty bucket."""
    empty_engine(lab.target)
    with EngineClient(lab.source) as engine:
        engine.call("DELETE", "/_snapshot/*")
    empty_bucket(lab)
    plan = _plan(lab, name)
    cut_over(plan, state)
    return newest(plan, state)


def _plan(lab: LabDescription, name: str) -> Plan:
    return lab_plan(lab, name, cutover={"green": "1s", "source_after": "released"})


def seeded_round(plan: Plan, state: Path) -> None:
    """Run one seed round."""
    from flows.chains import seed
    from flows.sessions.begin_or_resume import Request
    from flows.sessions.options import RunOptions

    seed.run(Request(plan, RunOptions(state=state)))


def cut_over(plan: Plan, state: Path) -> None:
    """Run the cutover."""
    from flows.chains import cutover
    from flows.sessions.begin_or_resume import Request
    from flows.sessions.options import RunOptions
    from tasks.migration import Consents

    cutover.run(Request(plan, RunOptions(state=state, consents=Consents(allow_freeze=True))))


def newest(plan: Plan, state: Path) -> Document:
    """The plan's latest run, which must be done."""
    from runs.state import State

    journal = State(state, plan.name).latest()
    assert journal is not None and journal.document.status == "done"
    return journal.document


def _length(run: Document) -> float:
    """Seconds in which nobody could write."""
    assert run.window is not None and run.window.ended is not None
    return (run.window.ended - run.window.frozen).total_seconds()


def _seconds(run: Document, steps: Sequence[str]) -> float:
    return sum(run.steps[step].seconds for step in steps if step in run.steps)


def _fetched(run: Document) -> str:
    from reports.words import common
    from tasks import steps

    arrived = run.recorded(steps.RESTORE)
    return common.size(sum(index.bytes for index in arrived.indices) if arrived else 0)


def _size(lab: LabDescription) -> int:
    with EngineClient(lab.source) as engine:
        reply = engine.call("GET", "/_stats/store", filter_path="_all.primaries.store.size_in_bytes")
    return reply["_all"]["primaries"]["store"]["size_in_bytes"]


def _documents(first: int, last: int) -> Iterator[Action]:
    """Documents of about a kilobyte; the same numbers always make the same documents."""
    text, names = _prose(), tuple(INDICES)
    for number in range(first, last):
        chance = random.Random(number)
        at = chance.randrange(len(text) - _TEXT)
        source = {
            "@timestamp": 1_700_000_000_000 + number * 250,
            "user": f"user-{chance.randrange(50_000)}",
            "status": chance.choice((200, 200, 200, 304, 404, 500)),
            "bytes": chance.randrange(1_000_000),
            "path": f"/items/{chance.randrange(10_000)}/view",
            "text": text[at : at + _TEXT],
        }
        yield {"index": {"_index": names[number % len(names)], "_id": str(number)}}, source


def _prose() -> str:
    """A long text of random words."""
    chance = random.Random(1)
    letters = "abcdefghijklmnopqrstuvwxyz"
    common = ["".join(chance.choices(letters, k=chance.randint(2, 11))) for _ in range(20_000)]
    return " ".join(chance.choices(common, k=400_000))
