"""What is moved and how: indices, snapshot, conflicts, restore."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema

from configs.base import Conflict, ConflictError, Settings
from configs.durations import Duration
from configs.names import (
    INDEX_PATTERN,
    PREFIX_PATTERN,
    SNAPSHOT_PATTERN,
    SUFFIX_PATTERN,
    check_index_name,
    check_index_pattern,
    check_prefix,
    check_snapshot_name,
    check_suffix,
)

UNMODIFIABLE = {
    "index.number_of_shards": "the number of shards is fixed when an index is made",
    "index.version.created": "the engine records which version made the index",
    "index.uuid": "the engine gives each index its own UUID",
    "index.creation_date": "the engine records when the index was made",
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

Pattern = Annotated[
    str, AfterValidator(check_index_pattern), Field(json_schema_extra={"pattern": INDEX_PATTERN})
]
IndexName = Annotated[
    str,
    AfterValidator(check_index_name),
    Field(json_schema_extra={"pattern": INDEX_PATTERN.replace("A-Z", "A-Z*")}),
]


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
        name = key if key.startswith("index.") else f"index.{key}"
        if name in reasons:
            conflicts.append(Conflict((place,), f"{name} {cannot}: {reasons[name]}; remove it", ((place,),)))
        elif not key.strip() or "," in key or " " in key:
            conflicts.append(Conflict((place,), "this is no name of an index setting", ((place,),)))
    if conflicts:
        raise ConflictError(tuple(conflicts))


SettingValue = Annotated[
    bool | int | float | str,
    PlainValidator(_check_setting),
    WithJsonSchema({"type": ["boolean", "number", "string"]}),
]


class IndexSelection(Settings):
    """Which indices, data streams and aliases move. System indices never do."""

    include: Annotated[list[Pattern], Field(min_length=1)] = Field(
        default=["*"],
        title="Include",
        description="Names and patterns of what moves; `*` stands for any characters.",
        examples=[["orders-*", "customers"]],
    )
    exclude: list[Pattern] = Field(
        default=[],
        title="Exclude",
        description="Names and patterns of what stays, out of what `include` names.",
        examples=[["tmp-*"]],
    )
    closed: Literal["skip", "move"] = Field(
        default="skip",
        title="Closed indices",
        description="skip: closed indices stay. move: they move too, and are closed again on the target; "
        "they are compared without opening the source's.",
    )

    def disagreements(self) -> Iterator[Conflict]:
        """Yield each exclusion that leaves nothing of what it is about."""
        depends: tuple[tuple[str | int, ...], ...] = (("include",), ("exclude",))
        included = set(self.include)
        for place, pattern in enumerate(self.exclude):
            if not pattern.strip("*"):
                yield Conflict(("exclude", place), "this leaves nothing to move; exclude less", depends)
            elif pattern in included:
                message = "the same is under include, so it would never move; remove one of the two"
                yield Conflict(("exclude", place), message, depends)


class SnapshotSettings(Settings):
    """The snapshot that carries the data."""

    existing: (
        Annotated[
            str, AfterValidator(check_snapshot_name), Field(json_schema_extra={"pattern": SNAPSHOT_PATTERN})
        ]
        | None
    ) = Field(
        default=None,
        title="Existing snapshot",
        description="Name of a snapshot that is already in the repository. Without it, a new one is taken.",
        examples=["orders-2024-05-01"],
    )
    wait_for_running: Duration = Field(
        default=timedelta(minutes=30),
        title="Wait for a running snapshot",
        description="How long to wait for another snapshot that is running: 45s, 30m, 1h30m, or seconds; "
        "at most 7 days.",
        examples=["30m"],
    )
    allow_partial: bool = Field(
        default=False,
        title="Allow a partial snapshot",
        description="Go on with a snapshot that lacks shards. The command also needs --allow-partial.",
    )


class ConflictSettings(Settings):
    """What happens when the target already has an index, alias or data stream of the same name."""

    policy: Literal["fail", "skip", "rename", "delete"] = Field(
        default="fail",
        title="Policy",
        description="fail: change nothing. skip: leave that index out. rename: restore it under another "
        "name. delete: delete the target's, when it is named under `delete`.",
    )
    prefix: Annotated[str, AfterValidator(check_prefix)] = Field(
        default="",
        title="Prefix",
        description="Put in front of the names; only with policy rename.",
        examples=["rehearsal-"],
        json_schema_extra={"pattern": PREFIX_PATTERN},
    )
    suffix: Annotated[str, AfterValidator(check_suffix)] = Field(
        default="",
        title="Suffix",
        description="Put behind the names; only with policy rename.",
        examples=["-restored"],
        json_schema_extra={"pattern": SUFFIX_PATTERN},
    )
    delete: list[IndexName] = Field(
        default=[],
        title="Delete",
        description="Exact names that may be deleted on the target; only with policy delete. "
        "The command additionally needs --allow-delete for each.",
        examples=[["orders-2024"]],
    )

    def disagreements(self) -> Iterator[Conflict]:
        """Yield the fields that do not fit the policy."""
        affixes = (("policy",), ("prefix",), ("suffix",))
        deletes = (("policy",), ("delete",))
        if self.policy == "rename" and not self.prefix and not self.suffix:
            yield Conflict(("policy",), "rename needs a prefix or a suffix, such as prefix: moved-", affixes)
        for name, value in (("prefix", self.prefix), ("suffix", self.suffix)):
            if self.policy != "rename" and value:
                message = f"it is used with policy rename only, and the policy is {self.policy}; remove it"
                yield Conflict((name,), message, (("policy",), (name,)))
        if self.policy == "rename" and len(self.prefix.encode()) + len(self.suffix.encode()) > 200:
            yield Conflict(("prefix",), "prefix and suffix leave no room for a name; shorten them", affixes)
        if self.policy == "delete" and not self.delete:
            message = "delete needs the exact names that may be deleted, such as delete: [orders-2024]"
            yield Conflict(("policy",), message, deletes)
        if self.policy != "delete" and self.delete:
            message = f"it is used with policy delete only, and the policy is {self.policy}; remove it"
            yield Conflict(("delete",), message, deletes)
        seen: set[str] = set()
        for place, name in enumerate(self.delete):
            if name in seen:
                yield Conflict(("delete", place), "this name is listed twice; remove one", deletes)
            seen.add(name)


class RestoreSettings(Settings):
    """How indices are restored on the target."""

    aliases: bool = Field(
        default=True, title="Aliases", description="Restore the indices' aliases with them."
    )
    index_settings: Annotated[dict[str, SettingValue], AfterValidator(_check_index_settings)] = Field(
        default={},
        title="Index settings",
        description="Settings that the restored indices get, over those of the source; flat keys.",
        examples=[{"index.number_of_replicas": 1}],
        json_schema_extra=_MODIFIABLE,
    )
    ignore_index_settings: Annotated[list[str], AfterValidator(_check_ignored)] = Field(
        default=[],
        title="Ignored index settings",
        description="Settings of the source that the restored indices do not get; `*` stands for any "
        "characters. Blocks and placement are always left out.",
        examples=[["index.refresh_interval"]],
    )
    batch: int = Field(
        default=200,
        ge=1,
        le=1000,
        title="Batch",
        description="How many indices one restore request names, from 1 to 1000.",
        examples=[200],
    )
