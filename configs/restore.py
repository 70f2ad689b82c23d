"""The plan's `restore` section: how indices are restored."""

import re
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema

from configs.base import Conflict, ConflictError, Settings

UNMODIFIABLE = {
    "index.number_of_shards": "the number of shards is fixed when an index is created",
    "index.version.created": "the engine records which version created the index",
    "index.uuid": "the engine gives each index its own UUID",
    "index.creation_date": "the engine records when the index was created",
    "index.history_uuid": "the engine starts a new history with each restore",
    "index.history.uuid": "the engine starts a new history with each restore",
    "index.provided_name": "the engine records under which name the index was created",
    "index.soft_deletes.enabled": "soft deletes cannot be switched off by a restore",
    "index.number_of_routing_shards": "its documents would be looked for in other shards than they are in",
    "index.routing_partition_size": "its documents would be looked for in other shards than they are in",
    "index.sort.field": "its segments keep the order in which they were written",
    "index.sort.order": "its segments keep the order in which they were written",
}

UNREMOVABLE = {
    **{key: why for key, why in UNMODIFIABLE.items() if key != "index.provided_name"},
    "index.number_of_replicas": "every index has one, which restore.index_settings can set",
    "index.auto_expand_replicas": "the engine keeps it; restore.index_settings can set it",
    "index.version.upgraded": "the engine records which version upgraded the index",
}

_NOT_OURS = "Snapferry could neither close nor remove its own copies then"
_UNREADABLE = "no verification could read the copies then"
_BLOCKS = {
    "index.blocks.read": _UNREADABLE,
    "index.blocks.metadata": _UNREADABLE,
    "index.blocks.read_only": _NOT_OURS,
    "index.blocks.read_only_allow_delete": _NOT_OURS,
}
"""Blocks that a copy cannot have while Snapferry works with it, and why."""
_SHAPES = {
    "index.number_of_replicas": (r"\d+", "a whole number, such as 1"),
    "index.auto_expand_replicas": (r"false|\d+-(?:\d+|all)", "false, or a range such as 0-1 or 0-all"),
    "index.refresh_interval": (
        r"-1|0|\d+(?:nanos|micros|ms|s|m|h|d)",
        "a time with its unit, such as 30s, or -1 for never",
    ),
    "index.routing.allocation.enable": (
        r"all|primaries",
        "all or primaries: with any other value no copy could be started",
    ),
    **{f"index.blocks.{kind}": (r"true|false", "true or false") for kind in ("write", "read", "metadata")},
}
"""Values of settings that Snapferry itself works with: a pattern, and in words."""
SHAPED = frozenset(_SHAPES)
"""Settings whose values are judged when a plan is loaded."""


def setting_text(value: object) -> str:
    """A setting's value as the engines render it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _shape(pattern: str) -> dict[str, Any]:
    """The JSON Schema of a value that matches the pattern as text."""
    shapes: list[dict[str, Any]] = [{"type": "string", "pattern": f"^(?:{pattern})$"}]
    shapes += [{"enum": [fact]} for fact in (True, False) if re.fullmatch(pattern, setting_text(fact))]
    shapes += [{"type": "integer", "minimum": 0}] if re.fullmatch(pattern, "7") else []
    shapes += [{"enum": [number]} for number in (-1, 0) if re.fullmatch(pattern, str(number))]
    return {"anyOf": shapes}


_WORKABLE = {key: _shape(pattern) for key, (pattern, _) in _SHAPES.items()} | {
    key: {"enum": [False, "false"]} for key in _BLOCKS
}
_MODIFIABLE: dict[str, Any] = {
    "propertyNames": {"not": {"enum": sorted(UNMODIFIABLE)}},
    "patternProperties": {
        rf"^(?:index\.)?{re.escape(key.removeprefix('index.'))}$": shape
        for key, shape in sorted(_WORKABLE.items())
    },
}


def full_key(key: str) -> str:
    """The key of an index setting as the engine has it: `index.` may be left out in a plan."""
    return key if key.startswith(("index.", "*")) else f"index.{key}"


def _check_setting(value: object) -> bool | int | float | str:
    if isinstance(value, dict):
        raise ValueError("write flat keys, such as index.number_of_replicas: 0")  # noqa: TRY004 (for pydantic)
    if isinstance(value, (bool, int, float, str)):
        return value
    raise ValueError("an index setting is true, false, a number or text")


def _check_index_settings(settings: dict[str, Any]) -> dict[str, Any]:
    fixed = _refused_settings(
        ((key, key) for key in settings), UNMODIFIABLE, "cannot be changed by a restore"
    )
    values = (
        Conflict((key,), problem, ((key,),))
        for key, value in settings.items()
        for problem in _value_problems(full_key(key), setting_text(value))
    )
    _refuse(*fixed, *values)
    return settings


def _value_problems(name: str, value: str) -> Iterator[str]:
    """Say why a copy could not work with this value."""
    if name in _BLOCKS and value.lower() == "true":
        yield (
            f"{name} cannot be true: {_BLOCKS[name]}; set it on the target when the migration is over, or "
            "use index.blocks.write"
        )
    elif name in _SHAPES and not re.fullmatch(_SHAPES[name][0], value):
        yield f"{name} is {value}; write {_SHAPES[name][1]}"


def _check_ignored(settings: list[str]) -> list[str]:
    _refuse(*_refused_settings(enumerate(settings), UNREMOVABLE, "cannot be left out by a restore"))
    return settings


def _refused_settings(settings: Any, reasons: dict[str, str], cannot: str) -> Iterator[Conflict]:
    for place, key in settings:
        name = full_key(key)
        if name in reasons:
            yield Conflict((place,), f"{name} {cannot}: {reasons[name]}; remove it", ((place,),))
        elif not key.strip() or "," in key or " " in key:
            message = "this is not the name of an index setting; write one such as index.refresh_interval"
            yield Conflict((place,), message, ((place,),))


def _refuse(*conflicts: Conflict) -> None:
    if conflicts:
        raise ConflictError(conflicts)


SettingValue = Annotated[
    bool | int | float | str,
    PlainValidator(_check_setting),
    WithJsonSchema({"type": ["boolean", "number", "string"]}),
]


class RestoreSettings(Settings):
    """How indices are restored on the target."""

    aliases: bool = Field(
        default=True, title="Aliases", description="Whether to restore the indices' aliases."
    )
    index_settings: Annotated[dict[str, SettingValue], AfterValidator(_check_index_settings)] = Field(
        default={},
        title="Index settings",
        description="Settings of the restored indices that override the source's; flat keys.",
        examples=[{"index.number_of_replicas": 1}],
        json_schema_extra=_MODIFIABLE,
    )
    ignore_index_settings: Annotated[list[str], AfterValidator(_check_ignored)] = Field(
        default=[],
        title="Ignored index settings",
        description="Settings of the source to leave out; `*` stands for any characters. Blocks and "
        "placement are always left out.",
        examples=[["index.refresh_interval"]],
    )
    batch: int = Field(
        default=200,
        ge=1,
        le=1000,
        title="Batch",
        description="Indices in one restore request, from 1 to 1000.",
        examples=[200],
    )
