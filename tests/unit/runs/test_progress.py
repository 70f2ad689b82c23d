"""Progress reaches its listeners, and a long wait has growing pauses and an end."""

import contextvars
import threading

import pytest
from support.building import Clock

from runs.progress import Progress, listening, report_progress


def test_listeners_hear_what_is_told_inside_their_block() -> None:
    outer: list[str] = []
    inner: list[str] = []
    report_progress(Progress("a", "unheard"))
    with listening(lambda look: outer.append(look.message)):
        with listening(lambda look: inner.append(look.message)):
            report_progress(Progress("a", "both"))
        report_progress(Progress("a", "outer"))
    report_progress(Progress("a", "unheard"))
    assert (outer, inner) == (["both", "outer"], ["both"])


def test_a_thread_with_the_context_is_heard() -> None:
    heard: list[str] = []
    with listening(lambda look: heard.append(look.message)):
        context = contextvars.copy_context()
        thread = threading.Thread(target=lambda: context.run(report_progress, Progress("a", "from a thread")))
        thread.start()
        thread.join()
    assert heard == ["from a thread"]


def test_pauses_are_a_twentieth_of_what_was_waited() -> None:
    clock = Clock()
    poll = clock.poll(600)
    while not poll.expired:
        poll.pause()
    assert clock.pauses[0] == 0.1
    assert max(clock.pauses) == 5.0
    assert clock.pauses == sorted(clock.pauses)
    assert 600 <= poll.waited_s < 605
    assert len(clock.pauses) < 250


def test_movement_starts_the_limit_again() -> None:
    clock = Clock()
    poll = clock.poll(10)
    clock.sleep(9)
    poll.restart()
    clock.sleep(9)
    assert not poll.expired
    clock.sleep(1)
    assert poll.expired


@pytest.mark.parametrize("limit", [None, 0])
def test_no_limit_and_no_time(limit: float | None) -> None:
    clock = Clock()
    poll = clock.poll(limit)
    clock.sleep(1e9)
    assert poll.expired is (limit == 0)
