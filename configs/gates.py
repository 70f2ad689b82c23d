"""The plan's `gates` section: points where a run waits for approval."""

from collections.abc import Iterator, Mapping
from posixpath import normpath
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from configs.base import Conflict, Settings
from configs.values.durations import PositiveDuration

Gate = Literal["before-snapshot", "before-restore", "before-freeze", "before-open"]
GATES: tuple[Gate, ...] = ("before-snapshot", "before-restore", "before-freeze", "before-open")


def _check_file(value: str) -> str:
    if not value.startswith("/"):
        raise ValueError("give an absolute path: the run may be resumed from another folder")
    if value.endswith("/") or not value.isprintable():
        raise ValueError("this is not the path of a file; give one such as /var/run/orders-go")
    return value


class GateSettings(Settings):
    """How long a run waits at this gate, and what opens it besides `snapferry approve`."""

    timeout: PositiveDuration = Field(
        title="Timeout",
        description="How long the run waits for approval before it times out; the same command returns to "
        "the gate.",
        examples=["2h"],
    )
    file: Annotated[str, AfterValidator(_check_file)] | None = Field(
        default=None,
        title="File",
        description="Absolute path of a file that opens the gate once it exists and is newer than the run.",
        examples=["/var/run/orders-go"],
        json_schema_extra={"type": "string", "pattern": "^/.*[^/]$"},
    )


def shared_files(gates: Mapping[Gate, GateSettings]) -> Iterator[Conflict]:
    """Yield each file that would open several gates at once."""
    opens: dict[str, Gate] = {}
    for gate, settings in gates.items():
        if settings.file is None:
            continue
        first = opens.setdefault(normpath(settings.file), gate)
        if first != gate:
            place = ("gates", gate, "file")
            message = f"this file also opens gate {first}; give each gate its own file"
            yield Conflict(place, message, (place, ("gates", first, "file")))
