"""What is gone from the source before the snapshot is selected again."""

from __future__ import annotations

import pytest
from support.building import a_resolution, a_unit

from flows.sessions.current_selection import with_current_selection
from tasks.errors import SelectionOutdated
from tasks.records.resolution import Resolution


@pytest.mark.parametrize("times", [0, 1, 9])
def test_what_was_gone_before_the_snapshot_is_selected_again(times: int) -> None:
    """An index that is made and deleted all the time does not end the run."""
    outdated = [a_resolution(a_unit("a"), a_unit(f"tmp-{n}")) for n in range(times)]
    current = a_resolution(a_unit("a"))
    decisions = iter([*outdated, current])

    def act(decided: Resolution) -> Resolution:
        if decided is not current:
            raise SelectionOutdated("tmp on the source is gone", "run the same command again")
        return decided

    assert with_current_selection(next(decisions), lambda: next(decisions), act) is current


def test_what_is_gone_each_time_ends_the_run() -> None:
    asked: list[Resolution] = []

    def act(decided: Resolution) -> None:
        asked.append(decided)
        raise SelectionOutdated("tmp on the source is gone", "run the same command again")

    with pytest.raises(SelectionOutdated):
        with_current_selection(a_resolution(), a_resolution, act)
    assert len(asked) == 10
