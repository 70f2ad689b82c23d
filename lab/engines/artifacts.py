"""The pinned engine artifacts: which Maven files make up an engine, with their sizes and checksums."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

DEFAULT_ENGINE = "opensearch-3.6.0"
MIRROR_VARIABLE = "SNAPFERRY_MAVEN_URL"


@dataclass(frozen=True)
class Artifact:
    """One file of a Maven repository; `size` in bytes, `sha256` in hex."""

    group: str
    artifact: str
    version: str
    packaging: str
    size: int
    sha256: str

    @property
    def file_name(self) -> str:
        """The file's name in the repository."""
        return f"{self.artifact}-{self.version}.{self.packaging}"

    @property
    def path(self) -> str:
        """The file's path in the repository."""
        return f"{self.group.replace('.', '/')}/{self.artifact}/{self.version}/{self.file_name}"

    def url(self) -> str:
        """The file's address in the repository that this machine uses."""
        return f"{repository_url().rstrip('/')}/{self.path}"


@dataclass(frozen=True)
class Engine:
    """Everything that makes up one engine version."""

    name: str
    version: str
    java_minimum: int
    java_maximum: int | None
    server: Artifact
    remove: tuple[str, ...]
    plugins: tuple[tuple[str, tuple[Artifact, ...]], ...]

    @property
    def artifacts(self) -> tuple[Artifact, ...]:
        """All files of the engine, the server first."""
        return (self.server, *(artifact for _, jars in self.plugins for artifact in jars))


def repository_url() -> str:
    """The Maven repository: SNAPFERRY_MAVEN_URL where set, else the one that jgo knows."""
    override = os.environ.get(MIRROR_VARIABLE)
    if override:
        return override
    from jgo.constants import MAVEN_CENTRAL_URL

    return MAVEN_CENTRAL_URL


def engines() -> dict[str, Engine]:
    """All pinned engines by name, read from the committed manifest."""
    text = Path(__file__).with_name("artifacts.json").read_text(encoding="utf-8")
    return {name: _engine(name, entry) for name, entry in json.loads(text).items()}


def _engine(name: str, entry: dict) -> Engine:
    plugins = tuple((plugin, tuple(map(_artifact, jars))) for plugin, jars in entry["plugins"].items())
    return Engine(
        name=name,
        version=entry["version"],
        java_minimum=entry["java"]["minimum"],
        java_maximum=entry["java"]["maximum"],
        server=_artifact(entry["server"]),
        remove=tuple(entry["remove"]),
        plugins=plugins,
    )


def _artifact(row: dict) -> Artifact:
    group, artifact, version, packaging = row["coordinates"].split(":")
    return Artifact(group, artifact, version, packaging, row["size"], row["sha256"])
