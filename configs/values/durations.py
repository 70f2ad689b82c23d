"""Durations as people write them: `45s`, `30m`, `1h30m`, or plain seconds."""

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, WithJsonSchema

LONGEST = timedelta(days=7)
PATTERN = r"^(?=.)([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$"
WRITE_IT = 'write a duration such as "45s", "30m", "2h" or "1h30m", or a whole number of seconds'
_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}


def parse_duration(value: object) -> timedelta:
    """Turn `1h30m` or whole seconds into a timedelta; refuse anything else, and durations over 7 days."""
    seconds = _seconds(value)
    if seconds < 0:
        raise ValueError(f"a duration cannot be negative; {WRITE_IT}")
    if seconds > LONGEST.total_seconds():
        raise ValueError("this is longer than 7 days; give at most 7d (168h)")
    return timedelta(seconds=seconds)


def duration_text(value: timedelta) -> str:
    """Format a duration as a plan accepts it: `timedelta(minutes=90)` → `1h30m`."""
    rest = int(value.total_seconds())
    text = ""
    for unit, size in _UNITS.items():
        count, rest = divmod(rest, size)
        text += f"{count}{unit}" if count else ""
    return text or "0s"


def _check_positive(value: timedelta) -> timedelta:
    if not value:
        raise ValueError(f"this must be longer than zero; {WRITE_IT}")
    return value


def _seconds(value: object) -> float:
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, str):
        raise ValueError(f"this is not a duration; {WRITE_IT}")  # noqa: TRY004 (pydantic collects ValueError)
    text = value.strip()
    if re.fullmatch(r"-?[0-9]{1,9}", text):
        return int(text)
    if len(text) > 40 or not re.fullmatch(PATTERN, text):
        raise ValueError(f"this is not a duration; {WRITE_IT}")
    return sum(int(count) * _UNITS[unit] for count, unit in re.findall(r"([0-9]+)([dhms])", text))


_SCHEMA: dict[str, Any] = {
    "anyOf": [{"type": "string", "pattern": PATTERN}, {"type": "integer", "minimum": 0, "maximum": 604_800}]
}

Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(duration_text, return_type=str),
    WithJsonSchema(_SCHEMA),
]
PositiveDuration = Annotated[Duration, AfterValidator(_check_positive)]
