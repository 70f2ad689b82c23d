"""A session of a run that works in this process, and a plan's file: for whatever watches it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from runs.journal import Journal
from runs.live.progress_file import live_progress, read_live_progress
from runs.progress import Progress, report_progress, working_on
from runs.state import State
from support.building import a_plan

TOTAL = 27_000_000


def a_plan_file(folder: Path) -> Path:
    """The file of a plan; its state is in the folder `state` beside it."""
    file = folder / "plan.yaml"
    file.write_text(json.dumps(a_plan().model_dump(mode="json", exclude_defaults=True)), encoding="utf-8")
    return file


def runs_of(plan: Path) -> State:
    """The runs of the plan in this file."""
    return State(plan.parent / "state", "orders")


@contextmanager
def at_work(plan: Path, journal: Journal | None = None, verb: Any = "migrate") -> Iterator[Journal]:
    """Inside the block, a session restores: it has restored a part.

    Args:
        journal: of the run; None for a new one.
    """
    runs = runs_of(plan)
    with ExitStack() as stack:
        stack.enter_context(runs.lock_plan())
        journal = journal or runs.begin(a_plan(), verb)
        stack.enter_context(working_on(journal.run_id))
        stack.enter_context(live_progress(runs.live_of(journal.run_id)))
        with journal.step("restore"):
            restoring(4_000_000)
            until_written(runs.live_of(journal.run_id), "restore")
            yield journal


def until_written(live: Path, step: str) -> None:
    """Wait until the file of what a session does has a report of this step: another thread writes it."""
    until = time.monotonic() + 10
    while (found := read_live_progress(live)) is None or step not in found.steps:
        assert time.monotonic() < until
        time.sleep(0.005)


def restoring(done: int) -> None:
    """Report so many bytes as restored."""
    report_progress(Progress("restore", "restoring", done, TOTAL, "bytes"))
