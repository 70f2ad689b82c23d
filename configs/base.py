"""The strict, frozen base of every part of a plan, and conflicts between fields."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationInfo, model_validator

Path = tuple[str | int, ...]
DEFERRED = object()  # validation context: do not raise conflicts, the caller collects them


@dataclass(frozen=True)
class Conflict:
    """A conflict between fields: where to change something, and what would be right.

    `path` is relative to the model that found it. `depends` names the fields it was derived from: the loader
    drops a conflict that depends on an invalid field.
    """

    path: Path
    message: str
    depends: tuple[Path, ...] = field(default=((),))


class ConflictError(ValueError):
    """Carries the conflicts of one model through pydantic to the loader."""

    def __init__(self, conflicts: tuple[Conflict, ...]) -> None:
        super().__init__("; ".join(_line(conflict) for conflict in conflicts))
        self.conflicts = conflicts


def refuse_conflicts(conflicts: Iterable[Conflict]) -> None:
    """Raise one error with all conflicts; do nothing when there are none."""
    found = tuple(conflicts)
    if found:
        raise ConflictError(found)


def path_text(path: Path) -> str:
    """Format a path: `('indices', 'include', 2)` → `indices.include[2]`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


class Settings(BaseModel):
    """Base of all parts of a plan: frozen, no unknown keys, no silent conversion, no input in messages."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, hide_input_in_errors=True, serialize_by_alias=True
    )

    @model_validator(mode="after")
    def _fields_go_together(self, info: ValidationInfo) -> Self:
        if info.context is not DEFERRED:
            refuse_conflicts(self.disagreements())
        return self

    def disagreements(self) -> Iterator[Conflict]:
        """Yield the conflicts between this part's fields. Parts with such rules override it."""
        yield from ()

    def refusals(self) -> Iterator[Conflict]:
        """Yield what a plan that is loaded from a file may not have, but one that a run began with may.

        An earlier version accepted it, and its run must be finished, above all where it has frozen a source.
        """
        yield from ()


def _line(conflict: Conflict) -> str:
    return f"{path_text(conflict.path)}: {conflict.message}" if conflict.path else conflict.message
