"""A session of a run that works in this process, and a plan's file: for whatever watches it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from runs.journal import Journal
from runs.live.progress_file import live_progress
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
            yield journal


def restoring(done: int) -> None:
    """Report so many bytes as restored."""
    report_progress(Progress("restore", "restoring", done, TOTAL, "bytes"))
