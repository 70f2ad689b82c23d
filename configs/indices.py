"""The plan's `indices` section: which indices move."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from configs.base import Conflict, Settings
from configs.values.names import INDEX_PATTERN, check_index_pattern

Pattern = Annotated[
    str, AfterValidator(check_index_pattern), Field(json_schema_extra={"pattern": INDEX_PATTERN})
]


class IndexSelection(Settings):
    """Which indices and data streams move. System indices stay, unless `include` names one exactly."""

    include: Annotated[list[Pattern], Field(min_length=1)] = Field(
        default=["*"],
        title="Include",
        description="Names and patterns to move; `*` stands for any characters. System indices move only by "
        "their exact names, and some never.",
        examples=[["orders-*", "customers"]],
    )
    exclude: list[Pattern] = Field(
        default=[],
        title="Exclude",
        description="Names and patterns to leave out of those that `include` selects.",
        examples=[["tmp-*"]],
    )
    closed: Literal["skip", "move"] = Field(
        default="skip",
        title="Closed indices",
        description="skip: leave closed indices out. move: move them too, and close them again on the "
        "target; they are compared without opening the source's.",
    )

    def disagreements(self) -> Iterator[Conflict]:
        """Yield each exclusion that leaves nothing to move, or cancels an inclusion."""
        depends: tuple[tuple[str | int, ...], ...] = (("include",), ("exclude",))
        included = set(self.include)
        for place, pattern in enumerate(self.exclude):
            if not pattern.strip("*"):
                yield Conflict(("exclude", place), "this leaves nothing to move; exclude less", depends)
            elif pattern in included:
                message = "this is also under include, so it would never move; remove one of the two"
                yield Conflict(("exclude", place), message, depends)
