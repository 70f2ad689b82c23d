"""A guard's record: overwritten in place, held by a live guard, never believed when it is half."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.building import a_journal, a_plan

from runs.errors import StateUnusable
from runs.guard_record import (
    GuardFile,
    GuardRecord,
    GuardState,
    ended_by_guard,
    is_guarded,
    read_record,
    record_path,
)
from runs.journal import Journal, now


def a_record(state: GuardState = GuardState.WATCHING, **more: str) -> GuardRecord:
    return GuardRecord(run_id="r", process=1, state=state, at=now(), **more)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return a_journal(tmp_path, a_plan())


def test_it_is_overwritten_in_place_and_keeps_its_size(journal: Journal) -> None:
    file = GuardFile(record_path(journal.path))
    before = record_path(journal.path).stat()
    file.write(a_record(GuardState.RELEASING, problem="x" * 50_000))
    file.write(a_record(GuardState.RELEASED, why="the command ended"))
    after = record_path(journal.path).stat()
    assert (after.st_ino, after.st_size) == (before.st_ino, before.st_size)
    found = read_record(journal)
    assert found and (found.state, found.problem) == (GuardState.RELEASED, "")
    assert ended_by_guard(journal) == "the command ended"


def test_a_live_guard_holds_it_and_another_one_is_refused(journal: Journal) -> None:
    assert not is_guarded(journal) and read_record(journal) is None
    file = GuardFile(record_path(journal.path))
    file.write(a_record())
    assert is_guarded(journal) and not ended_by_guard(journal)
    with pytest.raises(StateUnusable, match="held by another guard"):
        GuardFile(record_path(journal.path))
    del file
    assert not is_guarded(journal)
    GuardFile(record_path(journal.path))


def test_a_record_that_cannot_be_read_says_nothing(journal: Journal) -> None:
    record_path(journal.path).write_bytes(b"{" + b" " * 100)
    assert read_record(journal) is None
    record_path(journal.path).write_bytes(bytes(range(256)))
    assert read_record(journal) is None
    assert ended_by_guard(journal) == ""
