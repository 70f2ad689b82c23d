"""The fields in which two definitions differ, to be shown: short, and without secrets. Pure."""

import json
import re
from collections.abc import Iterator
from typing import Any, cast

from domains.http.json_replies import is_object
from domains.known_secrets import cut_secrets
from tasks.records.metadata import FieldDifference

HIDDEN = '"(hidden)"'
_SECRET = re.compile(
    r"passw|secret|credential|api_?key|authori[sz]ation|header_?params|query_?params|token$"
    r"|(?:^|_)(?:hash|url)$",
    re.IGNORECASE,
)
_LONGEST = 200
_MOST = 200  # of one definition


def field_differences(source: object, target: object) -> tuple[FieldDifference, ...]:
    """Every field that one side has otherwise, or alone; both in their normal form."""
    found = sorted(_differences(source, target, ""), key=lambda each: each.path)
    return tuple(found[:_MOST])


def redacted(value: Any) -> Any:
    """The same with "(hidden)" in place of what may be a secret, by the names of its keys."""
    if is_object(value):
        return {
            key: "(hidden)" if _SECRET.search(key) and not is_empty(each) else redacted(each)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [redacted(each) for each in cast("list[Any]", value)]
    return value


def secrets_in(value: Any, key: str = "") -> Iterator[str]:
    """Texts that may be secrets, by the names of their keys."""
    if is_object(value):
        for name, each in value.items():
            yield from secrets_in(each, name if _SECRET.search(name) else key)
    elif isinstance(value, list):
        for each in cast("list[Any]", value):
            yield from secrets_in(each, key)
    elif key and isinstance(value, str):
        yield value


def is_empty(value: object) -> bool:
    """Whether there is nothing that could be a secret."""
    return value is None or value in ("", [], {}) or isinstance(value, bool)


def _differences(source: object, target: object, path: str) -> Iterator[FieldDifference]:
    if is_object(source) and is_object(target):
        for key in source.keys() | target.keys():
            yield from _differences(
                source.get(key, _MISSING), target.get(key, _MISSING), f"{path}.{key}" if path else key
            )
    elif source != target:
        yield FieldDifference(
            path=cut_secrets(path), source=_shown(source, path), target=_shown(target, path)
        )


class _Missing:
    pass


_MISSING = _Missing()


def _shown(value: object, path: str) -> str:
    if isinstance(value, _Missing):
        return ""
    if any(_SECRET.search(key) for key in path.split(".")):
        return HIDDEN
    text = cut_secrets(json.dumps(redacted(value), ensure_ascii=False, sort_keys=True))
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
