"""The pairs of engines that the main job is proven on, and the labs that hold them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.description import LabDescription
from lab.manager import attached
from lab.settings import DomainSettings, LabSettings

OLD, MIDDLE, NEW = "elasticsearch-7.10.2", "opensearch-2.19.4", "opensearch-3.6.0"
WITH_VECTORS = "opensearch-2.19.1"


@dataclass(frozen=True)
class Pair:
    """Two engines. `storage` is what the snapshots lie in."""

    source: str
    target: str
    storage: str
    access_control: bool = False

    @property
    def name(self) -> str:
        """As the table in docs/lab.md writes it."""
        return f"{self.source} → {self.target}"

    def settings(self) -> LabSettings:
        """The lab to start."""
        return LabSettings(
            source=DomainSettings("orders-source", "us-east-1", self.source, self.access_control),
            target=DomainSettings("orders-target", "eu-west-1", self.target, self.access_control),
        )


SECURED = Pair(WITH_VECTORS, WITH_VECTORS, "folder", access_control=True)
OLD_TO_MIDDLE = Pair(OLD, MIDDLE, "folder")
MIDDLE_TO_NEW = Pair(MIDDLE, NEW, "folder")
OLD_TO_NEW = Pair(OLD, NEW, "folder")


@contextmanager
def pair_lab(pair: Pair, home: Path) -> Iterator[LabDescription]:
    """A lab of the pair, for the block."""
    with attached(home, pair.settings()) as description:
        yield description
