"""A class archive: what a node has loaded at its start, beside the engine's tree, for other nodes to map.

With one a node starts with two thirds of the work. To make one takes a start of its own, so it is for those
who start many nodes, as the tests do. A Java that it does not fit starts without it:
https://docs.oracle.com/en/java/javase/21/vm/class-data-sharing.html
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from lab.engines import node
from lab.engines.artifacts import find_engine
from lab.engines.command import class_archive
from lab.engines.configuration import alone
from lab.engines.engine_files import EngineTree, ensure_engine
from lab.engines.java import Java, choose_java
from lab.engines.node_spec import NodeSpec
from lab.errors import LabError
from lab.paths import cache_folder, locked
from lab.progress import Silent
from lab.settings import LabSettings

END_S = 60.0


def make(name: str) -> Path | None:
    """The archive of the engine of this name; made if there is none, which takes about 20 seconds.

    None for a Java that has no archive of its own classes, upon which it would build.

    Raises:
        LabError: the engine cannot be had, does not start, or leaves no archive.
    """
    engine = find_engine(name)
    java = choose_java(engine.java_minimum, engine.java_maximum)
    if not any((java.home / "lib" / "server").glob("classes*.jsa")):
        return None
    tree = ensure_engine(engine, java, False, Silent())
    made = class_archive(tree, java)
    with locked(cache_folder() / ".locks" / f"{made.name}.lock"):
        if not made.exists():
            _start_and_keep(tree, java, made)
    return made


def _start_and_keep(tree: EngineTree, java: Java, made: Path) -> None:
    new, settings = made.with_suffix(".new"), LabSettings()
    with tempfile.TemporaryDirectory() as folder:
        options = (*settings.java_options, f"-XX:ArchiveClassesAtExit={new}")
        spec = NodeSpec(
            "archive", "archive-1", Path(folder), tree, java, settings.heap_mb, options,
            "http://127.0.0.1:9", Path(folder), settings=tuple(alone().items()),
        )  # fmt: skip
        node.prepare(spec)
        process = node.launch(spec)
        try:
            node.wait_ready(spec, process)
            process.terminate()
            process.wait(END_S)
        finally:
            process.kill()
            process.wait()
        if not new.exists():
            raise LabError(f"{tree.engine.name} left no class archive.", node.tail(spec))
    new.replace(made)
