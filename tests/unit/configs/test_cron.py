"""Cron expressions of schedules: what is accepted, and when they come."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from configs.values.cron import check_cron, check_timezone, next_times

NOON = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)  # a Sunday


@pytest.mark.parametrize(
    ("expression", "then"),
    [
        ("0 3 * * *", ["2026-11-30 03:00", "2026-12-01 03:00"]),
        ("*/20 12 * * *", ["2026-11-29 12:20", "2026-11-29 12:40"]),
        ("5/20 12 * * *", ["2026-11-29 12:05", "2026-11-29 12:25"]),
        ("0 6 * * mon-fri", ["2026-11-30 06:00", "2026-12-01 06:00"]),
        ("0 6 * * 7", ["2026-12-06 06:00", "2026-12-13 06:00"]),
        ("0 0 1,15 * *", ["2026-12-01 00:00", "2026-12-15 00:00"]),
        ("0 0 13 * FRI", ["2026-12-04 00:00", "2026-12-11 00:00"]),
        ("0 0 29 FEB *", ["2028-02-29 00:00"]),
    ],
)
def test_the_next_times(expression: str, then: list[str]) -> None:
    found = next_times(check_cron(expression), "UTC", NOON, len(then))
    assert [f"{each:%Y-%m-%d %H:%M}" for each in found] == then


def test_a_schedule_is_read_in_its_time_zone() -> None:
    (found,) = next_times("0 3 * * *", "Europe/Berlin", NOON, 1)
    assert found == datetime(2026, 11, 30, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("0 3 * *", "this has 4 fields"),
        ("60 * * * *", "'60' is no minute from 0 to 59"),
        ("* * * * MON-", "is no weekday"),
        ("* 5-3 * * *", "names no hour"),
        ("*/0 * * * *", "names no minute"),
        ("@daily", "this has 1 fields"),
        ("0 0 30 2 *", "this never comes"),
        ("٣ * * * *", "is no minute"),
    ],
)
def test_a_wrong_schedule_is_refused_with_an_example(expression: str, words: str) -> None:
    with pytest.raises(ValueError, match="0 3") as error:
        check_cron(expression)
    assert words in str(error.value)


@pytest.mark.parametrize("name", ["Nowhere", "../../etc/passwd", "", "UTC\0"])
def test_a_time_zone_that_does_not_exist_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="there is no time zone"):
        check_timezone(name)
