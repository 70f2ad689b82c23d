"""The window: since when the source refuses writes, and until when that may last."""

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
    """The window's time has passed, and nothing was opened."""


@dataclass
class _BoundedPoll(Poll):
    """A long wait that ends with the window at the latest, however often something moves in it."""

    until: datetime | None = None

    @property
    def expired(self) -> bool:
        """Whether the limit, or the window, has passed."""
        return super().expired or (self.until is not None and now() >= self.until)


def begin(m: Migration) -> WindowEntry:
    """Writes that the window begins, before the first block is sent; a continued run keeps its window."""
    if m.journal.document.window is None:
        at = now()
        m.journal.document.window = WindowEntry(frozen=at, deadline=at + m.plan.cutover.window)
        m.journal.save()
    return m.journal.document.window


def is_frozen(m: Migration) -> bool:
    """Whether the run may have made the source refuse writes, and has not ended that."""
    return lifecycle.is_frozen(m.journal.document)


def is_opening(m: Migration) -> bool:
    """Whether the target is being opened, or is open."""
    return lifecycle.is_opening(m.journal.document)


def inside(m: Migration) -> Migration:
    """The migration whose waits end with the window."""
    window = m.journal.document.window
    if window is None:
        return m
    poll: Callable[[float | None], Poll] = lambda limit: _BoundedPoll(limit, until=window.deadline)  # noqa: E731
    return replace(m, poll=poll)


def require_time(m: Migration) -> None:
    """Raises WindowOver when the window's time has passed."""
    if is_over(m):
        raise over(m)


def is_over(m: Migration) -> bool:
    """Whether the window's time has passed."""
    return lifecycle.is_past_deadline(m.journal.document, now())


def over(m: Migration) -> WindowOver:
    """The window has passed."""
    length = duration_text(m.plan.cutover.window)
    return WindowOver(
        f"the window of {length} has passed before the target could be opened",
        "the next cutover goes on from the copies as they are; a seed round before it makes its window "
        "shorter, cutover.window makes it longer",
    )


def withdraw_opening(m: Migration) -> None:
    """Writes that the target is not being opened, after all: for a run that has opened nothing yet."""
    window = m.journal.document.window
    if window and window.opening is not None:
        window.opening = None
        m.journal.save()


def begin_opening(m: Migration) -> None:
    """Writes that from now on nothing is put back."""
    window = m.journal.document.window
    if window and window.opening is None:
        window.opening = now()
        m.journal.save()


def end(m: Migration) -> None:
    """Writes that the window has come to its end."""
    window = m.journal.document.window
    if window and window.ended is None:
        window.ended = now()
        m.journal.save()
