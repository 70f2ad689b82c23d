"""How a plan of a fleet stands after an attempt: as the journal of its run says."""

from dataclasses import dataclass

from flows.fleet.workers import Ended
from runs.fleets.journal import Attempt, PlanEntry, PlanStatus
from runs.journal import Document, Journal
from runs.lifecycle import RunStatus, counts, is_finished, is_frozen, is_rolling_back
from runs.state import State
from runs.verbs import Verb

_BY_STATUS = {
    RunStatus.DONE: PlanStatus.DONE,
    RunStatus.DIFFERENT: PlanStatus.DIFFERENT,
    RunStatus.REFUSED: PlanStatus.REFUSED,
    RunStatus.FAILED: PlanStatus.FAILED,
    RunStatus.ABANDONED: PlanStatus.FAILED,
    RunStatus.INTERRUPTED: PlanStatus.WAITING,
    RunStatus.RUNNING: PlanStatus.WAITING,
}
_LOST = "its worker is gone"
_FOUND_FINISHED = frozenset({Verb.MIGRATE, Verb.CUTOVER})
"""Verbs that show a finished run again, and succeed, instead of starting another."""


@dataclass(frozen=True)
class Outcome:
    """How a plan stands after an attempt.

    Args:
        status: WAITING where it is to be started again.
        run_id: the run that the attempt worked on; empty if it came to none.
        begun: as in `PlanEntry`.
    """

    status: PlanStatus
    run_id: str = ""
    message: str = ""
    begun: bool = False


def sessions_of(state: State) -> dict[str, int]:
    """How many sessions each run of a plan has had."""
    return {journal.run_id: journal.document.sessions for journal in state.journals()}


def has_own_run(state: State, entry: PlanEntry) -> bool:
    """Whether the plan has a run that began after the fleet first asked for it, and that counts."""
    known = entry.attempts[0].sessions if entry.attempts else {}
    runs = (journal for journal in state.journals() if journal.run_id not in known)
    return any(journal.document.verb == entry.verb and counts(journal.document) for journal in runs)


def outcome(
    state: State, entry: PlanEntry, attempt: Attempt, ended: Ended, *, new_runs: bool = False
) -> Outcome:
    """Judge an attempt that has ended.

    It is done only if the worker or nobody says otherwise, and the journal of a run says so, too: of the run
    that the attempt has worked on, or of one that a successful worker has found finished.

    Args:
        new_runs: whether a run that was there before the fleet counts for nothing.
    """
    journal = _worked_on(state, entry, attempt)
    if journal is None and ended.status is PlanStatus.DONE and entry.verb in _FOUND_FINISHED:
        journal = state.current(entry.verb)
    known = entry.attempts[0].sessions if entry.attempts else {}
    if journal is None or (new_runs and journal.run_id in known):
        return _without_run(entry, ended)
    by_journal = _BY_STATUS[journal.document.status]
    status = ended.status or by_journal
    if status is PlanStatus.DONE and (by_journal is not PlanStatus.DONE or journal.document.unheard):
        status = PlanStatus.FAILED if by_journal is PlanStatus.DONE else by_journal
    begun = must_go_on(journal.document)
    if status is PlanStatus.REFUSED and (begun or entry.begun):
        status = PlanStatus.FAILED  # something was changed before it was refused
    message = "" if status is PlanStatus.DONE else journal.document.message or ended.message or _LOST
    return Outcome(status, journal.run_id, _in_one_line(message), begun)


def must_go_on(document: Document) -> bool:
    """Whether an unfinished run has changed something; of a cutover, whether its source refuses writes."""
    if document.verb.opens:
        return is_frozen(document) or is_rolling_back(document)
    return document.changed_something and not is_finished(document)


def _without_run(entry: PlanEntry, ended: Ended) -> Outcome:
    status = ended.status or PlanStatus.WAITING
    if status is PlanStatus.DONE:
        return Outcome(PlanStatus.FAILED, message="it ended without a run of its own in the fleet's state")
    if status is PlanStatus.REFUSED and entry.begun:
        status = PlanStatus.FAILED
    return Outcome(status, message=ended.message or _LOST, begun=entry.begun)


def _in_one_line(message: str) -> str:
    """A message with the first of the reasons that it lists."""
    first, *reasons = [line.strip().removeprefix("- ") for line in message.splitlines() if line.strip()] or [
        ""
    ]
    listed = [line for line in reasons if not line.startswith("next: ")]
    more = f" (and {len(listed) - 1} more)" if len(listed) > 1 else ""
    return f"{first} {listed[0]}{more}" if listed else first


def _worked_on(state: State, entry: PlanEntry, attempt: Attempt) -> Journal | None:
    """The run that an attempt has begun or resumed; None if it has had no session."""
    found = (
        journal
        for journal in state.journals()
        if journal.document.verb == entry.verb and attempt.has_worked_on(journal.document)
    )
    return next(found, None)
