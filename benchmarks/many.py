"""A thousand indices: what a round names and copies when fifty have changed, and what a verification asks.

Run with `python -m benchmarks many`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.moving import lab_and_folder, lab_plan
from benchmarks.requested import Requested, named, requested, snapshotted
from benchmarks.window import HEAP_MB, cut_over, newest, seeded_round
from configs.plan import Plan
from lab.description import LabDescription
from lab.engines.engine_client import EngineClient
from lab.reset import reset
from lab.settings import LabSettings
from runs.journal import Document

_ROOM = {"persistent": {"cluster.max_shards_per_node": 5000}}
_DOCUMENTS = 20
HEADER = ("what", "result")


def measured(indices: int, changed: int) -> Iterator[tuple[str, Iterator[tuple[str, str]]]]:
    """A title and its rows in words for each part, as they are measured."""
    with lab_and_folder(LabSettings(heap_mb=HEAP_MB)) as (lab, folder):
        yield f"{indices:,} indices of one shard", _rounds(lab, folder / "state", indices, changed)
        several = max(indices // 10, 1)
        yield f"{several:,} indices of five shards", _several(lab, folder / "state", several)


def _rounds(lab: LabDescription, state: Path, count: int, changed: int) -> Iterator[tuple[str, str]]:
    names = _filled(lab, count, 1)
    plan = _plan(lab, "many")
    seeded_round(plan, state)
    yield "first round", _round_sentence(newest(plan, state))
    some = set(names[:: max(count // changed, 1)][:changed])
    with EngineClient(lab.source) as engine:
        engine.bulk(({"index": {"_index": name, "_id": "more"}}, {"number": -1}) for name in sorted(some))
    with requested(lab) as requests_seen:
        seeded_round(plan, state)
    yield f"a round with {len(some)} changed", _round_sentence(newest(plan, state))
    for what, found in _touched(requests_seen).items():
        exactly = (
            "exactly the changed ones"
            if found == some
            else f"NOT THE CHANGED ONES: {sorted(found ^ some)[:5]}"
        )
        yield f"named to {what}", f"{len(found)}: {exactly}"
    cut_over(plan, state)
    run = newest(plan, state)
    assert run.window is not None and run.window.ended is not None
    window_s = (run.window.ended - run.window.frozen).total_seconds()
    yield "a cutover with nothing changed, window", f"{window_s:.1f} s: {_steps(run)}"
    yield "verification at level operations", _verified(lab, plan, state, count)


def _several(lab: LabDescription, state: Path, count: int) -> Iterator[tuple[str, str]]:
    _filled(lab, count, 5)
    plan = _plan(lab, "several")
    cut_over(plan, state)
    yield "verification at level operations", _verified(lab, plan, state, count)


def _filled(lab: LabDescription, count: int, shards: int) -> list[str]:
    reset(lab)
    names = [f"index-{number:04}" for number in range(count)]
    for domain in (lab.source, lab.target):
        with EngineClient(domain) as engine:
            engine.call("PUT", "/_cluster/settings", _ROOM)
    with EngineClient(lab.source) as engine:
        settings = {"number_of_shards": shards, "number_of_replicas": 0}
        body = {"settings": {"index": settings}, "mappings": {"properties": {"number": {"type": "long"}}}}
        for name in names:
            engine.call("PUT", f"/{name}", body)
        engine.bulk(
            ({"index": {"_index": name, "_id": str(number)}}, {"number": number})
            for name in names
            for number in range(_DOCUMENTS)
        )
        engine.call("POST", "/_refresh")
    return names


def _plan(lab: LabDescription, name: str) -> Plan:
    more = {"cutover": {"green": "1s", "source_after": "released"}, "verify": {"level": "operations"}}
    return lab_plan(lab, name, **more)


def _touched(requests_seen: Requested) -> dict[str, set[str]]:
    """Indices named by the snapshot, by the closing before the restore, and by the restore."""
    return {
        "the snapshot": snapshotted(requests_seen.source),
        "close": named(requests_seen.target, "/_close"),
        "the restore": named(requests_seen.target, "/_restore"),
    }


def _verified(lab: LabDescription, plan: Plan, state: Path, count: int) -> str:
    from flows.verify import verify_plan

    began = time.monotonic()
    with requested(lab) as requests_seen:
        record = verify_plan(plan, state)
    seconds = time.monotonic() - began
    wrong = [f"{each.source}: {each.outcome} {each.detail}" for each in record.failing]
    problems = f"NOT ALL EQUAL: {len(wrong)}, as {wrong[0]}; " if wrong else ""
    problems += "" if len(record.verdicts) == count else f"{len(record.verdicts)} VERDICTS; "
    of_sides = (f"{len(each)} requests to the {side}" for side, each in vars(requests_seen).items())
    kinds = ", ".join(sorted({entry["path"].rsplit("/", 1)[-1] or "/" for entry in requests_seen.source}))
    return f"{problems}{', '.join(of_sides)} ({kinds}), {seconds:.1f} s"


def _round_sentence(run: Document) -> str:
    total = sum(entry.seconds for entry in run.steps.values())
    return f"{total:.1f} s: {_steps(run)}"


def _steps(run: Document) -> str:
    return ", ".join(
        f"{name} {entry.seconds:.1f}" for name, entry in run.steps.items() if entry.seconds >= 0.05
    )


def markdown(title: str, rows: Sequence[tuple[str, str]]) -> str:
    """A section with one table."""
    lines = [f"### {title}", "", "| " + " | ".join(HEADER) + " |", "|---|---|"]
    lines += [f"| {what} | {result} |" for what, result in rows]
    return "\n".join(lines) + "\n"
