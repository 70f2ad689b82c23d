"""Schedules as cron expressions of five fields, as the service's policies, Curator's crontab and Prefect
take them."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

WRITE_IT = 'write five fields: minute, hour, day, month, weekday; for example "0 3 * * *" for 03:00 every day'
_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 7))
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_NAMES = {
    "month": {name: place for place, name in enumerate(_MONTHS, 1)},
    "weekday": {name: place for place, name in enumerate(_WEEKDAYS)},
}
_PIECE = re.compile(r"(\*|[A-Za-z0-9]+)(?:-([A-Za-z0-9]+))?(?:/([0-9]+))?")
_DAYS_AHEAD = 5 * 366


def check_cron(value: str) -> str:
    """Accept an expression of five fields that has a next time; single spaces between the fields."""
    fields = value.split()
    _values(fields)
    if not next_times(value, "UTC", datetime.now(UTC), 1):
        raise ValueError(f"this never comes: no month has such a day; {WRITE_IT}")
    return " ".join(fields)


def check_timezone(value: str) -> str:
    """Accept the name of a time zone that this machine knows, such as `Europe/Berlin`."""
    try:
        ZoneInfo(value)
    except (ValueError, OSError, KeyError):
        raise ValueError(
            f"there is no time zone {value}; give its name, such as UTC or Europe/Berlin"
        ) from None
    return value


def next_times(expression: str, timezone: str, after: datetime, count: int) -> tuple[datetime, ...]:
    """The next times of a checked expression after this moment, in UTC; fewer if it has no more soon."""
    return tuple(islice(_times(expression.split(), ZoneInfo(timezone), after), count))


def _times(fields: list[str], zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    minutes, hours, days, months, weekdays = _values(fields)
    begin = after.astimezone(zone).replace(tzinfo=None, second=0, microsecond=0) + timedelta(minutes=1)
    for ahead in range(_DAYS_AHEAD):
        day = begin.replace(hour=0, minute=0) + timedelta(days=ahead)
        on_day, on_weekday = day.day in days, day.isoweekday() % 7 in {each % 7 for each in weekdays}
        either = fields[2] != "*" and fields[4] != "*"  # then one of them is enough
        if day.month not in months or not (on_day or on_weekday if either else on_day and on_weekday):
            continue
        for hour in sorted(hours):
            for minute in sorted(minutes):
                found = day.replace(hour=hour, minute=minute)
                if found >= begin:
                    yield found.replace(tzinfo=zone).astimezone(UTC)


def _values(fields: list[str]) -> tuple[set[int], set[int], set[int], set[int], set[int]]:
    if len(fields) != len(_FIELDS):
        raise ValueError(f"this has {len(fields)} fields; {WRITE_IT}")
    minutes, hours, days, months, weekdays = (
        _values_of(text, *field) for text, field in zip(fields, _FIELDS, strict=True)
    )
    return minutes, hours, days, months, weekdays


def _values_of(text: str, name: str, low: int, high: int) -> set[int]:
    """The values of one field: numbers, names, ranges, steps, and lists of these."""
    found: set[int] = set()
    for piece in text.split(","):
        match = _PIECE.fullmatch(piece)
        if match is None:
            raise ValueError(f"{piece!r} is no {name}; {WRITE_IT}")
        start, end, step = match.groups()
        first = low if start == "*" else _number(start, name, low, high)
        last = _number(end, name, low, high) if end else high if start == "*" or step else first
        if first > last or step == "0":
            raise ValueError(f"{piece!r} names no {name}; {WRITE_IT}")
        found.update(range(first, last + 1, int(step or 1)))
    return found


def _number(text: str, name: str, low: int, high: int) -> int:
    value = _NAMES.get(name, {}).get(text.upper())
    if value is None:
        value = int(text) if text.isascii() and text.isdecimal() and len(text) < 4 else -1
    if not low <= value <= high:
        raise ValueError(f"{text!r} is no {name} from {low} to {high}; {WRITE_IT}")
    return value
