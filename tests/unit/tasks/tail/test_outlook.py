"""What `follow` says after a round: rates, lag, window, and whether a cutover may begin."""

from __future__ import annotations

from typing import Any

import pytest
from support.building import Clock

from configs.cutover import CutoverSettings
from runs.journal import now
from runs.progress import TailReason
from tasks.records.estimates import WindowEstimate
from tasks.records.tail import FollowRecord, TailIndex, TailRound
from tasks.tail.outlook import Outlook, Restored

QUICK = TailRound(read=5, written=3, deleted=1, seconds=0.5, operations=100)


class Session:
    """A session of `follow`, whose rounds begin as many seconds apart as told."""

    def __init__(self, **settings: Any) -> None:
        self._clock = Clock()
        self._outlook = Outlook(CutoverSettings.model_validate(settings), self._clock)

    def round(
        self, latest: TailRound = QUICK, *, after: float = 2.0, lag: float = 1.0, behind: int = 0, **more: Any
    ) -> FollowRecord:
        self._clock.sleep(after)
        indices = more.get("indices") or (TailIndex(name="a", target="a", behind=behind),)
        return self._outlook.after(latest, indices, more.get("restored", Restored()), lag)


def restoring(*names: str, seconds: float) -> Restored:
    window = WindowEstimate(low=1.0, high=seconds, indices=2, operations=9, bytes=9, basis=())
    return Restored(names, window)


def test_copies_that_lag_little_may_be_cut_over() -> None:
    record = Session().round(behind=7)
    assert (record.can_cut_over, record.why) == (True, "the copies lag 1 s behind at most")
    assert record.reason is TailReason.READY
    assert (record.tail, record.lag_s, record.rounds) == (7, 1.0, 1)
    assert record.at <= now()


def test_documents_of_all_rounds_add_up() -> None:
    session = Session()
    session.round()
    record = session.round()
    assert (record.rounds, record.read, record.written, record.deleted) == (2, 10, 6, 2)


def test_the_rate_in_is_known_from_the_second_round_on() -> None:
    """What the first one finds came since the seed round, not since a round before."""
    session = Session()
    assert session.round().rate_in == 0
    assert session.round(after=4.0).rate_in == 25.0
    assert session.round(TailRound(seconds=0.1), after=4.0).rate_in == 12.5, "half of what it was"


def test_the_rate_out_is_that_of_rounds_that_had_something_to_do() -> None:
    session = Session()
    assert session.round().rate_out == 200.0
    assert session.round(TailRound(seconds=0.1)).rate_out == 200.0
    assert session.round(TailRound(seconds=1.0, operations=100)).rate_out == 150.0


def test_copies_that_lag_too_far_behind_may_not() -> None:
    record = Session(follow={"max_lag": "5s"}).round(lag=5.1)
    assert record.can_cut_over is False
    assert "5 s behind, more than 5s (cutover.follow.max_lag)" in record.why
    assert record.reason is TailReason.LAG
    assert Session(follow={"max_lag": "5s"}).round(lag=5.0).can_cut_over


def test_a_source_that_is_faster_than_the_tail_may_not() -> None:
    session = Session()
    slow = TailRound(seconds=2.0, operations=100)
    session.round(slow)
    for behind, allowed in ((1_000, True), (1_001, False)):
        record = session.round(TailRound(seconds=2.0, operations=1_000), after=0.5, behind=behind)
        assert record.can_cut_over is allowed
    assert record.why == "the source takes writes faster than they are brought over"
    assert record.reason is TailReason.RATE


def test_a_round_that_takes_longer_than_the_window_may_not() -> None:
    session = Session(window="30s")
    assert session.round(TailRound(seconds=18.0)).can_cut_over, "half as long again, and two seconds"
    record = session.round(TailRound(seconds=20.0))
    assert (record.can_cut_over, record.window_s) == (False, 32.0)
    assert "the window would take longer than 30s (cutover.window)" in record.why
    assert "restore" not in record.why
    assert record.reason is TailReason.WINDOW


def test_what_has_to_be_restored_counts_for_the_window_and_is_named() -> None:
    session = Session(window="30s")
    record = session.round(restored=restoring("logs", "more", seconds=20.0))
    assert (record.can_cut_over, record.window_s) == (True, 22.8)
    assert "2 indices will be restored in the window, as logs" in record.why
    record = session.round(restored=restoring("logs", seconds=60.0))
    assert record.can_cut_over is False
    assert record.why.endswith("(cutover.window); logs goes by a restore")


def test_indices_that_fell_out_are_counted() -> None:
    indices = (TailIndex(name="a", target="a"), TailIndex(name="b", target="b", out="it was written to"))
    record = Session().round(indices=indices)
    assert record.why.endswith("1 could not be kept in step")
    assert record.indices == indices


def test_an_index_that_fell_out_is_restored_in_the_window_too() -> None:
    fell = (TailIndex(name="a", target="a"), TailIndex(name="b", target="b", out="it was written to"))
    costs = Restored(costs={"a": 500.0, "b": 20.0})
    assert Session(window="30s").round(indices=fell, restored=costs).window_s == 22.8
    record = Session(window="20s").round(indices=fell, restored=costs)
    assert (record.can_cut_over, "cutover.window" in record.why) == (False, True)


def test_on_a_way_back_nothing_may_fall_out() -> None:
    outlook = Outlook(CutoverSettings(), back=True)
    fell = (TailIndex(name="a", target="a"), TailIndex(name="b", target="b", out="it was written to"))
    record = outlook.after(TailRound(), fell, Restored(), 0.1)
    assert (record.can_cut_over, record.why) == (False, "b cannot be brought back: it was written to")
    assert record.reason is TailReason.LOST


@pytest.mark.parametrize("lag", [0.04, 9.96])
def test_figures_are_rounded_for_people(lag: float) -> None:
    assert Session().round(lag=lag).lag_s == round(lag, 1)
