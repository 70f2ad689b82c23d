"""Run a fleet to its end: start what may start, follow what runs, restart what was interrupted.

Killed anywhere, it goes on from its journal: an attempt is written down before it is asked for, and asked for
again where nobody knows whether that has worked. What a plan did, the journal of the plan's run says.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from configs.fleet.loading import LoadedFleet
from configs.values.durations import duration_text
from domains.errors import SnapferryError
from flows.fleet.outcomes import Outcome, has_own_run, outcome, sessions_of
from flows.fleet.workers import Assignment, AssignmentRefused, Ended, Worker, WorkerAway
from runs.errors import LockLost, StateUnreachable, StateUnusable
from runs.fleets.forecast import new_document
from runs.fleets.journal import Attempt, FleetDocument, FleetJournal, FleetStatus, PlanEntry, PlanStatus
from runs.fleets.scheduling import Decision, decide
from runs.fleets.state import FleetState
from runs.journal import now
from runs.progress import Progress, report_progress
from runs.state import State, new_run_id
from tasks.errors import PreconditionError
from tasks.migration import Consents

_POLL_S = 2.0
_AWAY_EVERY_S = 60.0
_OTHERS = "others"
"""In the handle of an attempt: somebody else works on the plan."""


@dataclass(frozen=True)
class FleetRequest:
    """What a fleet is run with.

    Args:
        consents: by the name of the plan in the fleet; none for those that are missing.
        consent_options: the same as the command's options, for whoever resumes the fleet.
        new_run: start another run of the fleet, and of each of its plans.
    """

    fleet: LoadedFleet
    state: FleetState
    worker: Worker
    consents: Mapping[str, Consents] = field(default_factory=dict[str, Consents])
    consent_options: Sequence[str] = ()
    new_run: bool = False


def run_fleet(
    request: FleetRequest,
    *,
    clock: Callable[[], datetime] = now,
    sleep: Callable[[float], None] = time.sleep,
) -> FleetJournal:
    """Run the fleet until nothing more can be started; resume a run that was interrupted.

    A run that is done is not repeated: its journal is returned. May be repeated, on any machine that shares
    the state.

    Raises:
        Busy: another process works on the fleet.
        PreconditionError: the fleet's plans have changed since the unfinished run began.
        KeyboardInterrupt: after it was written down.
    """
    with request.state.hold():
        journal = _begin_or_resume(request, clock())
        if not journal.document.is_done:
            _Runner(request, journal, clock, sleep).run()
        return journal


def run_to_resume(state: FleetState, *, new_run: bool) -> FleetJournal | None:
    """The run that the next `fleet run` resumes, or shows again; None where it starts one."""
    return None if new_run else state.latest()


def _begin_or_resume(request: FleetRequest, at: datetime) -> FleetJournal:
    before = run_to_resume(request.state, new_run=request.new_run)
    if before is None:
        document = new_document(request.fleet, new_run_id(), at, new_runs=request.new_run)
        document.consents = list(request.consent_options)
        return request.state.begin(document)
    require_same_plans(request.fleet, before.document)
    if not before.document.is_done:
        _resume(request, before)
    return before


def _resume(request: FleetRequest, journal: FleetJournal) -> None:
    """Begin another session: what failed in the one before is tried again; waves are as the file says now."""
    document = journal.document
    document.consents = list(request.consent_options)
    for wave, names in request.fleet.waves:
        for name in names:
            document.plans[name].wave = wave.name if wave else ""
    document.sessions += 1
    document.status, document.message, document.ended = FleetStatus.RUNNING, "", None
    for entry in document.plans.values():
        entry.tries = 0
        if entry.status.has_failed:
            entry.status = PlanStatus.WAITING
    journal.save()


def require_same_plans(fleet: LoadedFleet, document: FleetDocument) -> None:
    """Confirm that a run can be resumed with this fleet: limits, calendar and order may have changed.

    Raises:
        PreconditionError: a plan is missing, or something else is done with it.
    """
    wrong: list[str] = []
    for name, entry in document.plans.items():
        member = fleet.members.get(name)
        if member is None:
            wrong.append(f"{name} is not in the fleet any more")
        elif (member.plan.name, member.entry.verb) != (entry.plan, str(entry.verb)):
            wrong.append(f"{name} was {entry.verb} of plan {entry.plan} when the run began")
    wrong += [f"{name} is new" for name in fleet.members if name not in document.plans]
    if wrong:
        is_over = "done" if document.is_done else "unfinished"
        raise PreconditionError(
            f"run {document.run_id} of the fleet is {is_over}, and began with other plans",
            tuple(wrong),
            "put the fleet file back, or start another run with --new-run",
        )


class _Runner:
    def __init__(
        self,
        request: FleetRequest,
        journal: FleetJournal,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
    ) -> None:
        self._request = request
        self._journal = journal
        self._clock = clock
        self._sleep = sleep
        self._said = ""
        self._away_since: datetime | None = None

    @property
    def _document(self) -> FleetDocument:
        return self._journal.document

    def run(self) -> None:
        try:
            while not self._turned():
                self._sleep(_POLL_S)
        except KeyboardInterrupt:
            left = self._request.worker.interrupt(self._started())
            self._settle(FleetStatus.INTERRUPTED, f"interrupted; {left}" if left else "interrupted")
            raise
        except LockLost:
            raise  # the journal is another one's now
        except SnapferryError as error:
            self._settle(FleetStatus.INTERRUPTED, error.message)
            raise

    def _started(self) -> dict[str, Attempt]:
        entries = self._document.plans.items()
        return {n: e.latest for n, e in entries if e.status is PlanStatus.STARTED and e.latest}

    def _turned(self) -> bool:
        """As `_turn`; a state that does not answer for the moment is waited for."""
        try:
            return self._turn()
        except StateUnreachable as away:
            self._note_away(away)
            return False

    def _turn(self) -> bool:
        """Look at what runs, and start what may start; whether nothing is left to do."""
        for name, entry in self._document.plans.items():
            if entry.status is PlanStatus.STARTED:
                self._guarded(name, entry, self._follow)
        decision = decide(self._request.fleet, self._document, self._approved(), self._clock())
        for name in decision.starts:
            self._guarded(name, self._document.plans[name], self._ask)
        self._report(decision)
        is_running = any(entry.status is PlanStatus.STARTED for entry in self._document.plans.values())
        if is_running or not decision.is_hopeless:
            return False
        self._end()
        return True

    def _approved(self) -> list[str]:
        waves = (wave.name for wave in self._request.fleet.settings.waves if wave.approval)
        return [name for name in waves if self._request.state.approval(self._journal, name)]

    # one plan

    def _guarded(self, name: str, entry: PlanEntry, act: Callable[[str, PlanEntry], None]) -> None:
        """Act on one plan; a state of its own that cannot be read, or this machine, fails it and no other."""
        try:
            act(name, entry)
        except StateUnreachable:
            raise
        except (StateUnusable, OSError) as error:
            message = error.message if isinstance(error, StateUnusable) else f"this machine: {error.strerror}"
            entry.status, entry.message = PlanStatus.FAILED, message
            if entry.latest and entry.latest.ended is None:
                entry.latest.ended = self._clock()
            self._journal.save()
            self._tell(name, f"failed: {message}")

    def _plan_state(self, entry: PlanEntry) -> State:
        return State(self._request.state.folder, entry.plan)

    def _ask(self, name: str, entry: PlanEntry) -> None:
        """Write an attempt down, then ask for it."""
        attempt = Attempt(at=self._clock(), sessions=sessions_of(self._plan_state(entry)))
        entry.attempts.append(attempt)
        entry.tries += 1
        entry.status, entry.message = PlanStatus.STARTED, ""
        self._journal.save()
        self._start(name, entry, attempt)

    def _start(self, name: str, entry: PlanEntry, attempt: Attempt) -> None:
        number, document = len(entry.attempts), self._document
        assignment = Assignment(
            key=f"{document.run_id}/{name}/{number}",
            number=number,
            member=self._request.fleet.members[name],
            consents=self._request.consents.get(name, Consents()),
            state=self._request.state.shown,
            log=self._request.state.log_of(document.run_id, name, number),
            new_run=document.new_runs and not has_own_run(self._plan_state(entry), entry),
        )
        try:
            started = self._request.worker.start(assignment)
        except WorkerAway as away:
            self._note_away(away)
            return
        except AssignmentRefused as refused:
            ended = Ended(status=PlanStatus.REFUSED, message=refused.message)
            self._take(name, entry, attempt, ended, Outcome(PlanStatus.REFUSED, message=refused.message))
            return
        attempt.worker, attempt.handle = started.worker, dict(started.handle)
        self._journal.save()
        again = "" if number == 1 else f", attempt {number}"
        self._tell(name, f"{entry.verb} started{again}: {started.worker}")

    def _follow(self, name: str, entry: PlanEntry) -> None:
        attempt = entry.latest
        assert attempt
        if not attempt.handle:  # nobody knows whether it was asked for
            self._start(name, entry, attempt)
            return
        try:
            state = self._plan_state(entry)
            is_held = state.is_held()
            ended = self._poll(entry, attempt, is_held)
            if ended:
                found = outcome(state, entry, attempt, ended, new_runs=self._document.new_runs)
                if found.status is PlanStatus.WAITING and is_held:
                    self._leave_to_others(name, attempt)
                else:
                    self._take(name, entry, attempt, ended, found)
            self._away_since = None
        except WorkerAway as away:
            self._note_away(away)

    def _poll(self, entry: PlanEntry, attempt: Attempt, is_held: bool) -> Ended | None:
        if attempt.handle.get(_OTHERS):
            return None if is_held else Ended()
        return self._request.worker.poll(entry, attempt, is_held=is_held)

    def _leave_to_others(self, name: str, attempt: Attempt) -> None:
        """Wait for a process that works on the plan and that the fleet has not started: it was first."""
        attempt.worker, attempt.handle = "a process that the fleet has not started", {_OTHERS: True}
        self._journal.save()
        self._tell(name, "another process works on the plan; it is waited for")

    def _take(self, name: str, entry: PlanEntry, attempt: Attempt, ended: Ended, found: Outcome) -> None:
        attempt.ended, attempt.code, attempt.message = self._clock(), ended.code, found.message
        entry.run_id = found.run_id or entry.run_id
        entry.status, entry.message, entry.begun = found.status, found.message, found.begun
        if entry.status is PlanStatus.WAITING and entry.tries >= self._most_attempts:
            entry.status = PlanStatus.GIVEN_UP
        self._journal.save()
        retry = duration_text(self._request.fleet.settings.retry.pause)
        again = f"; it is started again in {retry}" if entry.status is PlanStatus.WAITING else ""
        said = "interrupted" if entry.status is PlanStatus.WAITING else str(entry.status)
        self._tell(name, f"{said}{f': {entry.message}' if entry.message else ''}{again}")

    @property
    def _most_attempts(self) -> int:
        return self._request.fleet.settings.retry.attempts

    # the whole

    def _end(self) -> None:
        if all(entry.status is PlanStatus.DONE for entry in self._document.plans.values()):
            self._settle(FleetStatus.DONE)
        else:
            self._settle(FleetStatus.ENDED)

    def _settle(self, status: FleetStatus, message: str = "") -> None:
        self._document.status, self._document.message = status, message
        self._document.ended = self._clock()
        self._journal.save()

    def _note_away(self, away: SnapferryError) -> None:
        since = self._away_since or self._clock()
        self._away_since = since
        waited = (self._clock() - since).total_seconds()
        if waited % _AWAY_EVERY_S < _POLL_S:
            report_progress(Progress("fleet", f"waiting: {away.message}", waiting=True))

    def _tell(self, name: str, message: str) -> None:
        report_progress(Progress(name, message, finished=True))

    def _report(self, decision: Decision) -> None:
        entries = self._document.plans.values()
        count = {status: sum(entry.status is status for entry in entries) for status in PlanStatus}
        running, done = count[PlanStatus.STARTED], count[PlanStatus.DONE]
        failed = sum(entry.status.has_failed for entry in entries)
        said = f"{running} running, {done} done, {failed} not done, {len(decision.waits)} waiting"
        if said != self._said:
            self._said = said
            total = len(self._document.plans)
            report_progress(Progress("fleet", said, done=done + failed, total=total, unit="plans"))
