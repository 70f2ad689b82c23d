"""Run steps in this process, keep their records in the journal, and say so."""

import random
import time
from collections.abc import Callable, Collection, Generator
from contextlib import contextmanager
from typing import TypeVar

from pydantic import BaseModel

from domains.errors import is_transient
from reports.words.steps import falls_short, sentence_about
from runs.events import Event, emit
from runs.journal import Journal, now
from runs.lifecycle import is_frozen, is_opening, is_past_deadline, opening_has_begun
from runs.progress import Poll, Progress, report_progress
from runs.step_names import StepName
from tasks.steps import StepKey

M = TypeVar("M", bound=BaseModel)
R = TypeVar("R")
ATTEMPTS = 3
FIRST_PAUSE_S = 5.0
_OPENING_S = 60.0
MOVING = ("snapshot", "delete", "restore", "create")
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
    """Run a step: one attempt, timed and kept in the journal, and reported.

    Raises:
        whatever the step raises.
    """
    with journal.step(step.name):
        record = act()
    record_step(journal, step, record)
    return record


def run_here(journal: Journal, name: StepName, step: Callable[[], R]) -> R:
    """Run a step in this process, and return its result; hooks hear of it.

    It is repeated twice on transient errors, after some seconds. While the source refuses writes, it is
    repeated sooner, but not after the window has expired. Once the opening has begun, it is repeated for a
    minute: nothing is rolled back any more.

    Raises:
        whatever the step raises, after the repetitions; whatever a failing hook raises.
    """
    with announced(name):
        poll, attempt = Poll(_OPENING_S), 0
        while True:
            attempt += 1
            try:
                with journal.step(name):
                    return step()
            except Exception as error:
                goes_on = attempt < ATTEMPTS or (opening_has_begun(journal.document) and not poll.expired)
                if not goes_on or not is_transient(error) or _is_too_late(journal):
                    raise
                _pause(journal, name, poll, attempt, error)


@contextmanager
def announced(name: StepName) -> Generator[None]:
    """Hooks hear of a step that begins with the block, and of its end unless an error ends it."""
    emit(Event("step-started", f"step {name} has started", step=name))
    yield
    emit(Event("step-done", f"step {name} is done", step=name))


def _pause(journal: Journal, name: StepName, poll: Poll, attempt: int, failed: Exception) -> None:
    """Wait until the next attempt: seconds that double, or a moment in a window."""
    if is_frozen(journal.document):
        poll.pause()
        return
    seconds = FIRST_PAUSE_S * 2 ** (attempt - 1) * random.uniform(1.0, 1.5)
    report_progress(Progress(name, f"trying again in {seconds:.0f} s: {failed}", waiting=True))
    time.sleep(seconds)


def _is_too_late(journal: Journal) -> bool:
    return is_past_deadline(journal.document, now()) and not is_opening(journal.document)
