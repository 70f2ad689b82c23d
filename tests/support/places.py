"""Places for the state, and machines that use them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lab.account.s3_faults import S3Fault, S3FaultPlan
from runs.stores.store import StateStore

LEASE_S = 3
FAULTS = S3FaultPlan(
    rate=0.3,
    faults=(
        S3Fault(kind="conflict"),
        S3Fault(kind="lost"),
        S3Fault(kind="close"),
        S3Fault(kind="slow down"),
        S3Fault(kind="slow", seconds=0.05),
    ),
)


@dataclass(frozen=True)
class Seat:
    """One machine at the place: the folder that names the files there, and the store they are in."""

    folder: Path
    store: StateStore

    def path(self, name: str) -> Path:
        """The path of a file, such as `plans/orders/x.json`."""
        return self.folder / name


@dataclass(frozen=True)
class Place:
    """A place for the state.

    Args:
        kind: `folder`, `s3` or `s3 with faults`.
        seat: sits down as another machine; at a folder, all share it.
    """

    kind: str
    seat: Callable[[], Seat]

    @property
    def is_shared(self) -> bool:
        """Whether machines with no folder in common can use it."""
        return self.kind != "folder"
