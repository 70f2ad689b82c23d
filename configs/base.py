"""What every part of a plan shares: one strict, frozen base and the way two fields disagree."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict

Path = tuple[str | int, ...]


class Settings(BaseModel):
    """Base of all parts of a plan: frozen, no unknown keys, no silent conversion, no input in messages."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


@dataclass(frozen=True)
class Conflict:
    """Fields that do not go together: where to change something, and what would be right.

    `path` is relative to the model that found it. `depends` names the fields that were looked at: the loader
    keeps silent about a conflict that rests on a field which is wrong by itself.
    """

    path: Path
    message: str
    depends: tuple[Path, ...] = field(default=((),))


class ConflictError(ValueError):
    """Several conflicts of one model, carried through pydantic to the loader."""

    def __init__(self, conflicts: tuple[Conflict, ...]) -> None:
        super().__init__("; ".join(_line(conflict) for conflict in conflicts))
        self.conflicts = conflicts


def refuse_conflicts(conflicts: Iterable[Conflict]) -> None:
    """Raise one error that carries all conflicts; do nothing when there are none."""
    found = tuple(conflicts)
    if found:
        raise ConflictError(found)


def path_text(path: Path) -> str:
    """`('indices', 'include', 2)` → `indices.include[2]`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _line(conflict: Conflict) -> str:
    return f"{path_text(conflict.path)}: {conflict.message}" if conflict.path else conflict.message
