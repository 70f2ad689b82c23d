"""A node maps the classes that another one has loaded, where somebody has kept them for this Java."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.engines import class_archive as archives
from lab.engines.artifacts import find_engine
from lab.engines.command import class_archive, command
from lab.engines.engine_files import EngineTree
from lab.engines.java import Java
from lab.engines.node_spec import NodeSpec
from lab.paths import CACHE_VARIABLE

ENGINE = "opensearch-3.6.0"


def test_only_an_archive_that_is_there_is_named(tmp_path: Path) -> None:
    tree = EngineTree(find_engine(ENGINE), tmp_path / "tree", True)
    java = Java(tmp_path / "java", "25.0.3", 25, True, "a test")
    spec = NodeSpec("one", "one-1", tmp_path / "one", tree, java, 512, (), "http://127.0.0.1:9", tmp_path)
    assert "SharedArchiveFile" not in " ".join(command(spec))
    archive = class_archive(tree, java)
    archive.write_bytes(b"")
    assert archive.parent == tmp_path and f"-XX:SharedArchiveFile={archive}" in command(spec)


def test_of_a_java_without_an_archive_of_its_own_none_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = Java(tmp_path, "25.0.3", 25, False, "a test")
    monkeypatch.setattr(archives, "choose_java", lambda *_: bare)
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    assert archives.make(ENGINE) is None
    assert not (tmp_path / "cache").exists()
