"""The pinned engine artifacts: the Maven files of each engine, with sizes and checksums."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError

DEFAULT_ENGINE = "opensearch-3.6.0"
S3_PLUGIN = "repository-s3"
SECURITY_PLUGIN = "opensearch-security"
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
        """The file's URL in the Maven repository that this machine uses."""
        return f"{repository_url().rstrip('/')}/{self.path}"


@dataclass(frozen=True)
class Engine:
    """The parts of one engine version.

    `product` is "opensearch" or "elasticsearch"; `plugins` are assembled from jars, `archives` are complete
    plugins; that for access control is added on request, to a separate tree.
    """

    name: str
    product: str
    version: str
    java_minimum: int
    java_maximum: int | None
    server: Artifact
    remove: tuple[str, ...]
    plugins: tuple[tuple[str, tuple[Artifact, ...]], ...]
    archives: tuple[tuple[str, Artifact], ...] = ()

    @property
    def has_s3(self) -> bool:
        """Whether the engine writes snapshots to S3 itself."""
        return any(plugin == S3_PLUGIN for plugin, _ in self.plugins)

    @property
    def has_access_control(self) -> bool:
        """Whether the engine supports fine-grained access control."""
        return any(plugin == SECURITY_PLUGIN for plugin, _ in self.archives)

    def complete_plugins(self, access_control: bool) -> tuple[tuple[str, Artifact], ...]:
        """The archives to add, with their plugins' names."""
        return tuple(each for each in self.archives if access_control or each[0] != SECURITY_PLUGIN)

    def artifacts(self, access_control: bool) -> tuple[Artifact, ...]:
        """All files of the engine, the server first."""
        jars = tuple(artifact for _, jars in self.plugins for artifact in jars)
        archives = tuple(archive for _, archive in self.complete_plugins(access_control))
        return (self.server, *jars, *archives)


def repository_url() -> str:
    """The Maven repository: SNAPFERRY_MAVEN_URL if set, else jgo's default."""
    override = os.environ.get(MIRROR_VARIABLE)
    if override:
        return override
    from jgo.constants import MAVEN_CENTRAL_URL

    return MAVEN_CENTRAL_URL


def engines() -> dict[str, Engine]:
    """Read all pinned engines, by name, from the committed manifest."""
    text = Path(__file__).with_name("artifacts.json").read_text(encoding="utf-8")
    return {name: _engine(name, entry) for name, entry in json.loads(text).items()}


def find_engine(name: str) -> Engine:
    """Find the pinned engine of this name, such as `opensearch-2.19.4`.

    Raises:
        LabError: there is none; the hint lists the names.
    """
    known = engines()
    if name not in known:
        raise LabError(f"The lab has no engine {name!r}.", f"Choose one of: {', '.join(known)}.")
    return known[name]


def _engine(name: str, entry: dict) -> Engine:
    plugins = tuple((plugin, tuple(map(_artifact, jars))) for plugin, jars in entry["plugins"].items())
    return Engine(
        name=name,
        product=entry["product"],
        version=entry["version"],
        java_minimum=entry["java"]["minimum"],
        java_maximum=entry["java"]["maximum"],
        server=_artifact(entry["server"]),
        remove=tuple(entry["remove"]),
        plugins=plugins,
        archives=tuple((plugin, _artifact(row)) for plugin, row in entry["archives"].items()),
    )


def _artifact(row: dict) -> Artifact:
    group, artifact, version, packaging = row["coordinates"].split(":")
    return Artifact(group, artifact, version, packaging, row["size"], row["sha256"])
