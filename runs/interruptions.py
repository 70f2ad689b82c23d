"""Signals that ask a command to end: Ctrl-C, SIGTERM, and SIGHUP when its terminal is closed.

Inside a command each of them raises KeyboardInterrupt, so that the run is recorded as interrupted. Service
managers and impatient people send several; what has to be put back must not be cut short by the second one.
"""

import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_Handler = Callable[[int, FrameType | None], None]


@contextmanager
def raised() -> Generator[None]:
    """Inside the block, each of the signals raises KeyboardInterrupt."""

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    with _handled_by(interrupt):
        yield


@contextmanager
def raised_once() -> Generator[None]:
    """Inside the block, the first of the signals raises KeyboardInterrupt; the others change nothing."""
    received: list[int] = []

    def interrupt(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        if len(received) == 1:
            raise KeyboardInterrupt

    with _handled_by(interrupt):
        yield


@contextmanager
def ignored() -> Generator[None]:
    """Inside the block, the signals change nothing."""
    with _handled_by(lambda _number, _frame: None):
        yield


@contextmanager
def put_off() -> Generator[None]:
    """Inside the block, the signals change nothing; if one has come, KeyboardInterrupt is raised after it."""
    received: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        received.append(number)

    with _handled_by(note):
        yield
    if received:
        raise KeyboardInterrupt


@contextmanager
def noted() -> Generator[list[int]]:
    """Inside the block, the first of the signals is noted, for the caller to end in order; the next raises.

    Yields:
        the signals that have come; empty until one has.
    """
    received: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        if received:
            raise KeyboardInterrupt
        received.append(number)

    with _handled_by(note):
        yield received


@contextmanager
def _handled_by(handler: _Handler) -> Generator[None]:
    """Handle the signals inside the block. One that is ignored, as by nohup, stays ignored.

    Only the main thread gets signals: in another one this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {each: signal.getsignal(each) for each in _SIGNALS}
    handled = [each for each, was in before.items() if was is not signal.SIG_IGN]
    for each in handled:
        signal.signal(each, handler)
    try:
        yield
    finally:
        for each in handled:
            signal.signal(each, before[each])
