"""Keep the records of steps in the journal, and say so. Imports no Prefect: a roll-back needs it."""

from collections.abc import Callable, Collection
from typing import TypeVar

from pydantic import BaseModel

from reports.words.steps import sentence_about
from runs.journal import Journal
from runs.progress import Progress, report_progress
from tasks.steps import StepKey

M = TypeVar("M", bound=BaseModel)
MOVING = ("snapshot", "delete", "restore")
"""Actions of intents: once one may have been sent, a migration or rehearsal keeps to its decisions."""


def record_step(journal: Journal, step: StepKey[M], record: M) -> None:
    """Keep a step's record, and report that it is done."""
    journal.keep(step.name, record)
    said = sentence_about(step, record)
    if said:
        report_progress(Progress(step.name, said, finished=True))


def bound_record(journal: Journal, step: StepKey[M], bound_by: Collection[str]) -> M | None:
    """The record that a run has to keep to; None where it may still decide anew.

    Args:
        bound_by: actions of intents that bind it.
    """
    bound = any(journal.intents(action) for action in bound_by)
    return journal.document.recorded(step) if bound else None


def take_step(journal: Journal, step: StepKey[M], act: Callable[[], M]) -> M:
    """Run a step without Prefect: one attempt, timed and kept in the journal, and reported.

    Raises:
        whatever the step raises.
    """
    with journal.step(step.name):
        record = act()
    record_step(journal, step, record)
    return record
