from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lab.engines.engine_files import EngineTree
from lab.engines.java import Java


@dataclass(frozen=True)
class NodeSpec:
    """A node to start in `home` (its own folder), as `name` of the cluster `cluster`.

    `settings` are added to its configuration file; `shared` is the folder that file repositories may be in.
    A `secured` one has the security plugin.
    """

    cluster: str
    name: str
    home: Path
    tree: EngineTree
    java: Java
    heap_mb: int
    java_options: tuple[str, ...]
    s3_url: str
    shared: Path
    secured: bool = False
    settings: tuple[tuple[str, object], ...] = ()

    @property
    def config(self) -> Path:
        """The folder of its configuration."""
        return self.home / "config"
