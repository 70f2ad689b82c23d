"""The window and the whole cutover after random updates and deletes: the tail, a delta restore, one-shot.

Run with `python -m benchmarks tail`. Every way moves the same documents with the same number of changes since
its seed round; the one-shot has none. `auto` is what the plan chooses by itself.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.moving import lab_and_folder, lab_plan
from benchmarks.table import Row
from benchmarks.window import HEAP_MB, cut_over, newest, seeded_round
from configs.plan import Plan
from lab.description import LabDescription
from lab.engines.engine_client import Action, EngineClient
from lab.reset import empty_bucket, empty_engine, reset
from lab.settings import LabSettings
from runs.journal import Document

INDICES = 8
SHARES = (0.01, 0.05, 0.20)
FIXED_CHANGES = 50_000
_TEXT = 250  # characters of text in a document
_DELETED = 0.1  # of the changes
_WAYS = ("tail", "restore", "auto")
_INSIDE = ("last tail", "prove")


@dataclass
class _Source:
    """What the source holds: documents by number; some are gone."""

    lab: LabDescription
    chance: random.Random
    documents: int
    gone: set[int]

    def change(self, changes: int) -> None:
        """Update and delete documents at random, nine to one."""
        numbers = self.chance.sample(range(self.documents), changes)
        doomed = [n for n in numbers[: round(changes * _DELETED)] if n not in self.gone]
        updated = numbers[round(changes * _DELETED) :]
        with EngineClient(self.lab.source) as engine:
            engine.bulk(_document(n, self.chance) for n in updated)
            engine.bulk(({"delete": {"_index": _index(n), "_id": str(n)}}, None) for n in doomed)
        self.gone = (self.gone | set(doomed)) - set(updated)


def measured(documents: int, large: int, runs: int) -> Iterator[tuple[str, list[Row]]]:
    """A title and rows for each share of changes; last the same changes among more documents.

    Args:
        documents: in all indices.
        large: documents for the last table.
        runs: how often each way is timed.
    """
    with lab_and_folder(LabSettings(heap_mb=HEAP_MB)) as (lab, folder):
        source = _filled(lab, documents)
        one_shot = _one_shots(source, folder, runs)
        few: Row | None = None
        for share in SHARES:
            changes = round(documents * share)
            rows = list(_rows(source, folder, changes, runs, one_shot, f"{share:.0%}"))
            yield f"{documents:,} documents in {INDICES} indices, {changes:,} changed at random", rows
            few = rows[1] if changes == min(FIXED_CHANGES, round(documents * 0.05)) else few
        source = _filled(lab, large)
        changes = min(FIXED_CHANGES, round(documents * 0.05))
        ran = [_cut_over(source, folder, f"large-{n}", changes, "tail") for n in range(runs)]
        title = f"The same {changes:,} changes among {large:,} documents"
        tail = Row("tail, whole delta", tuple(map(_delta, ran)), few, f"against {documents:,} documents")
        yield title, [tail, Row("tail, window", tuple(map(_window, ran)))]


def _rows(
    source: _Source, folder: Path, changes: int, runs: int, one_shot: Sequence[Document], name: str
) -> Iterator[Row]:
    rival = Row("one-shot, window", tuple(map(_window, one_shot)), note="every index fetched whole")
    yield rival
    all_ran: dict[str, list[Document]] = {way: [] for way in _WAYS}
    for n in range(runs):  # in another order each time: what one leaves to the engines, the next one feels
        for way in (*_WAYS[n % len(_WAYS) :], *_WAYS[: n % len(_WAYS)]):
            all_ran[way].append(_cut_over(source, folder, f"{way}-{name}-{n}", changes, way))
    for way, ran in all_ran.items():
        if way == "tail":
            yield Row(
                "tail, whole delta", tuple(map(_delta, ran)), note="rounds before the freeze, and the last"
            )
        yield Row(f"{way}, window", tuple(map(_window, ran)), rival, _phases(ran[-1]))
        yield Row(f"{way}, whole cutover", tuple(map(_whole, ran)))


def _cut_over(source: _Source, folder: Path, name: str, changes: int, way: str) -> Document:
    """One seed round, the changes, and a cutover by this way."""
    _empty_target(source.lab)
    plan = _plan(source.lab, name.replace("%", "pc"), way)
    seeded_round(plan, folder / "state")
    source.change(changes)
    cut_over(plan, folder / "state")
    return newest(plan, folder / "state")


def _one_shots(source: _Source, folder: Path, runs: int) -> list[Document]:
    ran: list[Document] = []
    for number in range(runs):
        _empty_target(source.lab)
        plan = _plan(source.lab, f"one-shot-{number}", "auto")
        cut_over(plan, folder / "state")
        ran.append(newest(plan, folder / "state"))
    return ran


def _filled(lab: LabDescription, documents: int) -> _Source:
    reset(lab)
    chance = random.Random(17)
    with EngineClient(lab.source) as engine:
        for number in range(INDICES):
            settings = {"number_of_shards": 1, "number_of_replicas": 0, "refresh_interval": "30s"}
            engine.call("PUT", f"/events-{number}", {"settings": {"index": settings}})
        engine.bulk(_document(n, chance) for n in range(documents))
        engine.call("POST", "/_refresh")
    return _Source(lab, chance, documents, set())


def _index(number: int) -> str:
    return f"events-{number % INDICES}"


def _document(number: int, chance: random.Random) -> Action:
    text = "".join(chance.choices("abcdefghij klmnop", k=_TEXT))
    body = {"n": number, "amount": chance.random(), "text": text}
    return {"index": {"_index": _index(number), "_id": str(number)}}, body


def _empty_target(lab: LabDescription) -> None:
    empty_engine(lab.target)
    with EngineClient(lab.source) as engine:
        engine.call("DELETE", "/_snapshot/*")
    empty_bucket(lab)


def _plan(lab: LabDescription, name: str, way: str) -> Plan:
    return lab_plan(lab, name, cutover={"green": "1s", "source_after": "released", "delta": way})


def _window(run: Document) -> float:
    assert run.window is not None and run.window.ended is not None
    return (run.window.ended - run.window.frozen).total_seconds()


def _delta(run: Document) -> float:
    return sum(run.steps[step].seconds for step in ("catch up", "last tail", "prove") if step in run.steps)


def _whole(run: Document) -> float:
    assert run.ended is not None
    return (run.ended - run.started).total_seconds()


def _phases(run: Document) -> str:
    """What the last window was spent with, and how many indices took which way."""
    ways = (run.record("choose ways") or {}).get("ways", [])
    by_tail = sum(each["way"] == "tail" for each in ways)
    inside = (
        "freeze",
        "compare",
        *_INSIDE,
        "snapshot",
        "restore",
        "open copies",
        "verify",
        "last look",
        "open",
    )
    spent = ", ".join(f"{step} {run.steps[step].seconds:.1f}" for step in inside if step in run.steps)
    return f"{by_tail} of {INDICES} by the tail; {spent}"
