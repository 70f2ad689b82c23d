"""Events of a run, delivered to the plan's hooks. A handler can stop the run by raising.

Progress is shown and forgotten; an event is delivered once, when it happens.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from configs.hooks import EventName


@dataclass(frozen=True)
class Event:
    """One event of a run.

    Args:
        event: its name, as listed in docs/gates-and-hooks.md.
        message: what happened, in words.
        hint: what to do next; empty if nothing.
        step, gate: the step or gate concerned; empty if none.
        until: when a wait ends.
        by: who approved.
    """

    event: EventName
    message: str
    hint: str = ""
    step: str = ""
    gate: str = ""
    until: datetime | None = None
    by: str = ""


@dataclass(frozen=True)
class Notice:
    """What people are told.

    Args:
        kind: how it is marked where the receiver can mark it.
    """

    title: str
    body: str
    kind: Literal["info", "success", "warning", "failure"] = "info"


Hearer = Callable[[Event], None]
_hearer: ContextVar[Hearer | None] = ContextVar("snapferry_hearer", default=None)


@contextmanager
def delivered_to(hearer: Hearer | None) -> Generator[None]:
    """Deliver every event emitted inside the block to `hearer`; with None, to nobody."""
    token = _hearer.set(hearer)
    try:
        yield
    finally:
        _hearer.reset(token)


def emit(event: Event) -> None:
    """Deliver an event to the current handler.

    Raises:
        whatever the handler raises: the run must then stop.
    """
    hearer = _hearer.get()
    if hearer:
        hearer(event)
