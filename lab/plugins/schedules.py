"""Schedules of plugins: cron expressions of five fields, and intervals."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from lab.plugins.answers import invalid

FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 7))
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
NAMES = {
    "month": {name: at for at, name in enumerate(MONTHS, 1)},
    "weekday": {name: at for at, name in enumerate(WEEKDAYS)},
}
PIECE = re.compile(r"(\*|\w+)(?:-(\w+))?(?:/(\d+))?")
YEARS = 5
UNITS = ("MINUTES", "HOURS", "DAYS")


def checked(schedule: Any) -> dict[str, Any]:
    """Check a schedule (`cron` or `interval`) and return it as the plugin shows it.

    Raises:
        Refused: it is invalid (the rules are grade E, most of the words grade K).
    """
    if not isinstance(schedule, dict) or len(schedule) != 1:
        raise invalid("schedule must hold exactly one of: cron, interval")
    ((kind, body),) = schedule.items()
    if kind == "cron" and isinstance(body, dict):
        return {"cron": _cron(body)}
    if kind == "interval" and isinstance(body, dict):
        return {"interval": _interval(body)}
    raise invalid(f"Unknown schedule type {kind}.")


def next_time(schedule: dict[str, Any], after: datetime) -> datetime | None:
    """The first time of a checked schedule after this one (UTC); None if there is none in `YEARS` years."""
    if "interval" in schedule:
        unit = {"MINUTES": "minutes", "HOURS": "hours", "DAYS": "days"}[schedule["interval"]["unit"].upper()]
        return after + timedelta(**{unit: schedule["interval"]["period"]})
    cron = schedule["cron"]
    return next_of_cron(cron["expression"], cron["timezone"], after)


def next_of_cron(expression: str, timezone: str, after: datetime) -> datetime | None:
    """The first time of a cron expression after this one (UTC); None if there is none in `YEARS` years."""
    minutes, hours, days, months, weekdays = _sets(expression)
    fields = expression.split()
    local = after.astimezone(ZoneInfo(timezone)).replace(tzinfo=None, second=0, microsecond=0)
    local += timedelta(minutes=1)
    for offset in range(YEARS * 366):
        day = (local + timedelta(days=offset)).replace(hour=0, minute=0) if offset else local
        if day.month not in months or not _is_day(day, fields, days, weekdays):
            continue
        for hour in sorted(hours):
            for minute in sorted(minutes):
                found = day.replace(hour=hour, minute=minute)
                if found >= local:
                    return found.replace(tzinfo=ZoneInfo(timezone)).astimezone(UTC)
    return None


def _is_day(day: datetime, fields: list[str], days: set[int], weekdays: set[int]) -> bool:
    """Where both the day and the weekday are restricted, one of them is enough."""
    on_day, on_weekday = day.day in days, day.isoweekday() % 7 in weekdays
    return (on_day or on_weekday) if fields[2] != "*" and fields[4] != "*" else (on_day and on_weekday)


def _cron(body: dict[str, Any]) -> dict[str, Any]:
    for name in body:
        if name not in ("expression", "timezone", "schedule_delay"):
            raise invalid(f"Unknown cron field {name}")
    expression, timezone = body.get("expression"), body.get("timezone")
    if not isinstance(expression, str) or not isinstance(timezone, str):
        raise invalid("Cron schedule needs expression and timezone.")
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise invalid(f"Unknown time-zone ID: {timezone}") from error
    _sets(expression)
    return {"expression": expression, "timezone": timezone}


def _interval(body: dict[str, Any]) -> dict[str, Any]:
    period, unit = body.get("period"), str(body.get("unit", "")).upper()
    if not isinstance(period, int) or period <= 0 or unit not in UNITS:
        raise invalid(f"Interval schedule needs a period above 0 and a unit of {', '.join(UNITS)}.")
    now = int(datetime.now(UTC).timestamp() * 1000)
    return {"start_time": body.get("start_time", now), "period": period, "unit": unit.capitalize()}


def _sets(expression: str) -> tuple[set[int], ...]:
    parts = expression.split()
    if len(parts) != len(FIELDS):
        raise invalid(f"Cron expression contains {len(parts)} parts but we expect one of [5]")
    minutes, hours, days, months, weekdays = (
        _set(part, *field) for part, field in zip(parts, FIELDS, strict=True)
    )
    return minutes, hours, days, months, {each % 7 for each in weekdays}


def _set(part: str, name: str, low: int, high: int) -> set[int]:
    found: set[int] = set()
    for piece in part.split(","):
        match = PIECE.fullmatch(piece)
        if match is None:
            raise invalid(f"Failed to parse '{part}'. Invalid expression! Expression: {piece}")
        start, end, step = match.groups()
        first = low if start == "*" else _number(start, part, name, low, high)
        last = high if start == "*" or (step and not end) else first
        last = _number(end, part, name, low, high) if end else last
        if first > last or step == "0":
            raise invalid(f"Failed to parse '{part}'. Invalid range! [{first},{last}]")
        found.update(range(first, last + 1, int(step or 1)))
    return found


def _number(text: str, part: str, name: str, low: int, high: int) -> int:
    named = NAMES.get(name, {}).get(text.upper())
    value = named if named is not None else int(text) if text.isdigit() else -1
    if not low <= value <= high:
        raise invalid(f"Failed to parse '{part}'. Value {text} not in range [{low}, {high}]")
    return value
