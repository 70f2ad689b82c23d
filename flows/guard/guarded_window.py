"""A guarded window: what its guard can do about it, with connections and a record of its own."""

import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from configs.plan import Plan
from configs.state import StateSettings
from domains.errors import SnapferryError
from flows.abort_cutover import roll_back_from_outside
from flows.cutover_rollback import close_target, release_source
from flows.guard.messages import Order
from flows.sessions.options import RunOptions
from flows.sessions.session import open_domains
from runs.errors import StateUnusable
from runs.guard_record import GuardFile, GuardRecord, GuardState, record_path
from runs.journal import Document, Intent, Journal, UnsavedJournal, now
from runs.lifecycle import RunStatus
from runs.state import State, default_folder
from runs.step_names import StepName
from runs.verbs import Verb
from tasks.cutover import freeze
from tasks.errors import ExecutionError
from tasks.migration import Migration

_PROOF_S = 100.0
_LOOK_S = 1.5
_RELEASE_S = 60.0
_PATIENCE_S = 300.0
_LET_GO_S = 30.0
_STATE_S = 3.0
_PAUSE_S = 0.1


@dataclass(frozen=True)
class Released:
    """One attempt to release the source.

    Args:
        names: indices that refused writes before it, or may have.
        problem: what is in the way; empty if the source takes writes.
        passes: whether that may pass by itself.
    """

    names: Sequence[str]
    problem: str = ""
    passes: bool = False


def _open_state(settings: dict[str, Any]) -> None:
    """Open a state in S3; the guard waits for it only briefly, as it has other things to do."""
    from runs.stores.opening import open_shared

    read = StateSettings.model_validate_json(json.dumps(settings))
    open_shared(read, default_folder(), _STATE_S)


class GuardedWindow:
    """A window that is guarded: its domains on connections of the guard's own, and the guard's record.

    Args:
        order: what to watch over.

    Raises:
        SnapferryError: a domain cannot be opened, or the record cannot be written.
    """

    def __init__(self, order: Order) -> None:
        self.order = order
        self.plan = Plan.model_validate_json(json.dumps(order.plan))
        self._source, self._target = open_domains(self.plan)
        if order.state:
            _open_state(order.state)
        self._file = GuardFile(record_path(order.journal))
        self.deadline: datetime | None = None
        self.why = ""
        self.copies_closed = False
        self._command = os.getppid()
        self.record(GuardState.WATCHING)

    @property
    def run_id(self) -> str:
        """The cutover's run id."""
        return self.order.journal.stem

    def prove(self) -> None:
        """Confirm that the source accepts the requests that release it.

        Raises:
            SnapferryError: it does not. The record is gone again.
        """
        try:
            freeze.try_release(self.migration(_PROOF_S), self.order.names)
        except SnapferryError:
            self.forget()
            raise

    def record(self, state: GuardState, problem: str = "") -> None:
        """Record what the guard does.

        Raises:
            OSError: the disk fails.
        """
        self._file.write(
            GuardRecord(
                run_id=self.run_id,
                verb=self.order.verb,
                process=os.getpid(),
                state=state,
                at=now(),
                deadline=self.deadline,
                why=self.why,
                problem=problem,
                copies_closed=self.copies_closed,
            )
        )

    def forget(self) -> None:
        """Remove the record: the journal says it all."""
        self._file.remove()

    def journal(self) -> Journal | None:
        """The run's journal as it is on the disk, never to be written; None if it cannot be read."""
        try:
            return UnsavedJournal(self.order.journal, Journal.load(self.order.journal).document)
        except StateUnusable:
            return None

    def release(self) -> Released:
        """Try once to release the source. Safe to repeat.

        Nothing but an index that refuses its release is taken for lasting: whatever else goes wrong, the
        guard tries again, so every exception is caught here.
        """
        names: list[str] = []
        try:
            names, refusing = self._look()
            if refusing:
                freeze.release(self.migration(_RELEASE_S))
        except ExecutionError as error:
            return Released(names, f"{error.message}; {error.hint}")
        except Exception as error:  # noqa: BLE001
            return Released(names, _described(error), passes=True)
        return Released(names)

    def _look(self) -> tuple[list[str], bool]:
        """Which indices refuse writes, and whether they still do.

        If the source does not say so soon, it is asked for the release of all that may.
        """
        try:
            names = freeze.still_blocked(self.migration(_LOOK_S))
        except SnapferryError:  # it may obey although its replies do not come
            asked = freeze.release_unseen(lambda: self.migration(_LOOK_S))
            return asked, bool(freeze.still_blocked(self.migration(_RELEASE_S)))
        return names, bool(names)

    def roll_back(self, journal: Journal) -> None:
        """Roll back on record, as `abort` does, once the command has let go of the plan.

        Raises:
            Busy: another command works on the plan.
            StateUnusable: the journal cannot be written; the source is released all the same.
            SnapferryError: a domain refused or does not answer.
        """
        state = State.of(journal)
        until = time.monotonic() + _LET_GO_S
        while state.holder() == self._command and time.monotonic() < until:
            time.sleep(_PAUSE_S)
        why, options = self.why, RunOptions(state=state.folder)
        roll_back_from_outside(self.plan, options, journal, why, RunStatus.INTERRUPTED)

    def roll_back_unrecorded(self, alone: bool) -> None:
        """Close the copies and resume automated snapshots without writing the journal. Safe to repeat.

        Args:
            alone: whether the command has ended; a block may still be on its way then, and is waited for.

        Raises:
            SnapferryError: a domain refused or does not answer.
        """
        m = self.migration(_PATIENCE_S)
        kept: ExecutionError | None = None
        try:
            if alone:
                release_source(m)
        except ExecutionError as error:
            kept = error
        close_target(m)
        self.copies_closed = True
        if kept:
            raise kept

    def migration(self, request_s: float) -> Migration:
        """The cutover, with all requests limited to so many seconds from now; it records nothing."""
        journal = self.journal() or self._as_ordered()
        end = time.monotonic() + request_s
        source, target = self._source.ending_at(end), self._target.ending_at(end)
        return Migration(self.plan, source, target, journal, patience_s=request_s)

    def _as_ordered(self) -> Journal:
        """In place of a journal that cannot be read: in it, everything that was ordered may be blocked."""
        names = list(self.order.names)
        block = Intent(step=StepName.FREEZE, side="source", action="block", detail={"names": names}, at=now())
        path = self.order.journal
        verb = self.order.verb
        document = Document(
            plan=self.order.plan,
            run_id=self.run_id,
            verb=verb,
            started=now(),
            intents=[block],
            back=verb is Verb.FALLBACK,
        )
        return UnsavedJournal(path, document)


def _described(error: Exception) -> str:
    return error.message if isinstance(error, SnapferryError) else f"{type(error).__name__}: {error}"
