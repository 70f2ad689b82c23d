"""What was proved must still be so when the states that the final check goes by are read."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from support.building import selected
from support.rounds import a_copy, a_mark

from flows.chains.tail import require_as_proved
from tasks.cutover.final_check import CopyState
from tasks.errors import VerificationFailed
from tasks.tail.places import FollowedIndex

STATES = {"a": CopyState((a_mark(15),), "shape"), "b": CopyState((a_mark(3),), "shape")}


def a_session(**last: int) -> Any:
    indices = [FollowedIndex(selected(name), a_copy(name), (), last={0: at}) for name, at in last.items()]
    return SimpleNamespace(tail=SimpleNamespace(in_step=indices))


def test_copies_that_stand_where_they_were_proved_pass() -> None:
    require_as_proved(a_session(a=15, b=3), STATES)
    require_as_proved(a_session(a=15, gone=7), STATES)
    require_as_proved(None, STATES)


def test_a_write_between_the_proof_and_that_reading_is_a_difference_and_the_copy_is_not_trusted() -> None:
    with pytest.raises(VerificationFailed, match="since they were proved: b") as caught:
        require_as_proved(a_session(a=15, b=2), STATES)
    assert caught.value.copies == ("b",)
