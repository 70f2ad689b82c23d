"""The timeline: bars where the steps were, pauses shortened, the window marked."""

from datetime import UTC, datetime, timedelta

import pytest
from support.real_runs import real_report, with_indices

from reports.page.timeline import scale_of, timeline_of

BEGAN = datetime(2026, 11, 24, 20, 0, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


def test_time_is_to_scale_where_something_ran() -> None:
    scale = scale_of([(at(0), at(10)), (at(10), at(40))])
    assert [scale.at(at(seconds)) for seconds in (0, 10, 20, 40)] == pytest.approx([0, 0.25, 0.5, 1])
    assert scale.pauses == ()


def test_a_night_in_which_nothing_ran_is_shortened() -> None:
    scale = scale_of([(at(0), at(10)), (at(36_010), at(36_020))])
    assert scale.at(at(10)) == pytest.approx(0.485) and scale.at(at(36_010)) == pytest.approx(0.515)
    assert scale.pauses == (36_000,)


def test_steps_that_overlap_or_take_no_time_have_a_place() -> None:
    scale = scale_of([(at(0), at(10)), (at(2), at(4)), (at(10), at(10))])
    assert scale.at(at(10)) == 1 and scale.pauses == ()
    assert scale_of([(at(5), at(5))]).at(at(5)) == 0


def test_the_window_is_marked_around_its_steps() -> None:
    timeline = timeline_of(real_report("cutover"))
    assert timeline and timeline.band
    start, length = timeline.band
    bars = {bar.name: bar for bar in timeline.bars}
    for name in ("freeze", "verify", "open"):
        assert start - 0.01 <= bars[name].start <= start + length, name
    assert bars["resolve"].start < start and bars["health"].start >= start + length - 0.01
    assert all(bar.start >= 0 and bar.start + bar.length <= 1.001 for bar in timeline.bars)


def test_a_run_without_a_window_has_no_mark_and_one_without_steps_no_timeline() -> None:
    timeline = timeline_of(real_report("migration"))
    assert timeline and timeline.band is None
    assert timeline_of(with_indices(1).model_copy(update={"steps": []})) is None


def test_errors_and_attempts_are_said() -> None:
    report = real_report("migration")
    last = report.steps[-1].model_copy(update={"attempts": 2, "error": "Refused: no room"})
    timeline = timeline_of(report.model_copy(update={"steps": [*report.steps[:-1], last]}))
    assert timeline
    assert (timeline.bars[-1].tone, timeline.bars[-1].note) == ("bad", "2 attempts; Refused: no room")
