"""The plan's `restore` section: how indices are restored."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema

from configs.base import Conflict, ConflictError, Settings

UNMODIFIABLE = {
    "index.number_of_shards": "the number of shards is fixed when an index is created",
    "index.version.created": "the engine records which version created the index",
    "index.uuid": "the engine gives each index its own UUID",
    "index.creation_date": "the engine records when the index was created",
    "index.history_uuid": "the engine starts a new history with each restore",
    "index.soft_deletes.enabled": "soft deletes cannot be switched off by a restore",
}

UNREMOVABLE = {
    **UNMODIFIABLE,
    "index.number_of_replicas": "every index has one, which restore.index_settings can set",
    "index.auto_expand_replicas": "the engine keeps it; restore.index_settings can set it",
    "index.version.upgraded": "the engine records which version upgraded the index",
}

_MODIFIABLE: dict[str, Any] = {"propertyNames": {"not": {"enum": sorted(UNMODIFIABLE)}}}


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
    _refuse_settings(((key, key) for key in settings), UNMODIFIABLE, "cannot be changed by a restore")
    return settings


def _check_ignored(settings: list[str]) -> list[str]:
    _refuse_settings(enumerate(settings), UNREMOVABLE, "cannot be left out by a restore")
    return settings


def _refuse_settings(settings: Any, reasons: dict[str, str], cannot: str) -> None:
    conflicts: list[Conflict] = []
    for place, key in settings:
        name = full_key(key)
        if name in reasons:
            conflicts.append(Conflict((place,), f"{name} {cannot}: {reasons[name]}; remove it", ((place,),)))
        elif not key.strip() or "," in key or " " in key:
            message = "this is not the name of an index setting; write one such as index.refresh_interval"
            conflicts.append(Conflict((place,), message, ((place,),)))
    if conflicts:
        raise ConflictError(tuple(conflicts))


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
