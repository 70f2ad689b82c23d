"""What `snapferry check` names as the next step, by its outcome and by how the plan's runs stand."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.building import a_plan

from runs.commands import Called, called_as
from runs.state import State
from snapferry.commands.check import _next  # pyright: ignore[reportPrivateUsage]

CALLED = Called(verb="check", plan="my plan.yaml", state="s", options=("--allow-partial",))
PLACE = "'my plan.yaml' --state s"


@pytest.mark.parametrize(
    ("verb", "status", "said"),
    [
        (None, None, "rehearse"),
        ("rehearse", "refused", "rehearse"),
        ("rehearse", "interrupted", "status"),
        ("rehearse", "done", "plan"),
        ("migrate", "done", "status"),
    ],
)
def test_after_a_check_comes_what_the_plan_lacks(
    tmp_path: Path, verb: str | None, status: str | None, said: str
) -> None:
    state = State(tmp_path, "orders")
    if verb:
        state.begin(a_plan(), verb).settle(status)  # pyright: ignore[reportArgumentType]
    with called_as(CALLED):
        assert _next(state, failed=False) == f"snapferry {said} {PLACE}"
        assert _next(state, failed=True) == f"snapferry check {PLACE} --allow-partial"


def test_a_state_folder_that_cannot_be_read_does_not_fail_a_check(tmp_path: Path) -> None:
    state = State(tmp_path, "orders")
    state.begin(a_plan(), "migrate").path.write_text("{")  # pyright: ignore[reportArgumentType]
    with called_as(CALLED):
        assert _next(state, failed=False) == f"snapferry rehearse {PLACE}"
