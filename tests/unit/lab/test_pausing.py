"""The lab's control plane lets automated snapshots pause, as the API reference has it."""

from __future__ import annotations

from typing import Any

import pytest

from lab.account.pausing import LONGEST_S, Pause, asked

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"Enabled": False}, Pause(False, set_at=NOW)),
        ({"Enabled": True, "EndTime": NOW + 9}, Pause(True, NOW, NOW + 9, NOW)),
        ({"Enabled": True, "StartTime": NOW + 1, "EndTime": NOW + 1 + LONGEST_S},
         Pause(True, NOW + 1, NOW + 1 + LONGEST_S, NOW)),
    ],
)  # fmt: skip
def test_a_pause_is_taken_as_asked(options: dict[str, Any], expected: Pause) -> None:
    assert asked(options, NOW) == expected


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({}, "must not be null"),
        ({"Enabled": True}, "EndTime is required"),
        ({"Enabled": True, "EndTime": NOW}, "in the future"),
        ({"Enabled": True, "StartTime": NOW + 9, "EndTime": NOW + 5}, "after StartTime"),
        ({"Enabled": True, "EndTime": NOW + LONGEST_S + 1}, "3 days"),
    ],
)
def test_a_pause_that_cannot_be_is_refused(options: dict[str, Any], why: str) -> None:
    refusal = asked(options, NOW)
    assert isinstance(refusal, str)
    assert why in refusal


@pytest.mark.parametrize(
    ("at", "state"), [(NOW - 1, "Scheduled"), (NOW, "Active"), (NOW + 8, "Active"), (NOW + 9, "Completed")]
)
def test_a_pause_says_how_far_it_is(at: float, state: str) -> None:
    assert Pause(True, NOW, NOW + 9).state(at) == state


def test_no_pause_is_disabled() -> None:
    assert Pause(False).state(NOW) == "Disabled"
