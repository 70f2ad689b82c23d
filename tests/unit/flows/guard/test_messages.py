"""Messages between a command and its guard arrive whole and in order; each notices that the other ended."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator

import pytest
from pydantic import ValidationError

from flows.guard.messages import Answer, Line, Reply


@pytest.fixture
def ends() -> Iterator[tuple[Line, int]]:
    reading, writing = os.pipe()
    yield Line(reading, writing), writing
    os.close(reading)


def test_messages_come_one_by_one_although_they_are_read_together(ends: tuple[Line, int]) -> None:
    line, writing = ends
    line.send(Reply(answer=Answer.READY))
    line.send(Reply(answer=Answer.REFUSED, message="two\nlines", hint="…"))
    first, second = line.receive(Reply, 1), line.receive(Reply, 1)
    assert first == Reply(answer=Answer.READY) and second and second.message == "two\nlines"
    assert line.receive(Reply, 0) is None and not line.ended
    os.close(writing)
    assert line.receive(Reply, 1) is None and line.ended


def test_half_a_message_before_the_end_is_none(ends: tuple[Line, int]) -> None:
    line, writing = ends
    os.write(writing, b'{"answer": "re')
    assert line.receive(Reply, 0.01) is None and not line.ended
    os.close(writing)
    assert line.receive(Reply, 1) is None and line.ended


def test_nonsense_is_an_error(ends: tuple[Line, int]) -> None:
    line, writing = ends
    os.write(writing, b"Traceback\n")
    with pytest.raises(ValidationError):
        line.receive(Reply, 1)
    os.close(writing)


def test_a_command_that_holds_a_thousand_files_hears_its_guard(ends: tuple[Line, int]) -> None:
    _, writing = ends
    reading, sending = os.pipe()
    high = fcntl.fcntl(reading, fcntl.F_DUPFD, 1500)  # select() takes none above 1,023
    try:
        line = Line(high, sending)
        line.send(Reply(answer=Answer.READY))
        assert line.receive(Reply, 1) == Reply(answer=Answer.READY)
    finally:
        for each in (high, reading, sending, writing):
            os.close(each)
