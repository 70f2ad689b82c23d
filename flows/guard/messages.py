"""What a command and its guard say to each other: one JSON object a line, over two pipes.

The command sends an order, then the beginning of the window, then the request to stand down. The guard
answers each of them. The end of the command's pipe is the end of the command.
"""

import os
import selectors
import time
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict

from runs.verbs import Verb

M = TypeVar("M", bound=BaseModel)


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Order(_Message):
    """What a guard has to watch over.

    Args:
        plan: the plan. It names secrets but holds none.
        journal: path of the cutover's journal.
        verb: of the run.
        names: indices of the source that will refuse writes.
        state: how to reach the state, where it is in S3.
    """

    plan: dict[str, Any]
    journal: Path
    verb: Verb
    names: tuple[str, ...]
    state: dict[str, Any] | None = None


class Told(_Message):
    """What the command tells its guard next.

    Args:
        deadline: of the window that begins now; None if the guard is asked to stand down.
    """

    deadline: datetime | None = None


class Answer(StrEnum):
    """A guard's answer."""

    READY = "ready"
    """It can release the source: it has tried. It holds the order."""
    WATCHING = "watching"
    """The window may begin."""
    STANDING_DOWN = "standing down"
    """It has recorded that the opening may begin."""
    REFUSED = "refused"
    """It cannot do what it was told, or it is too late for it."""


class Reply(_Message):
    """A guard's reply.

    Args:
        message, hint: of a refusal: why, and what to do.
    """

    answer: Answer
    message: str = ""
    hint: str = ""


class Line:
    """One end of the two pipes.

    Args:
        receiving, sending: file descriptors.
    """

    def __init__(self, receiving: int, sending: int) -> None:
        self._receiving = receiving
        self._sending = sending
        self._held = b""
        self.ended = False

    def send(self, message: BaseModel) -> None:
        """Send a message.

        Raises:
            OSError: the other end is gone.
        """
        rest = message.model_dump_json().encode() + b"\n"
        while rest:
            rest = rest[os.write(self._sending, rest) :]

    def receive(self, of: type[M], within_s: float) -> M | None:
        """Return the next message; None if none came in time, or the other end is gone (`ended`).

        Raises:
            ValidationError: it is not such a message.
        """
        deadline = time.monotonic() + within_s
        while b"\n" not in self._held and not self.ended:
            left_s = max(0.0, deadline - time.monotonic())
            if not self._is_ready(left_s):
                return None
            read = os.read(self._receiving, 1 << 16)
            self._held += read
            self.ended = not read
        if b"\n" not in self._held:
            return None
        line, _, self._held = self._held.partition(b"\n")
        return of.model_validate_json(line)

    def _is_ready(self, within_s: float) -> bool:
        """Whether something was sent, or the other end is gone. The number of a descriptor may be high."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._receiving, selectors.EVENT_READ)
            return bool(selector.select(within_s))
