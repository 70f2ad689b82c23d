"""Where a run stands: its statuses, its phases, and every question about them.

The journal keeps the status. The phase follows from what else stands in the journal, so that it is right also
after a kill. All functions are pure and read one journal's document; docs/runs.md draws the phases.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from runs.journal import Document
from runs.run_status import RunStatus
from runs.step_names import StepName
from runs.verbs import Verb

SERVE = "serve"
"""The action of the requests that let copies on the target take writes."""


class RunPhase(StrEnum):
    """How far a run has come. It decides what the next command does, and what can still be taken back."""

    LOOKING = "looking"
    """It only reads: nothing was changed, no gate was reached. The next command starts a new run."""
    AT_GATE = "at a gate"
    """It waits for an approval, and the source takes writes. The next command comes back to the gate."""
    CHANGING = "changing"
    """It registers, takes the snapshot, restores, verifies. The next command resumes it."""
    FROZEN = "frozen"
    """A cutover in its window: the source refuses writes, nothing is open. It is opened or rolled back."""
    OPENING = "opening"
    """A cutover that lets the target take writes. Once one index may take them, nothing is rolled back."""
    ROLLING_BACK = "rolling back"
    """A cutover that releases the source and closes the copies again; it does nothing else any more."""
    REMOVING = "removing"
    """What the run made is removed: by a rehearsal at its end, or by `abort`."""
    ENDED = "ended"
    """No command resumes it. What a rehearsal has kept, or seed rounds have left, can still be removed."""


EDGES: Mapping[RunPhase, frozenset[RunPhase]] = {
    RunPhase.LOOKING: frozenset({RunPhase.AT_GATE, RunPhase.CHANGING, RunPhase.FROZEN, RunPhase.ENDED}),
    RunPhase.AT_GATE: frozenset({RunPhase.LOOKING, RunPhase.CHANGING, RunPhase.ROLLING_BACK, RunPhase.ENDED}),
    RunPhase.CHANGING: frozenset(set(RunPhase) - {RunPhase.CHANGING, RunPhase.OPENING}),
    RunPhase.FROZEN: frozenset({RunPhase.OPENING, RunPhase.ROLLING_BACK}),
    RunPhase.OPENING: frozenset({RunPhase.FROZEN, RunPhase.ENDED}),
    RunPhase.ROLLING_BACK: frozenset({RunPhase.ENDED}),
    RunPhase.REMOVING: frozenset({RunPhase.CHANGING, RunPhase.ENDED}),
    RunPhase.ENDED: frozenset({RunPhase.REMOVING}),
}
"""The phases that may follow each phase; docs/runs.md says what leads from one to the other."""

_OVER = frozenset({RunStatus.DONE, RunStatus.DIFFERENT, RunStatus.REFUSED, RunStatus.ABANDONED})
_GIVEN_UP = frozenset({RunStatus.REFUSED, RunStatus.ABANDONED})


def phase(document: Document) -> RunPhase:
    """How far the run has come."""
    if is_removed(document):
        return RunPhase.ENDED
    if StepName.CLEAN in document.steps or (document.aborting and document.verb is not Verb.CUTOVER):
        return RunPhase.REMOVING
    if is_rolling_back(document):
        return RunPhase.ROLLING_BACK
    if is_rolled_back(document) or is_finished(document) or _is_kept_as_failed(document):
        return RunPhase.ENDED
    if is_frozen(document) or is_opening(document):
        return RunPhase.OPENING if is_opening(document) else RunPhase.FROZEN
    if any(gate.approved is None for gate in document.gates.values()):
        return RunPhase.AT_GATE
    return RunPhase.CHANGING if _has_begun(document) else RunPhase.LOOKING


def _has_begun(document: Document) -> bool:
    return document.changed_something or bool(document.gates) or document.window is not None


# any run


def is_finished(document: Document) -> bool:
    """Whether the run needs no further command.

    Not while it has frozen the source and not ended that. Nor when all that fails is what could not be
    compared: the same command reads it again.
    """
    if is_frozen(document):
        return False
    undecided = document.status is RunStatus.DIFFERENT and only_undecided(document)
    return document.status in _OVER and not undecided


def only_undecided(document: Document) -> bool:
    """Whether each failing verdict is `not compared`: nothing was found to differ."""
    verdicts = (document.record(StepName.VERIFY) or {}).get("verdicts", [])
    return {verdict["outcome"] for verdict in verdicts} <= {"equal", "not compared"}


def is_given_up(document: Document) -> bool:
    """Whether the run was refused or abandoned; a cutover that was rolled back did freeze the source."""
    return document.status in _GIVEN_UP and not is_rolled_back(document)


def counts(document: Document) -> bool:
    """Whether the run is one to resume or to show again: not one that was given up or rolled back."""
    if document.status in _GIVEN_UP or is_rolled_back(document):
        return False
    return _has_begun(document) or is_finished(document)


def is_removed(document: Document) -> bool:
    """Whether all that the run, or its seed cycle, made was removed again."""
    return document.record(StepName.CLEAN) is not None


# cutovers


def is_frozen(document: Document) -> bool:
    """Whether the source may refuse writes for the run's window, which has not ended."""
    return document.window is not None and document.window.ended is None


def is_opening(document: Document) -> bool:
    """Whether the run opens the target, or has opened it."""
    return document.window is not None and document.window.opening is not None


def opening_has_begun(document: Document) -> bool:
    """Whether the target may take writes by this run: not where every such request was turned away."""
    return any(intent.action == SERVE and not intent.was_turned_away for intent in document.intents)


def is_past_deadline(document: Document, at: datetime) -> bool:
    """Whether the run's window has a deadline that has passed by then."""
    return document.window is not None and at >= document.window.deadline


def is_rolling_back(document: Document) -> bool:
    """Whether the run is a cutover that is being rolled back; until that is done it does nothing else."""
    return document.verb is Verb.CUTOVER and document.aborting and not is_rolled_back(document)


def is_rolled_back(document: Document) -> bool:
    """Whether everything was put back after a cutover that was not opened."""
    return document.record(StepName.ROLL_BACK) is not None


def ends_cycle(document: Document) -> bool:
    """Whether the copies of the seed cycle went live with this run, or were removed in it."""
    return is_opening(document) or is_removed(document)


def is_being_removed(document: Document) -> bool:
    """Whether `abort` removes the run's seed cycle and keeps book of it here; rolling back is not that."""
    return document.aborting and (document.verb is Verb.SEED or StepName.CLEAN in document.steps)


# rehearsals


def is_kept(document: Document) -> bool:
    """Whether what the rehearsal makes is to stay."""
    return bool((document.rehearsal or {}).get("keep"))


def is_leftover(document: Document) -> bool:
    """Whether the run is a rehearsal that made something and has not removed it."""
    rehearsed = document.verb is Verb.REHEARSE and document.changed_something
    return rehearsed and not is_removed(document)


def is_unfinished_rehearsal(document: Document) -> bool:
    """Whether the next `rehearse` resumes the run: it has left something that was not to be kept."""
    ended = document.status in {RunStatus.DONE, RunStatus.DIFFERENT, RunStatus.ABANDONED}
    return is_leftover(document) and not ended and not _is_kept_as_failed(document)


def _is_kept_as_failed(document: Document) -> bool:
    rehearsed = document.verb is Verb.REHEARSE and document.status is RunStatus.FAILED
    return rehearsed and is_kept(document)
