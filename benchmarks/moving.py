"""Migrate the lab's data by snapshot and restore, against copying document by document."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.copying import copy
from benchmarks.table import Row
from configs.plan import Plan
from lab.description import LabDescription, environment
from lab.filling.load import load
from lab.manager import attached
from lab.reset import empty_engine, reset
from lab.settings import LabSettings

# Plain indices with simple names: all that the rival can copy.
INDICES = (
    "orders",
    "orders-nested",
    "cities",
    "countries",
    "airports",
    "customers",
    "temperatures",
    "weather",
)


def measured(sizes: Sequence[int], runs: int) -> Iterator[tuple[str, list[Row]]]:
    """A title and rows for each size. One lab serves them all."""
    if not sizes:
        return
    with lab_and_folder() as (lab, folder):
        for documents in sizes:
            reset(lab)
            title = f"Moving the lab's data, about {documents:,} documents"
            yield title, _one_size(lab, folder, documents, runs)


def _one_size(lab: LabDescription, folder: Path, documents: int, runs: int) -> list[Row]:
    """Time both in turn, `runs` times, each onto an empty target."""
    moved = sum(count for name, count in load(lab, documents).indices.items() if name in INDICES)
    ours: list[float] = []
    steps: list[float] = []
    theirs: list[float] = []
    for number in range(runs):
        empty_engine(lab.target)
        theirs.append(_timed_copy(lab, moved))
        empty_engine(lab.target)
        whole, in_steps = _timed_migration(lab, folder / "state", f"bench-{documents}-{number}")
        ours.append(whole)
        steps.append(in_steps)
    rival = Row(
        "scroll and bulk by opensearch-py", tuple(theirs), note=f"{moved:,} documents, nothing compared"
    )
    return [
        rival,
        Row("snapferry, whole flow", tuple(ours), rival, "verified"),
        Row("snapferry, its steps", tuple(steps), rival, "according to its report; verified"),
    ]


@contextmanager
def lab_and_folder(settings: LabSettings | None = None) -> Iterator[tuple[LabDescription, Path]]:
    """A lab for the block, used by this process's AWS sessions, and an empty folder."""
    with tempfile.TemporaryDirectory() as place, attached(Path(place) / "lab", settings) as lab:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            del os.environ[name]
        os.environ.update(environment(lab))
        yield lab, Path(place)


def _timed_copy(lab: LabDescription, expected: int) -> float:
    began = time.perf_counter()
    written = copy(lab.source.engine_url, lab.target.engine_url, INDICES)
    assert written == expected, f"{written} of {expected} documents were copied"
    return time.perf_counter() - began


def _timed_migration(lab: LabDescription, state: Path, name: str) -> tuple[float, float]:
    """Seconds of the whole flow, and of its steps according to the report."""
    from flows.chains import migrate
    from flows.sessions.begin_or_resume import Request
    from flows.sessions.options import RunOptions
    from reports.build.report import report_of
    from runs.state import State

    plan = lab_plan(lab, name, indices={"include": list(INDICES)})
    began = time.perf_counter()
    migrate.run(Request(plan, RunOptions(state=state)))
    whole = time.perf_counter() - began
    journal = State(state, plan.name).latest()
    assert journal is not None and journal.document.status == "done"
    return whole, report_of(journal.document).seconds


def lab_plan(lab: LabDescription, name: str, **more: Any) -> Plan:
    """The plan of a move of the lab's data. `more` are further keys."""
    values: dict[str, Any] = {
        "name": name,
        "source": {"endpoint": lab.source.endpoint, "region": lab.source.region},
        "target": {"endpoint": lab.target.endpoint, "region": lab.target.region},
        "repository": {
            "name": name,
            "bucket": lab.bucket,
            "region": lab.bucket_region,
            "base_path": name,
            "role_arn": lab.role_arn,
        },
    }
    return Plan.model_validate({**values, **more})
