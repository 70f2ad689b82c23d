"""The guard's process: `python -m flows.guard.process RUN`. It ends a window when the command cannot.

It lives in a session of its own and ignores signals, so that what ends the command does not end it. It needs
no Prefect, and no room on the disk. Two things make it act: the end of the command, at once, and the
deadline, a moment later than the command would. Then it releases the source, again and again until the
source takes writes, and after that rolls back the rest.
"""

import signal
import sys
import threading
import time
from contextlib import suppress
from datetime import datetime

from domains.errors import SnapferryError
from flows.guard.guarded_window import GuardedWindow
from flows.guard.messages import Answer, Line, Order, Reply, Told
from runs.errors import Busy, StateUnusable
from runs.guard_record import GuardState
from runs.journal import Document, now
from runs.lifecycle import is_frozen, is_rolled_back, is_rolling_back, opening_has_begun
from tasks.errors import ExecutionError

_ORDER_S = 60.0
_GRACE_S = 1.0
"""The command ends its window at the deadline by itself; only then, a guard does."""
_AGAIN_S = 1.0
_SELDOM_S = 10.0
_OFTEN_FOR_S = 120.0
_GIVE_UP_S = 24 * 3600.0
_REFUSALS = 3
_ROLL_BACKS = 5
_DIED = "the command ended inside the window, and its guard released the source"
_UNFINISHED = "the command ended while it was rolling back, and its guard did the rest"
_LATE = "the deadline passed, and the guard of the window released the source"


class Watch:
    """What the guard does from the order to its end."""

    def __init__(self, line: Line, window: GuardedWindow) -> None:
        self._line = line
        self._window = window
        self._stood_down = False
        self._due: float | None = None
        self._ended = False
        self._state = GuardState.WATCHING
        self._said = ""
        self._writer: threading.Thread | None = None

    def run(self) -> None:
        """Answer the command while it lives, act at the deadline, and clear up after its end."""
        while not self._line.ended:
            told = self._line.receive(Told, self._pause_s())
            if told:
                _send(self._line, self._answer(told))
            elif self._is_due():
                self._end_window()
        self._after_command()

    def _pause_s(self) -> float:
        """Seconds until it looks at the clock again: never long, as a machine may sleep."""
        left_s = _AGAIN_S if self._due is None else self._due - time.monotonic()
        return min(_AGAIN_S, left_s) if left_s > 0 else _AGAIN_S

    def _answer(self, told: Told) -> Reply:
        try:
            return self._begin(told.deadline) if told.deadline else self._stand_down()
        except OSError as error:
            return Reply(answer=Answer.REFUSED, message=f"it cannot write its record: {error.strerror}")

    def _begin(self, deadline: datetime) -> Reply:
        if self._ended:
            return Reply(answer=Answer.REFUSED, message=_LATE)
        self._window.deadline = deadline
        self._due = time.monotonic() + (deadline - now()).total_seconds() + _GRACE_S
        self._window.record(GuardState.WATCHING)
        return Reply(answer=Answer.WATCHING)

    def _stand_down(self) -> Reply:
        deadline = self._window.deadline
        if self._stood_down:
            return Reply(answer=Answer.STANDING_DOWN)
        if self._ended or deadline is None or now() >= deadline:
            return Reply(
                answer=Answer.REFUSED,
                message=_LATE if self._ended else "the deadline has passed",
                hint=f"the next {self._window.order.verb} continues from the copies as they are",
            )
        self._window.record(GuardState.STOOD_DOWN)
        self._stood_down = True
        return Reply(answer=Answer.STANDING_DOWN)

    def _is_due(self) -> bool:
        """Whether the deadline has passed by a moment; by either clock, as a machine may have slept."""
        deadline = self._window.deadline
        if deadline is None or self._due is None or (self._stood_down and not self._is_rolling_back()):
            return False
        by_clock = (now() - deadline).total_seconds() >= _GRACE_S
        return by_clock or time.monotonic() >= self._due

    def _is_rolling_back(self) -> bool:
        """Whether the command is rolling back after all, as when its answer was lost."""
        journal = self._window.journal()
        return journal is not None and is_rolling_back(journal.document)

    def _end_window(self) -> None:
        """Release the source beside a command that lives but has not; look again each second from then on."""
        journal = self._window.journal()
        if journal and not is_frozen(journal.document):
            self._due = None  # the command has rolled back by itself
            return
        released = self._window.release()
        if released.problem:
            self._ended, self._window.why = True, _LATE
            self._tell(GuardState.RELEASING, released.problem)
        elif released.names or self._state is GuardState.RELEASING:
            again, self._ended = self._state is GuardState.RELEASED, True
            self._window.why = _LATE
            self._tell(GuardState.RELEASED)
            if not again and not self._is_rolling_back():
                self._close_copies()

    def _after_command(self) -> None:
        """Clear up after a command that has ended, unless it has done so by itself or opens the target."""
        journal = self._window.journal()
        document = journal.document if journal else None
        if document and not is_frozen(document):
            self._finish_roll_back(document)
            return
        if self._stood_down and (document is None or opening_has_begun(document)):
            return  # the target may take writes: the same command finishes the opening
        if self._window.deadline is None and document is None:
            self._window.forget()  # nothing was blocked
            return
        self._window.why = self._window.why or _DIED
        if self._release_until_done():
            self._roll_back()

    def _finish_roll_back(self, document: Document) -> None:
        """Do the rest of a roll-back that the command did not live to finish; most often there is none."""
        if is_rolling_back(document):
            self._state, self._window.why = GuardState.RELEASED, _UNFINISHED
            self._roll_back()
        else:
            self._window.forget()  # the window never began, or it has ended properly

    def _release_until_done(self) -> bool:
        """Release the source, however long it does not answer; give up only what it refuses for good.

        Returns:
            Whether the rest is to be rolled back; False if another command has done all of it.
        """
        began, refusals = time.monotonic(), 0
        while not self._is_ended_by_others():
            released = self._window.release()
            if not released.problem:
                self._tell(GuardState.RELEASED)
                return True
            refusals += not released.passes
            waited_s = time.monotonic() - began
            if refusals >= _REFUSALS or waited_s > _GIVE_UP_S:
                self._tell(GuardState.LEFT, released.problem)
                return True
            self._tell(GuardState.RELEASING, released.problem)
            time.sleep(_AGAIN_S if waited_s < _OFTEN_FOR_S else _SELDOM_S)
        self._window.forget()
        return False

    def _is_ended_by_others(self) -> bool:
        """Whether another command has rolled the cutover back in the meantime."""
        journal = self._window.journal()
        return journal is not None and not is_frozen(journal.document)

    def _roll_back(self) -> None:
        """Roll back the rest, on record; without record where the journal cannot be written.

        This is the last thing a guard does, so it reports any exception and tries again.
        """
        for attempt in range(_ROLL_BACKS):
            time.sleep(attempt * attempt * _AGAIN_S)
            journal = self._window.journal()
            if journal is None:
                self._close_copies("the journal cannot be read")
                return
            try:
                if not is_rolled_back(journal.document):
                    self._window.roll_back(journal)
            except Busy as error:
                self._tell(self._state, error.message)  # another command heeds what was recorded
            except (StateUnusable, OSError) as error:
                self._close_copies(str(error))
                return
            except ExecutionError as error:  # an index refuses its release: no use in repeating
                self._tell(GuardState.LEFT, error.message)
                return
            except Exception as error:  # noqa: BLE001
                self._tell(self._state, str(error))
            else:
                self._window.forget()
                return

    def _close_copies(self, problem: str = "") -> None:
        """Close the target's copies and resume automated snapshots, without recording it in the journal."""
        try:
            self._window.roll_back_unrecorded(alone=self._line.ended)
        except Exception as error:  # noqa: BLE001  the guard goes on, whatever it is
            problem = "; ".join(filter(None, (problem, str(error))))
        self._tell(self._state, problem)

    def _tell(self, state: GuardState, problem: str = "") -> None:
        """Record it and say it on standard error; neither may keep the guard from going on."""
        self._state = state
        problems = [problem] if problem else []
        try:
            self._window.record(state, problem)
        except OSError as error:
            problems.append(f"it cannot write its record: {error.strerror}")
        run_id, why = self._window.run_id, self._window.why
        did = {
            GuardState.RELEASING: "the guard is releasing the source",
            GuardState.LEFT: "the guard could not release all of the source",
        }.get(state, why)
        self._say(f"snapferry: {self._window.order.verb} {run_id}: {'; '.join((did, *problems))}")

    def _say(self, text: str) -> None:
        """Print it, unless standard error is gone; a terminal that takes nothing is not waited for."""

        def write() -> None:
            with suppress(OSError, ValueError):
                print(text, file=sys.stderr, flush=True)

        if text == self._said or (self._writer and self._writer.is_alive()):
            return
        self._said, self._writer = text, threading.Thread(target=write, daemon=True)
        with suppress(RuntimeError):  # no room for another thread
            self._writer.start()
            self._writer.join(_AGAIN_S)


def main() -> None:
    """Take the order, try to release, and watch."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    line = Line(sys.stdin.fileno(), sys.stdout.fileno())
    order = line.receive(Order, _ORDER_S)
    if order is None:
        return
    try:
        window = GuardedWindow(order)
        window.prove()
    except SnapferryError as error:
        _send(line, Reply(answer=Answer.REFUSED, message=error.message, hint=error.hint))
        return
    _send(line, Reply(answer=Answer.READY))
    Watch(line, window).run()


def _send(line: Line, reply: Reply) -> None:
    with suppress(OSError):  # the command has died in the meantime
        line.send(reply)


if __name__ == "__main__":
    main()
