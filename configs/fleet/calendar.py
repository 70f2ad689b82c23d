"""Blackouts: the times in which a fleet starts nothing."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from configs.base import Conflict, Settings

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MOMENT = re.compile(r"(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d)")
_TIME = re.compile(r"(\d\d):(\d\d)")
_FORM = 'write a day and a time, "2026-12-05 06:00", or with days a time alone, "06:00"'
_BEHIND = timedelta(days=1)


def _check_moment(value: str) -> str:
    _parsed(value)
    return value


def _parsed(value: str) -> datetime | time:
    """A day with its time, or a time of day.

    Raises:
        ValueError: it is neither.
    """
    text = value.strip()
    day, clock = _MOMENT.fullmatch(text), _TIME.fullmatch(text)
    try:
        if day:
            year, month, number, hour, minute = map(int, day.groups())
            return datetime(year, month, number, hour, minute)
        if clock:
            return time(int(clock[1]), int(clock[2]))
    except ValueError:
        pass
    raise ValueError(_FORM)


Moment = Annotated[str, AfterValidator(_check_moment)]


class Blackout(Settings):
    """A time in which nothing is started; what runs goes on."""

    days: Annotated[list[Weekday], Field(min_length=1)] | None = Field(
        default=None,
        title="Days",
        description="Weekdays on which it begins, again and again. Without it, it happens once.",
        examples=[["mon", "tue", "wed", "thu", "fri"]],
    )
    begin: Moment = Field(
        alias="from",
        title="From",
        description='When it begins: "2026-12-05 06:00", or with `days` a time of day, "06:00".',
        examples=["06:00"],
    )
    until: Moment = Field(
        title="Until",
        description="When it ends, in the same form. A time of day that is not later is one of the next day.",
        examples=["20:00"],
    )
    why: str = Field(
        default="",
        title="Why",
        description="What it is for, as `fleet status` shows it.",
        examples=["payday"],
    )

    def disagreements(self) -> Iterator[Conflict]:
        """Yield forms that do not go together."""
        begin, until = _parsed(self.begin), _parsed(self.until)
        for key, found in ((("from",), begin), (("until",), until)):
            is_time = not isinstance(found, datetime)
            if is_time and self.days is None:
                message = "a time of day alone needs days; add days: [mon, …], or write the day as well"
                yield Conflict(key, message, (("days",), key))
            if not is_time and self.days is not None:
                message = 'with days, give a time of day alone, such as "06:00"; or remove days'
                yield Conflict(key, message, (("days",), key))
        if isinstance(begin, datetime) and isinstance(until, datetime) and until <= begin:
            yield Conflict(("until",), "this is not after from; correct one of them", (("from",), ("until",)))

    def spans_around(self, at: datetime, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
        """Yield the times of this blackout, in UTC, that may hold this moment or come within a week of it."""
        begin, until = _parsed(self.begin), _parsed(self.until)
        if isinstance(begin, datetime) and isinstance(until, datetime):
            yield _utc(begin, zone), _utc(until, zone)
        elif isinstance(begin, time) and isinstance(until, time) and not isinstance(begin, datetime):
            today = (at - _BEHIND).astimezone(zone).date()
            for day in (today + timedelta(days=ahead) for ahead in range(9)):
                if WEEKDAYS[day.weekday()] in (self.days or ()):
                    yield self._on(day, begin, until, zone)

    @staticmethod
    def _on(day: date, begin: time, until: time, zone: ZoneInfo) -> tuple[datetime, datetime]:
        last = day if until > begin else day + timedelta(days=1)
        return _utc(datetime.combine(day, begin), zone), _utc(datetime.combine(last, until), zone)


def _utc(local: datetime, zone: ZoneInfo) -> datetime:
    return local.replace(tzinfo=zone).astimezone(UTC)


def blackout_at(blackouts: list[Blackout], zone: ZoneInfo, at: datetime) -> tuple[Blackout, datetime] | None:
    """The blackout that this moment is in, and when it is over; None outside of all of them.

    Blackouts that follow each other without a gap are one: the end is that of the last.
    """
    found: tuple[Blackout, datetime] | None = None
    moment = at
    while True:
        held = [
            (end, blackout)
            for blackout in blackouts
            for begin, end in blackout.spans_around(moment, zone)
            if begin <= moment < end
        ]
        if not held:
            return found
        end, blackout = max(held, key=lambda each: each[0])
        found = (found[0] if found else blackout, end)
        if end - at > timedelta(days=366):
            return found
        moment = end
