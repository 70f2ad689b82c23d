"""Signals that ask a command to end, and what they may not cut short."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from runs import interruptions

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


def send(number: int) -> None:
    os.kill(os.getpid(), number)


@pytest.fixture(autouse=True)
def _as_in_a_terminal() -> Iterator[None]:
    """A command that a script starts in the background ignores Ctrl-C; these tests do not."""
    before = {each: signal.signal(each, signal.SIG_DFL) for each in SIGNALS}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    for each, handler in before.items():
        signal.signal(each, handler)


@contextmanager
def unchanged_afterwards() -> Iterator[None]:
    before = [signal.getsignal(each) for each in SIGNALS]
    yield
    assert [signal.getsignal(each) for each in SIGNALS] == before


@pytest.mark.parametrize("number", SIGNALS)
def test_each_of_them_is_an_interruption(number: int) -> None:
    with unchanged_afterwards(), pytest.raises(KeyboardInterrupt), interruptions.raised():
        send(number)


@pytest.mark.parametrize("number", SIGNALS)
def test_the_second_one_does_not_cut_short_what_the_first_has_started(number: int) -> None:
    put_back = list[str]()
    with unchanged_afterwards(), interruptions.raised_once():
        try:
            send(number)
        except KeyboardInterrupt:
            for part in ("source", "target"):
                send(number)
                send(signal.SIGTERM)
                put_back.append(part)
    assert put_back == ["source", "target"]


@pytest.mark.parametrize("number", SIGNALS)
def test_put_off_it_comes_after_the_block(number: int) -> None:
    done = list[str]()
    with unchanged_afterwards(), pytest.raises(KeyboardInterrupt), interruptions.put_off():
        send(number)
        done.append("released")
    assert done == ["released"]


def test_ignored_it_changes_nothing() -> None:
    with unchanged_afterwards(), interruptions.ignored():
        for number in SIGNALS:
            send(number)


def test_an_error_is_not_hidden_by_a_signal_that_was_put_off() -> None:
    with pytest.raises(ZeroDivisionError), interruptions.put_off():
        send(signal.SIGTERM)
        raise ZeroDivisionError


def test_under_nohup_a_closed_terminal_ends_nothing() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interruptions.raised():
            send(signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_thread_that_gets_no_signals_works_all_the_same() -> None:
    done = list[str]()

    def work() -> None:
        with interruptions.raised_once(), interruptions.put_off():
            done.append("worked")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == ["worked"]
