"""Validate the values of a plan file, and report all findings at once.

Pydantic stops at a part that has an error, which hides its conflicts with other parts. So a wrong value is
reported, replaced by a harmless one, and the plan validated again; a conflict that depends on a replaced
value is not reported.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from configs.base import DEFERRED, Conflict, ConflictError, Path, Settings
from configs.gates import GATES
from configs.loading.messages import sentence
from configs.loading.yaml_tree import Spot
from configs.plan import Plan
from configs.repository import REPOSITORY_TYPES
from configs.source import FROM_DOMAIN, FROM_SNAPSHOT

_ROUNDS = 6
_TAGS = {
    "source": {FROM_DOMAIN, FROM_SNAPSHOT},
    "repository": set(REPOSITORY_TYPES),
    "auth": {"sigv4", "basic", "none"},
}
_HARMLESS: dict[str, object] = {
    "name": "x",
    "source": {"endpoint": "https://source.invalid", "auth": {"type": "none"}},
    "target": {"endpoint": "https://target.invalid", "auth": {"type": "none"}},
    "repository": {"name": "x", "bucket": "xxx"},
    "bucket": "xxx",
    "location": "/x",
    "username": "x",
    "password": {"env": "X"},
    "from": "x",
}
_HARMLESS_ITEMS: dict[Path, object] = {
    ("metadata", "include"): "roles",
    ("metadata", "exclude"): "users",
}
"""Of lists whose items are choices."""


_HARMLESS_ENTRIES: dict[Path, dict[str, object]] = {
    ("gates",): {"timeout": "1h"},
    ("hooks",): {"events": ["done"], "command": ["x"]},
    ("verify", "queries"): {"index": "x", "query": {"x": {}}, "equal": True},
}


@dataclass(frozen=True)
class Finding:
    """A finding at a path. `at_key`: show it at the key (or the key above), not at the value."""

    path: Path
    message: str
    at_key: bool = False


class Validation:
    """One validation of a file's values, with the findings so far."""

    def __init__(self, data: object, spots: dict[Path, Spot], spoiled: list[Path]) -> None:
        self.findings: list[Finding] = []
        self._data = data
        self._spots = spots
        self._spoiled: set[Path] = set()
        self._above_spoiled: set[Path] = set()
        for path in spoiled:
            self._spoil(path)

    def run(self) -> Plan | None:
        """Return the plan; with `findings`, a repaired one or None."""
        for _ in range(_ROUNDS):
            try:
                plan = Plan.model_validate(self._data, context=DEFERRED)
            except ValidationError as error:
                for details in error.errors(include_url=False):
                    self._take(details)
            else:
                self.findings.extend(self._conflicts(plan, ()))
                return plan
        return None

    def _take(self, details: ErrorDetails) -> None:
        path = _without_tags(details["loc"])
        if details["type"] in {"union_tag_invalid", "union_tag_not_found"}:
            self._take_type(details, path)
            return
        error = details.get("ctx", {}).get("error")
        if isinstance(error, ConflictError):
            for conflict in error.conflicts:
                self._add(Finding((*path, *conflict.path), conflict.message))
        else:
            at_key = details["type"] in {"missing", "extra_forbidden"}
            self._add(Finding(path, sentence(details, self._spots.get(path)), at_key))
        self._spoil(path, unknown=details["type"] == "extra_forbidden")

    def _take_type(self, details: ErrorDetails, path: Path) -> None:
        spot = self._spots.get((*path, "type"))
        if spot is not None:
            self._add(Finding((*path, "type"), sentence({**details, "type": "union_tag_invalid"}, spot)))
        elif (found := self._spots.get(path)) is not None and found.kind != "a mapping":
            self._add(Finding(path, sentence({**details, "type": "model_type"}, found)))
        else:
            missing: ErrorDetails = {**details, "type": "missing", "loc": (*path, "type")}
            self._add(Finding((*path, "type"), sentence(missing, None), at_key=True))
        self._spoil(path)

    def _add(self, finding: Finding) -> None:
        if not self._is_spoiled(finding.path):
            self.findings.append(finding)

    def _conflicts(self, part: Settings, path: Path) -> Iterator[Finding]:
        for conflict in (*part.disagreements(), *part.refusals()):
            if not self._rests_on_spoiled(conflict, path):
                where = (*path, *conflict.path)
                spot = self._spots.get(where)
                whole_part = spot is not None and spot.kind in {"a mapping", "a list"}
                yield Finding(where, conflict.message, at_key=whole_part)
        for name in type(part).model_fields:
            for where, inner in _parts_in(getattr(part, name), (*path, name)):
                yield from self._conflicts(inner, where)

    def _rests_on_spoiled(self, conflict: Conflict, path: Path) -> bool:
        looked_at = [(*path, *each) for each in conflict.depends]
        return any(each in self._above_spoiled or self._is_spoiled(each) for each in looked_at)

    def _is_spoiled(self, path: Path) -> bool:
        return any(start in self._spoiled for start in _starts(path))

    def _spoil(self, path: Path, *, unknown: bool = False) -> None:
        """Replace the value at `path` by a harmless one; remove an unknown key."""
        self._spoiled.add(path)
        self._above_spoiled.update(_starts(path))
        section = next((each for each in _HARMLESS_ENTRIES if each == path[: len(each)] != path), None)
        if section and not unknown:
            self._heal_entry(section, path[len(section)])
            return
        above = _at(self._data, path[:-1])
        if isinstance(above, list) and isinstance(path[-1], int):
            cast("list[object]", above)[path[-1]] = _HARMLESS_ITEMS.get(path[:-1], "x")
        if not path or not isinstance(above, dict):
            return
        mapping, key = cast("dict[str, Any]", above), str(path[-1])
        if not unknown and _is_required(path):
            mapping[key] = _HARMLESS[key]
        else:
            mapping.pop(key, None)

    def _heal_entry(self, section: Path, key: str | int) -> None:
        """Replace a whole entry: without its wrong part it may lack a required key."""
        entries, harmless = _at(self._data, section), dict(_HARMLESS_ENTRIES[section])
        if isinstance(entries, list) and isinstance(key, int):
            cast("list[object]", entries)[key] = harmless
        elif isinstance(entries, dict):
            gates = cast("dict[str, object]", entries)
            if key in GATES:
                gates[str(key)] = harmless
            else:
                gates.pop(str(key), None)


def _parts_in(value: object, path: Path) -> Iterator[tuple[Path, Settings]]:
    """Yield the settings here: single, in a list, or in a mapping."""
    if isinstance(value, Settings):
        yield path, value
    elif isinstance(value, list):
        for place, each in enumerate(cast("list[object]", value)):
            yield from _parts_in(each, (*path, place))
    elif isinstance(value, dict):
        for key, each in cast("dict[str, object]", value).items():
            yield from _parts_in(each, (*path, key))


def _is_required(path: Path) -> bool:
    top = len(path) == 1
    inside = not top and path[0] in {"source", "target", "repository", "queries"}
    return path[-1] in _HARMLESS and (top or (inside and path[-1] not in {"source", "target", "repository"}))


def _starts(path: Path) -> Iterator[Path]:
    return (path[:length] for length in range(len(path) + 1))


def _without_tags(loc: Path) -> Path:
    """Remove the tags that pydantic adds for the members of a union."""
    path: Path = ()
    tags: set[str] = set()
    for part in loc:
        if part in tags:
            tags = set()
        else:
            path = (*path, part)
            tags = _TAGS.get(str(part), set())
    return path


def _at(data: object, path: Path) -> object:
    for part in path:
        if isinstance(data, dict):
            data = cast("dict[object, object]", data).get(part)
        elif isinstance(data, list) and isinstance(part, int):
            items = cast("list[object]", data)
            data = items[part] if part < len(items) else None
        else:
            return None
    return data
