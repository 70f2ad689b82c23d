"""The record of copied metadata survives a kill at any instant."""

from __future__ import annotations

from pathlib import Path

import pytest

from runs.errors import StateUnusable
from runs.metadata_record import MetadataRecord
from runs.state import State


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path, "orders")


def results(state: State, target: str = "T") -> dict[str, str | None]:
    return {f"{each.kind}/{each.name}": each.result for each in MetadataRecord(state, target).entries}


def test_an_intent_is_kept_before_the_write_and_its_result_after(state: State) -> None:
    record = MetadataRecord(state, "T")
    assert not record.path.exists()
    with record.around("roles", "clerk", replaced=False):
        assert results(state) == {"roles/clerk": None}
    record.settle([("roles", "clerk", "done"), ("roles", "other", "done")])
    assert results(state) == {"roles/clerk": "done"}
    assert record.path.stat().st_mode & 0o077 == 0


def test_another_target_has_a_record_of_its_own(state: State) -> None:
    with MetadataRecord(state, "T").around("roles", "clerk", replaced=False):
        pass
    assert results(state, "other") == {}
    with MetadataRecord(state, "other").around("roles", "boss", replaced=False):
        pass
    assert results(state, "other") == {"roles/boss": None} and results(state) == {}


@pytest.mark.parametrize("cut", [1, 5, 20])
def test_a_line_that_a_kill_has_cut_is_as_if_it_was_not_there(state: State, cut: int) -> None:
    record = MetadataRecord(state, "T")
    for name in ("clerk", "boss"):
        with record.around("roles", name, replaced=False):
            pass
    whole = record.path.read_bytes()
    record.path.write_bytes(whole[:-cut] if cut > 1 else whole[:-2])
    assert results(state) == {"roles/clerk": None}
    with MetadataRecord(state, "T").around("roles", "third", replaced=True):
        pass
    assert results(state) == {"roles/clerk": None, "roles/third": None}


@pytest.mark.parametrize("text", ["nonsense\n", '{"format": 1, "target": "T"}\nnonsense\n{}\n'])
def test_a_file_that_is_none_is_said_to_be(state: State, text: str) -> None:
    path = MetadataRecord(state, "T").path
    path.parent.mkdir(parents=True)
    path.write_text(text)
    with pytest.raises(StateUnusable, match="is not a record of copied metadata"):
        MetadataRecord(state, "T")
