"""What happens to a run, told to whoever must hear it: the plan's hooks. Who hears may stop the run.

Unlike progress, which is shown and forgotten, each of these is told once, at its instant.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime

from configs.hooks import EventName


@dataclass(frozen=True)
class Event:
    """One thing that happens to a run.

    Args:
        event: which, as docs/gates-and-hooks.md lists them.
        message: what has happened, in words.
        hint: the next thing to do, where there is one.
        step, gate: what it is about; empty when it is about neither.
        until: when a wait ends.
        by: who has approved.
    """

    event: EventName
    message: str
    hint: str = ""
    step: str = ""
    gate: str = ""
    until: datetime | None = None
    by: str = ""


Hearer = Callable[[Event], None]
_hearer: ContextVar[Hearer | None] = ContextVar("snapferry_hearer", default=None)


@contextmanager
def delivered_to(hearer: Hearer | None) -> Generator[None]:
    """Calls `hearer` with whatever is announced inside the block; None: nobody hears it."""
    token = _hearer.set(hearer)
    try:
        yield
    finally:
        _hearer.reset(token)


def emit(happening: Event) -> None:
    """Tells what happens.

    Raises:
        what the hearer raises: then the run must not go on.
    """
    hearer = _hearer.get()
    if hearer:
        hearer(happening)
