"""Which indices move: the plan's `indices` section."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from configs.base import Conflict, Settings
from configs.values.names import INDEX_PATTERN, check_index_pattern

Pattern = Annotated[
    str, AfterValidator(check_index_pattern), Field(json_schema_extra={"pattern": INDEX_PATTERN})
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
