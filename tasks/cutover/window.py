"""The window: when the source began to refuse writes, and how long that may last."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from configs.values.durations import duration_text
from runs import lifecycle
from runs.journal import WindowEntry, now
from runs.progress import Poll
from tasks.errors import TimedOut
from tasks.migration import Migration


class WindowOver(TimedOut):
    """The window has expired, and nothing was opened."""


@dataclass
class _BoundedPoll(Poll):
    """A long wait that ends with the window at the latest, whatever progress it sees."""

    until: datetime | None = None
    check: Callable[[], None] = lambda: None

    def pause(self) -> None:
        """Pause, then raise whatever the check raises."""
        super().pause()
        self.check()

    @property
    def expired(self) -> bool:
        """Whether the limit or the window has expired."""
        return super().expired or (self.until is not None and now() >= self.until)


def begin(m: Migration) -> WindowEntry:
    """Record that the window begins, before the first block is sent; a resumed run keeps its window."""
    if m.journal.document.window is None:
        at = now()
        m.journal.document.window = WindowEntry(frozen=at, deadline=at + m.plan.cutover.window)
        m.journal.save()
    return m.journal.document.window


def is_frozen(m: Migration) -> bool:
    """Whether the run may have blocked writes on the source, and has not ended that."""
    return lifecycle.is_frozen(m.journal.document)


def is_opening(m: Migration) -> bool:
    """Whether the target is being opened, or is open."""
    return lifecycle.is_opening(m.journal.document)


def limit_waits(m: Migration, check: Callable[[], None] = lambda: None) -> Migration:
    """The migration with all its waits and requests limited to the window.

    Args:
        check: called after each pause of a wait; raises if the window must not go on.
    """
    window = m.journal.document.window
    if window is None:
        return m
    deadline = window.deadline

    def poll(limit: float | None) -> Poll:
        return _BoundedPoll(limit, until=deadline, check=check)

    end = time.monotonic() + (deadline - now()).total_seconds()
    return replace(m, poll=poll, source_domain=m.source.ending_at(end), target=m.target.ending_at(end))


def require_time(m: Migration) -> None:
    """Raise WindowOver if the window has expired."""
    if is_over(m):
        raise window_over(m)


def is_over(m: Migration) -> bool:
    """Whether the window has expired."""
    return lifecycle.is_past_deadline(m.journal.document, now())


def window_over(m: Migration) -> WindowOver:
    """The error that the window has expired."""
    length = duration_text(m.plan.cutover.window)
    return WindowOver(
        f"the window of {length} has passed before the target could be opened",
        "the next cutover continues from the copies as they are; a seed round before it makes its window "
        "shorter, cutover.window makes it longer",
    )


def withdraw_opening(m: Migration) -> None:
    """Record that the target is not being opened after all: for a run that has opened nothing yet."""
    window = m.journal.document.window
    if window and window.opening is not None:
        window.opening = None
        m.journal.save()


def begin_opening(m: Migration) -> None:
    """Record that from now on nothing is rolled back."""
    window = m.journal.document.window
    if window and window.opening is None:
        window.opening = now()
        m.journal.save()


def end(m: Migration) -> None:
    """Record that the window has ended."""
    window = m.journal.document.window
    if window and window.ended is None:
        window.ended = now()
        m.journal.save()
