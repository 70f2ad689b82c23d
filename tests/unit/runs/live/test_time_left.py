"""The time left does not jump when the pace is uneven, grows in a stall, and gives way to words at last."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.building import Clock

from runs.live.time_left import Pace, Paces, TimeLeft
from runs.progress import Progress

TOTAL = 1_000_000
RATE = 1_000
uneven = st.lists(st.floats(0.5, 1.5), min_size=30, max_size=200)


def pace_of(clock: Clock, expected_s: float | None = None) -> Pace:
    pace = Pace(expected_s, lambda: clock.now)
    pace.observe(0, TOTAL)
    return pace


def seconds_of(pace: Pace) -> float:
    found = pace.left().seconds
    assert found is not None
    return found


@given(uneven)
def test_with_a_pace_that_is_uneven_by_half_no_step_of_the_time_left_is_large(factors: list[float]) -> None:
    clock = Clock()
    pace, done, before = pace_of(clock, expected_s=TOTAL / RATE), 0, TOTAL / RATE
    for factor in factors:
        clock.sleep(1.0)
        done += int(RATE * factor)
        pace.observe(done, TOTAL)
        now = seconds_of(pace)
        assert abs(now - (before - 1.0)) <= 0.06 * before
        assert 0.5 <= now / ((TOTAL - done) / RATE) <= 2.05
        before = now


@given(st.integers(0, 2**32))
def test_noise_by_half_hardly_moves_it(seed: int) -> None:
    noise, clock = random.Random(seed), Clock()
    pace, done = pace_of(clock, expected_s=TOTAL / RATE), 0
    for second in range(200):
        clock.sleep(1.0)
        done += int(RATE * noise.uniform(0.5, 1.5))
        pace.observe(done, TOTAL)
        true = (TOTAL - done) / RATE
        assert second < 30 or abs(seconds_of(pace) - true) <= 0.25 * true


@given(st.floats(0.1, 20), st.integers(2, 50))
def test_between_two_observations_it_only_falls(gap_s: float, looks: int) -> None:
    clock = Clock()
    pace = pace_of(clock)
    for n in range(1, 8):
        clock.sleep(max(gap_s, 1.0))
        pace.observe(n * 20_000, TOTAL)
    shown: list[float] = []
    for _ in range(looks):
        shown.append(seconds_of(pace))
        clock.sleep(max(gap_s, 1.0) / looks)
    assert shown == sorted(shown, reverse=True)


def test_a_stall_lengthens_it_second_by_second_and_then_is_named() -> None:
    clock = Clock()
    pace = pace_of(clock)
    for n in range(1, 31):
        clock.sleep(1.0)
        pace.observe(n * RATE, TOTAL)
    moving = seconds_of(pace)
    shown: list[float] = []
    for _ in range(25):
        clock.sleep(1.0)
        shown.append(seconds_of(pace))
    assert max(shown) <= 2.5 * moving
    later = shown[3:]
    assert later == sorted(later) and later[-1] > moving
    steps = [after / before for before, after in pairwise(later)]
    assert max(steps) < 1.1
    clock.sleep(10.0)
    assert pace.left() == TimeLeft(seconds=None, stalled_s=pytest.approx(35.0))
    pace.observe(31 * RATE, TOTAL)
    assert pace.left().stalled_s is None and seconds_of(pace) > moving


def test_a_step_that_reports_seldom_is_not_stalled_between_its_reports() -> None:
    clock = Clock()
    pace = pace_of(clock)
    for n in range(1, 5):
        clock.sleep(40.0)
        pace.observe(n * 10_000, TOTAL)
    clock.sleep(60.0)
    assert pace.left().stalled_s is None
    clock.sleep(120.0)
    assert pace.left().stalled_s == 180.0


def test_what_was_expected_stands_in_until_enough_was_seen() -> None:
    clock = Clock()
    assert pace_of(clock).left() == TimeLeft()
    pace = pace_of(clock, expected_s=100.0)
    assert seconds_of(pace) == pytest.approx(100.0)
    for n in range(1, 121):  # in truth it takes a thousand
        clock.sleep(1.0)
        pace.observe(n * RATE, TOTAL)
    assert seconds_of(pace) == pytest.approx(880.0, rel=0.1)


def test_a_step_that_begins_anew_is_timed_anew() -> None:
    clock = Clock()
    pace = pace_of(clock)
    for n in range(1, 10):
        clock.sleep(1.0)
        pace.observe(n * RATE * 10, TOTAL)
    pace.observe(0, TOTAL)
    assert pace.left() == TimeLeft()


def test_of_a_step_the_first_unit_counts_and_its_expectation() -> None:
    clock = Clock()
    paces = Paces(lambda: clock.now)
    paces.observe(Progress("estimate", "made", finished=True, expected={"restore": (50.0, 150.0)}))
    paces.observe(Progress("restore", "restoring", 0, TOTAL, "bytes"))
    paces.observe(Progress("restore", "restoring", 33, 33, "shards"))
    assert paces.left("restore").seconds == pytest.approx(100.0)
    assert paces.left("verify") == TimeLeft()
