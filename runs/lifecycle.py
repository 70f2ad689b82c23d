"""State model of a run: its status, its phases, and every predicate on them.

The journal stores the status. The phase is derived from the rest of the journal, so it is correct even after
a kill. All functions are pure and read one journal's document; docs/runs.md draws the phases.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from runs.journal import Document
from runs.run_status import RunStatus
from runs.step_names import StepName
from runs.verbs import Verb

SERVE = "serve"
"""Action of the requests that let copies on the target take writes."""


class RunPhase(StrEnum):
    """Phase of a run. It decides what the next command does and what can still be rolled back."""

    LOOKING = "looking"
    """Reading only: nothing was changed, no gate was reached. The next command starts a new run."""
    AT_GATE = "at a gate"
    """Waiting for an approval while the source takes writes. The next command returns to the gate."""
    CHANGING = "changing"
    """Registering, taking the snapshot, restoring, verifying. The next command resumes the run."""
    FROZEN = "frozen"
    """A cutover in its window: the source refuses writes and nothing is open. It opens or rolls back next."""
    OPENING = "opening"
    """A cutover opening the target. Once any index may take writes, there is no roll-back."""
    ROLLING_BACK = "rolling back"
    """A cutover releasing the source and closing the copies again. It does nothing else from here on."""
    REMOVING = "removing"
    """Removing everything the run made: at the end of a rehearsal, or by `abort`."""
    ENDED = "ended"
    """Finished: no command resumes it. Leftovers of a rehearsal or of seed rounds can still be removed."""


EDGES: Mapping[RunPhase, frozenset[RunPhase]] = {
    RunPhase.LOOKING: frozenset({RunPhase.AT_GATE, RunPhase.CHANGING, RunPhase.FROZEN, RunPhase.ENDED}),
    RunPhase.AT_GATE: frozenset({RunPhase.LOOKING, RunPhase.CHANGING, RunPhase.ROLLING_BACK, RunPhase.ENDED}),
    RunPhase.CHANGING: frozenset(set(RunPhase) - {RunPhase.CHANGING, RunPhase.OPENING}),
    RunPhase.FROZEN: frozenset({RunPhase.OPENING, RunPhase.ROLLING_BACK}),
    RunPhase.OPENING: frozenset({RunPhase.FROZEN, RunPhase.ENDED}),
    RunPhase.ROLLING_BACK: frozenset({RunPhase.ENDED}),
    RunPhase.REMOVING: frozenset({RunPhase.CHANGING, RunPhase.ENDED}),
    RunPhase.ENDED: frozenset({RunPhase.REMOVING, RunPhase.CHANGING}),
}
"""Phases that may follow each phase; docs/runs.md says what causes each transition."""

_OVER = frozenset({RunStatus.DONE, RunStatus.DIFFERENT, RunStatus.REFUSED, RunStatus.ABANDONED})
_GIVEN_UP = frozenset({RunStatus.REFUSED, RunStatus.ABANDONED})


def phase(document: Document) -> RunPhase:
    """Return the run's phase."""
    if is_removed(document):
        return RunPhase.ENDED
    if StepName.CLEAN in document.steps or (document.aborting and not document.verb.opens):
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

    False while it holds the source frozen. Also False if the only failures are indices that could not be
    compared: the same command reads them again.
    """
    if is_frozen(document):
        return False
    undecided = document.status is RunStatus.DIFFERENT and only_undecided(document)
    return document.status in _OVER and not undecided


def only_undecided(document: Document) -> bool:
    """Whether every failing verdict is `not compared`, so no difference was found."""
    repaired = (document.record(StepName.REPAIR) or {}).get("verified")
    verdicts = (repaired or document.record(StepName.VERIFY) or {}).get("verdicts", [])
    return {verdict["outcome"] for verdict in verdicts} <= {"equal", "as recorded", "not compared"}


def is_given_up(document: Document) -> bool:
    """Whether the run was refused or abandoned; a rolled-back cutover is neither: it froze the source."""
    return document.status in _GIVEN_UP and not is_rolled_back(document)


def counts(document: Document) -> bool:
    """Whether the run can be resumed or shown again; False if it was given up or rolled back."""
    if document.status in _GIVEN_UP or is_rolled_back(document):
        return False
    return _has_begun(document) or is_finished(document)


def is_removed(document: Document) -> bool:
    """Whether everything the run (or its seed cycle) made was removed again."""
    return document.record(StepName.CLEAN) is not None


# cutovers


def is_frozen(document: Document) -> bool:
    """Whether the run's window is open: the source may refuse writes."""
    return document.window is not None and document.window.ended is None


def is_opening(document: Document) -> bool:
    """Whether the run is opening the target or has opened it."""
    return document.window is not None and document.window.opening is not None


def opening_has_begun(document: Document) -> bool:
    """Whether the run may have let the target take writes; False if every such request was refused."""
    return any(intent.action == SERVE and not intent.was_turned_away for intent in document.intents)


def is_past_deadline(document: Document, at: datetime) -> bool:
    """Whether the deadline of the run's window has passed at this time."""
    return document.window is not None and at >= document.window.deadline


def is_rolling_back(document: Document) -> bool:
    """Whether the run is a cutover being rolled back; it does nothing else until that is done."""
    return document.verb.opens and document.aborting and not is_rolled_back(document)


def is_rolled_back(document: Document) -> bool:
    """Whether the run is an unopened cutover that was fully rolled back."""
    return document.record(StepName.ROLL_BACK) is not None


def ends_cycle(document: Document) -> bool:
    """Whether this run opened the copies of its seed cycle or removed them."""
    return is_opening(document) or is_removed(document)


def is_being_removed(document: Document) -> bool:
    """Whether `abort` is removing the run's seed cycle and records it here; a roll-back does not count."""
    return document.aborting and (not document.verb.opens or StepName.CLEAN in document.steps)


# rehearsals


def is_kept(document: Document) -> bool:
    """Whether the rehearsal was asked to keep what it makes."""
    return bool((document.rehearsal or {}).get("keep"))


def is_leftover(document: Document) -> bool:
    """Whether the run is a rehearsal that made something and has not removed it yet."""
    rehearsed = document.verb is Verb.REHEARSE and document.changed_something
    return rehearsed and not is_removed(document)


def is_unfinished_rehearsal(document: Document) -> bool:
    """Whether the next `rehearse` resumes the run, because it left something that should not stay."""
    ended = document.status in {RunStatus.DONE, RunStatus.DIFFERENT, RunStatus.ABANDONED}
    return is_leftover(document) and not ended and not _is_kept_as_failed(document)


def _is_kept_as_failed(document: Document) -> bool:
    rehearsed = document.verb is Verb.REHEARSE and document.status is RunStatus.FAILED
    return rehearsed and is_kept(document)
