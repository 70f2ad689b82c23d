"""Settings of a lab."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from lab.engines.artifacts import DEFAULT_ENGINE, Engine
from lab.errors import LabError

ACCOUNT = "123456789012"
ACCOUNT_ID = re.compile(r"\d{12}")
HEAP_MB = 512  # for up to 250,000 documents
DOCUMENTS_PER_MB = 500


def heap_for(documents: int) -> int:
    """The heap (MB) that an engine needs for so many documents of the lab's, at most 4 GB."""
    return min(4096, max(HEAP_MB, documents // DOCUMENTS_PER_MB))


@dataclass(frozen=True)
class DomainSettings:
    """One domain to start: its name, its Region, and the engine (a name of artifacts.json) behind it.

    `access_control` turns on fine-grained access control by the real security plugin. `data_nodes` is the
    number of nodes that hold data, `managers` the number eligible as cluster manager (if larger, additional
    nodes without data are started). `account` is the account that owns the domain.
    """

    name: str
    region: str
    engine: str = DEFAULT_ENGINE
    access_control: bool = False
    data_nodes: int = 1
    managers: int = 1
    account: str = ACCOUNT

    @property
    def arn(self) -> str:
        """The domain's ARN."""
        return f"arn:aws:es:{self.region}:{self.account}:domain/{self.name}"

    @property
    def nodes(self) -> int:
        """The number of nodes to start."""
        return max(self.data_nodes, self.managers)

    def require_possible(self, engine: Engine) -> None:
        """Raise LabError when the engine does not support these settings, or the account is not one."""
        if not ACCOUNT_ID.fullmatch(self.account):
            raise LabError(f"{self.account!r} is not an account.", "Give its 12 digits.")
        if self.access_control and not engine.has_access_control:
            raise LabError(
                f"The lab has no security plugin for {engine.name}: {self.name} cannot have access control.",
                "Leave it out, or choose opensearch-2.19.4 or opensearch-2.19.1.",
            )


@dataclass(frozen=True)
class LabSettings:
    """A lab to start. `heap_mb` is one engine's heap; `java_options` are added to its command line.

    `bucket_region` is the source's Region unless given; the bucket belongs to the source's account. With
    `tls` the front doors speak HTTPS only.
    """

    source: DomainSettings = DomainSettings("orders-source", "us-east-1")
    target: DomainSettings = DomainSettings("orders-target", "eu-west-1")
    bucket: str = "snapferry-lab-snapshots"
    bucket_region: str | None = None
    heap_mb: int = HEAP_MB
    tls: bool = False
    # Engines live shortly: the quick compiler and the small collector halve the processor time of a start.
    java_options: tuple[str, ...] = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")

    @property
    def domains(self) -> tuple[DomainSettings, DomainSettings]:
        """Source and target."""
        return self.source, self.target

    def save(self, path: Path) -> None:
        """Write the settings as JSON."""
        path.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")

    @staticmethod
    def load(path: Path) -> LabSettings:
        """Read settings that `save` wrote."""
        raw = json.loads(path.read_text(encoding="utf-8"))
        return LabSettings(
            source=DomainSettings(**raw["source"]),
            target=DomainSettings(**raw["target"]),
            bucket=raw["bucket"],
            bucket_region=raw["bucket_region"],
            heap_mb=raw["heap_mb"],
            tls=raw["tls"],
            java_options=tuple(raw["java_options"]),
        )
