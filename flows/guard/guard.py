"""The guard as the command of a cutover sees it: started, proved, told of the window, asked to stand down."""

import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime

from flows.guard.messages import Answer, Line, Order, Reply, Told
from runs.begun_plan import plan_record
from runs.lifecycle import is_frozen
from runs.progress import Progress
from runs.stores.registry import shared_settings
from tasks.errors import ExecutionError, PreconditionError
from tasks.migration import Migration

_START_S = 120.0
_ANSWER_S = 10.0
_END_S = 5.0
_NEXT = "nothing ends the window if this command dies, so it goes no further; cut over again"


class Guard:
    """The guard of one cutover. It works in a process and a session of its own and outlives the command.

    Args:
        m: the cutover.
    """

    def __init__(self, m: Migration) -> None:
        self._m = m
        self._process: subprocess.Popen[bytes] | None = None
        self._line: Line | None = None

    def start(self, names: Sequence[str]) -> int:
        """Start it, and wait until it has tried that it can release these indices of the source.

        May be repeated: an earlier process ends.

        Returns:
            Its process id.

        Raises:
            PreconditionError: it cannot, so nothing may be frozen.
        """
        self.end()
        journal = self._m.journal
        command = [sys.executable, "-P", "-m", "flows.guard.process", journal.run_id]  # -P: see `server.py`
        try:
            self._process = process = subprocess.Popen(
                command,
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,  # signals for the command's group and terminal do not reach it
            )
        except OSError as error:
            raise self._unfit(f"it could not be started: {error.strerror}") from error
        assert process.stdin and process.stdout
        self._line = Line(process.stdout.fileno(), process.stdin.fileno())
        order = Order(
            plan=plan_record(self._m.plan),
            journal=journal.path.absolute(),
            verb=journal.document.verb,
            names=tuple(names),
            state=shared_settings(journal.path),
        )
        try:
            reply = self._ask(order, _START_S)
        except OSError as error:
            raise self._unfit(f"it has ended: {error.strerror}") from error
        if reply is None:
            process.kill()
            raise self._unfit("it does not answer")
        if reply.answer is not Answer.READY:
            raise self._unfit(reply.message, reply.hint)
        return process.pid

    def watch(self, deadline: datetime) -> None:
        """Tell it that the window begins, before the first block is sent.

        Raises:
            ExecutionError: it does not answer.
        """
        self._require(Told(deadline=deadline), Answer.WATCHING)

    def stand_down(self) -> None:
        """Ask it to leave the source alone from now on, because the target is about to be opened.

        Its answer, which it has recorded, is the point of no return.

        Raises:
            ExecutionError: it does not answer, cannot record it, or has released the source.
        """
        self._require(Told(), Answer.STANDING_DOWN)

    def require_present(self, _: Progress | None = None) -> None:
        """Raise ExecutionError if the guard was started and has ended."""
        if self._process and self._process.poll() is not None:
            raise ExecutionError(f"{self._who} has ended", _NEXT)

    def end(self) -> None:
        """Let it go: it looks what the command has left, and ends when there is nothing for it to do."""
        if self._process is None:
            return
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                with suppress(OSError):
                    pipe.close()
        if not is_frozen(self._m.journal.document):  # else it has work to do, and outlives the command
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_END_S)
        self._process, self._line = None, None

    @property
    def _who(self) -> str:
        return f"the guard of the window (process {self._process.pid if self._process else 0})"

    def _require(self, told: Told, answer: Answer) -> None:
        try:
            reply = self._ask(told, _ANSWER_S)
        except OSError as error:
            raise ExecutionError(f"{self._who} has ended: {error.strerror}", _NEXT) from error
        if reply is None:
            raise ExecutionError(f"{self._who} does not answer", _NEXT)
        if reply.answer is not answer:
            raise ExecutionError(f"{self._who} refuses: {reply.message}", reply.hint or _NEXT)

    def _ask(self, message: Order | Told, within_s: float) -> Reply | None:
        if self._line is None:
            raise ExecutionError("the window has no guard", _NEXT)
        self._line.send(message)
        return self._line.receive(Reply, within_s)

    def _unfit(self, why: str, hint: str = "") -> PreconditionError:
        self.end()
        return PreconditionError(
            f"the guard that releases the source if this command dies cannot work: {why}",
            hint=hint or "run `snapferry check PLAN`, then cut over again",
        )


@contextmanager
def guard_of(m: Migration) -> Generator[Guard]:
    """A guard for the block, not started yet; after the block it ends when nothing is left for it to do."""
    guard = Guard(m)
    try:
        yield guard
    finally:
        guard.end()
