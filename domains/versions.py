"""Engine versions: parse them, compare them, and read the one that created an index."""

import re
from dataclasses import dataclass
from typing import Literal

Engine = Literal["opensearch", "elasticsearch"]

_MASK = 0x08000000  # OpenSearch marks its version ids with this bit


@dataclass(frozen=True, order=True)
class Version:
    """An engine version; OpenSearch sorts after every Elasticsearch version it can read.

    Args:
        generation: major version on one scale for both engines: OpenSearch 1 follows Elasticsearch 7.
        minor, patch: as published.
        engine, number: as published, for display.
    """

    generation: int
    minor: int
    patch: int
    engine: Engine
    number: str

    def __str__(self) -> str:
        return f"{'OpenSearch' if self.engine == 'opensearch' else 'Elasticsearch'} {self.number}"


def version_of(engine: Engine, number: str) -> Version:
    """Parse a published version number such as `2.19.4`.

    Raises:
        ValueError: the number has no major and minor part.
    """
    found = re.match(r"(\d+)\.(\d+)(?:\.(\d+))?", number)
    if not found:
        raise ValueError(f"not an engine version: {number!r}")
    major, minor, patch = int(found[1]), int(found[2]), int(found[3] or 0)
    return Version(major + 7 if engine == "opensearch" else major, minor, patch, engine, number)


def created_version(index_version_id: int) -> Version:
    """Decode the version that created an index from its setting `index.version.created`."""
    engine: Engine = "opensearch" if index_version_id & _MASK else "elasticsearch"
    plain = index_version_id & ~_MASK if engine == "opensearch" else index_version_id
    major, minor, patch = plain // 1_000_000, plain // 10_000 % 100, plain // 100 % 100
    return version_of(engine, f"{major}.{minor}.{patch}")
