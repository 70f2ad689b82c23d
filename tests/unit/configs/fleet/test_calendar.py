"""Blackouts, in local time and over the change of clocks."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configs.fleet.calendar import WEEKDAYS, Blackout, blackout_at

BERLIN = ZoneInfo("Europe/Berlin")


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


def _blackout(**keys: object) -> Blackout:
    return Blackout.model_validate(keys)


OFFICE = _blackout(**{"days": ["mon", "tue"], "from": "06:00", "until": "20:00", "why": "office hours"})
NIGHT = _blackout(**{"days": ["fri"], "from": "22:00", "until": "02:00"})
ONCE = _blackout(**{"from": "2026-12-05 06:00", "until": "2026-12-06 06:00"})


@pytest.mark.parametrize(
    ("blackout", "at", "until"),
    [
        (OFFICE, "2026-12-07 05:59", None),
        (OFFICE, "2026-12-07 06:00", "2026-12-07 20:00"),
        (OFFICE, "2026-12-07 19:59", "2026-12-07 20:00"),
        (OFFICE, "2026-12-07 20:00", None),
        (OFFICE, "2026-12-09 12:00", None),
        (NIGHT, "2026-12-04 23:00", "2026-12-05 02:00"),
        (NIGHT, "2026-12-05 01:00", "2026-12-05 02:00"),
        (NIGHT, "2026-12-06 01:00", None),
        (ONCE, "2026-12-05 06:00", "2026-12-06 06:00"),
        (ONCE, "2026-12-06 06:00", None),
    ],
)
def test_a_blackout_begins_and_ends(blackout: Blackout, at: str, until: str | None) -> None:
    found = blackout_at([blackout], BERLIN, _at(at))
    assert (found[1] if found else None) == (_at(until).astimezone(UTC) if until else None)


def test_blackouts_without_a_gap_are_one() -> None:
    second = _blackout(**{"from": "2026-12-06 05:00", "until": "2026-12-07 10:00"})
    found = blackout_at([ONCE, second, OFFICE], BERLIN, _at("2026-12-05 12:00"))
    assert found and found[0] is ONCE
    assert found[1] == _at("2026-12-07 20:00")


def test_times_are_local_over_the_change_of_clocks() -> None:
    sunday = _blackout(**{"days": ["sun"], "from": "01:00", "until": "06:00"})
    found = blackout_at([sunday], BERLIN, datetime(2026, 10, 24, 23, 30, tzinfo=UTC))
    assert found and found[1] == datetime(2026, 10, 25, 5, tzinfo=UTC)  # 06:00 is UTC+1 by then


def test_one_that_never_ends_is_found_to_be_long() -> None:
    always = _blackout(**{"days": [*WEEKDAYS], "from": "00:00", "until": "00:00"})
    found = blackout_at([always], ZoneInfo("UTC"), datetime(2026, 12, 7, tzinfo=UTC))
    assert found and found[1] - datetime(2026, 12, 7, tzinfo=UTC) > timedelta(days=365)


@pytest.mark.slow
@given(
    st.lists(st.sampled_from(WEEKDAYS), min_size=1, unique=True),
    st.times(),
    st.times(),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),
)
def test_after_its_end_a_single_blackout_is_over(days, begin, until, at) -> None:  # type: ignore[no-untyped-def]
    one = _blackout(**{"days": days, "from": f"{begin:%H:%M}", "until": f"{until:%H:%M}"})
    moment = at.replace(tzinfo=UTC)
    found = blackout_at([one], BERLIN, moment)
    if found:
        assert found[1] > moment
        assert blackout_at([one], BERLIN, found[1]) is None or found[1] - moment > timedelta(days=366)
