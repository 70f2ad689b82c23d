"""The plan's `metadata` section: what comes along beside the indices, such as templates and roles."""

from collections.abc import Iterator
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field

from configs.base import Conflict, Path, Settings

MetadataKind = Literal[
    "cluster-settings",
    "stored-scripts",
    "ingest-pipelines",
    "search-pipelines",
    "component-templates",
    "index-templates",
    "legacy-templates",
    "action-groups",
    "roles",
    "tenants",
    "users",
    "role-mappings",
    "aliases",
    "index-policies",
    "managed-indices",
    "snapshot-policies",
    "notification-channels",
    "monitors",
]
METADATA_KINDS: tuple[MetadataKind, ...] = get_args(MetadataKind)
"""Every kind that can be chosen, in the order in which they depend on each other."""
_LONGEST = 512


def _check_pattern(value: str) -> str:
    if not value.strip():
        raise ValueError('a name cannot be empty; give a name or a pattern such as "logs-*"')
    if value != value.strip():
        raise ValueError("there are blanks at an end; remove them")
    if value.startswith("-"):
        raise ValueError(
            'a pattern cannot start with "-"; to leave something out, put it under exclude without the "-"'
        )
    if len(value) > _LONGEST:
        raise ValueError(f"a name has at most {_LONGEST} characters; shorten it")
    return value


NamePattern = Annotated[str, AfterValidator(_check_pattern), Field(json_schema_extra={"minLength": 1})]


class MetadataNames(Settings):
    """Which names are copied, whatever their kind."""

    include: Annotated[list[NamePattern], Field(min_length=1)] = Field(
        default=["*"],
        title="Include",
        description="Names and patterns to copy; `*` stands for any characters.",
        examples=[["orders-*", "customers"]],
    )
    exclude: list[NamePattern] = Field(
        default=[],
        title="Exclude",
        description="Names and patterns to leave out of those that `include` selects.",
        examples=[["manage_snapshots"]],
    )

    def disagreements(self) -> Iterator[Conflict]:
        """Yield each exclusion that leaves nothing to copy, or cancels an inclusion."""
        depends: tuple[Path, ...] = (("include",), ("exclude",))
        for place, pattern in enumerate(self.exclude):
            if not pattern.strip("*"):
                yield Conflict(("exclude", place), "this leaves nothing to copy; exclude less", depends)
            elif pattern in self.include:
                message = "this is also under include, so it would never be copied; remove one of the two"
                yield Conflict(("exclude", place), message, depends)


class MetadataSettings(Settings):
    """What comes along beside the indices. Service-owned and reserved things never do."""

    automatic: bool = Field(
        default=False,
        title="Automatic",
        description="Whether `migrate` and `cutover` copy it by themselves: what indices need before the "
        "restore, the rest once the target is verified and open. Otherwise `snapferry metadata copy` does.",
    )
    include: Annotated[list[MetadataKind], Field(min_length=1)] = Field(
        default=list(METADATA_KINDS),
        title="Include",
        description="Kinds to copy; all without this key.",
        examples=[["index-templates", "ingest-pipelines"]],
    )
    exclude: list[MetadataKind] = Field(
        default=[],
        title="Exclude",
        description="Kinds to leave out of those that `include` names.",
        examples=[["users"]],
    )
    names: MetadataNames = Field(
        default=MetadataNames(),
        title="Names",
        description="Names and patterns of what is copied, whatever its kind.",
    )
    conflicts: Literal["fail", "skip", "replace"] = Field(
        default="fail",
        title="Conflicts",
        description="What to do where the target has something of the same name that differs. fail: change "
        "nothing at all. skip: leave the target's. replace: overwrite the target's.",
    )
    attach_policies: Literal["later", "now"] = Field(
        default="later",
        title="Attach policies",
        description="When the target's indices are put under their index policies. later: by "
        "`snapferry metadata copy --attach`. now: with everything else. Age counts from an index's original "
        "creation, so that a policy may delete it at once.",
    )
    dashboards: bool = Field(
        default=False,
        title="Dashboards",
        description="Whether to export and import the saved objects of Dashboards (global tenant).",
    )

    @property
    def kinds(self) -> tuple[MetadataKind, ...]:
        """The chosen kinds, in the order in which they depend on each other."""
        return tuple(kind for kind in METADATA_KINDS if kind in self.include and kind not in self.exclude)

    def disagreements(self) -> Iterator[Conflict]:
        """Yield kinds that are named twice, or that leave nothing to copy."""
        depends: tuple[Path, ...] = (("include",), ("exclude",))
        for key, listed in (("include", self.include), ("exclude", self.exclude)):
            for place, kind in enumerate(listed):
                if kind in listed[:place]:
                    yield Conflict((key, place), "this kind is listed twice; remove one", ((key,),))
        if not self.kinds and not self.dashboards:
            yield Conflict(("exclude",), "this leaves nothing to copy; exclude less", depends)
