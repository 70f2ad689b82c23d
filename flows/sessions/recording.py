"""Run steps without Prefect, keep their records in the journal, and say so.

A window and a roll-back need it: while the source refuses writes, Prefect decides nothing."""

from collections.abc import Callable, Collection
from typing import TypeVar

from pydantic import BaseModel

from domains.errors import is_transient
from reports.words.steps import falls_short, sentence_about
from runs.events import Event, emit
from runs.journal import Journal, now
from runs.lifecycle import is_opening, is_past_deadline, opening_has_begun
from runs.progress import Poll, Progress, report_progress
from runs.step_names import StepName
from tasks.steps import StepKey

M = TypeVar("M", bound=BaseModel)
R = TypeVar("R")
_ATTEMPTS = 3
_OPENING_S = 60.0
MOVING = ("snapshot", "delete", "restore")
"""Actions of intents: once one may have been sent, a migration or rehearsal keeps to its decisions."""


def record_step(journal: Journal, step: StepKey[M], record: M) -> None:
    """Keep a step's record, and report that it is done."""
    journal.keep(step.name, record)
    said = sentence_about(step, record)
    if said:
        report_progress(Progress(step.name, said, finished=True, short=falls_short(record)))


def bound_record(journal: Journal, step: StepKey[M], bound_by: Collection[str]) -> M | None:
    """The record that a run has to keep to; None where it may still decide anew.

    Args:
        bound_by: actions of requests that bind it, once one of them may have taken effect.
    """
    return journal.document.recorded(step) if journal.may_have_sent(bound_by) else None


def take_step(journal: Journal, step: StepKey[M], act: Callable[[], M]) -> M:
    """Run a step without Prefect: one attempt, timed and kept in the journal, and reported.

    Raises:
        whatever the step raises.
    """
    with journal.step(step.name):
        record = act()
    record_step(journal, step, record)
    return record


def run_in_window(journal: Journal, name: StepName, step: Callable[[], R]) -> R:
    """Run a step while the source refuses writes, and return its result; hooks hear of it as of any step.

    It is repeated twice on transient errors, but not after the window has expired. Once the opening has
    begun, it is repeated for a minute: nothing is rolled back any more.

    Raises:
        whatever the step raises, after the repetitions; whatever a failing hook raises.
    """
    emit(Event("step-started", f"step {name} has started", step=name))
    poll = Poll(_OPENING_S)
    left = _ATTEMPTS
    while True:
        left -= 1
        try:
            with journal.step(name):
                result = step()
        except Exception as error:
            goes_on = left > 0 or (opening_has_begun(journal.document) and not poll.expired)
            if not goes_on or not is_transient(error) or _is_too_late(journal):
                raise
            poll.pause()
        else:
            emit(Event("step-done", f"step {name} is done", step=name))
            return result


def _is_too_late(journal: Journal) -> bool:
    return is_past_deadline(journal.document, now()) and not is_opening(journal.document)
