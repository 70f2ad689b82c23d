"""How a plan of a fleet stands after an attempt: as the journal of its run says."""

from dataclasses import dataclass

from flows.fleet.workers import Ended
from runs.fleets.journal import Attempt, PlanEntry, PlanStatus
from runs.journal import Journal
from runs.lifecycle import RunStatus
from runs.state import State

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


@dataclass(frozen=True)
class Outcome:
    """How a plan stands after an attempt.

    Args:
        status: WAITING where it is to be started again.
        run_id: the run that the attempt worked on; empty if it came to none.
    """

    status: PlanStatus
    run_id: str = ""
    message: str = ""


def sessions_of(state: State) -> dict[str, int]:
    """How many sessions each run of a plan has had."""
    return {journal.run_id: journal.document.sessions for journal in state.journals()}


def outcome(state: State, entry: PlanEntry, attempt: Attempt, ended: Ended) -> Outcome:
    """Judge an attempt that has ended.

    What the worker says of it decides; but it is done only if the run's journal says so, too.
    """
    journal = _worked_on(state, entry, attempt)
    if journal is None:
        status = ended.status or PlanStatus.WAITING
        if status is PlanStatus.DONE:
            return Outcome(PlanStatus.FAILED, message="it ended without a run in the fleet's state")
        return Outcome(status, message=ended.message or _LOST)
    by_journal = _BY_STATUS[journal.document.status]
    status = ended.status or by_journal
    if status is PlanStatus.DONE and (by_journal is not PlanStatus.DONE or journal.document.unheard):
        status = PlanStatus.FAILED if by_journal is PlanStatus.DONE else by_journal
    message = "" if status is PlanStatus.DONE else journal.document.message or ended.message or _LOST
    return Outcome(status, journal.run_id, _in_one_line(message))


def _in_one_line(message: str) -> str:
    """A message with the first of the reasons that it lists."""
    first, *reasons = [line.strip().removeprefix("- ") for line in message.splitlines() if line.strip()] or [
        ""
    ]
    listed = [line for line in reasons if not line.startswith("next: ")]
    more = f" (and {len(listed) - 1} more)" if len(listed) > 1 else ""
    return f"{first} {listed[0]}{more}" if listed else first


def _worked_on(state: State, entry: PlanEntry, attempt: Attempt) -> Journal | None:
    """The run that an attempt has begun or resumed, or that it found finished."""
    found = (
        journal
        for journal in state.journals()
        if journal.document.verb == entry.verb
        and attempt.sessions.get(journal.run_id) != journal.document.sessions
    )
    return next(found, None) or state.current(entry.verb)
