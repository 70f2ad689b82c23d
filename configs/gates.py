"""Gates: points of a run where it waits until somebody approves that it goes on."""

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
        raise ValueError("give an absolute path: the run may be continued from another folder")
    if value.endswith("/") or not value.isprintable():
        raise ValueError("this is no path of a file; give one such as /var/run/orders-go")
    return value


class GateSettings(Settings):
    """How long a run waits at this gate, and what opens it beside `snapferry approve`."""

    timeout: PositiveDuration = Field(
        title="Timeout",
        description="How long the run waits for the approval. Then it ends as timed out; the same command "
        "goes back to the gate.",
        examples=["2h"],
    )
    file: Annotated[str, AfterValidator(_check_file)] | None = Field(
        default=None,
        title="File",
        description="Absolute path of a file that opens the gate, once it is there and younger than the run.",
        examples=["/var/run/orders-go"],
        json_schema_extra={"type": "string", "pattern": "^/.*[^/]$"},
    )


def shared_files(gates: Mapping[Gate, GateSettings]) -> Iterator[Conflict]:
    """Yield files that would open several gates with one touch."""
    opens: dict[str, Gate] = {}
    for gate, settings in gates.items():
        if settings.file is None:
            continue
        first = opens.setdefault(normpath(settings.file), gate)
        if first != gate:
            place = ("gates", gate, "file")
            message = f"this file opens gate {first}, too; give each gate a file of its own"
            yield Conflict(place, message, (place, ("gates", first, "file")))
