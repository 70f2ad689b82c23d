"""Single defects of a copy, as a fault or somebody who meddles with it leaves them. A proof must see each."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from lab.engines.engine_client import index_path
from tests.support.full_dump import Live, full_dump, said
from tests.support.histories import Remembered
from tests.support.raw_engine import RawEngine, document_path

NUMBER = re.compile(rb'"number"\s*:\s*(\d+)')
UPKEEP = "expand_wildcards=all&flat_settings=true"
BLOCK = "index.blocks.write"


@dataclass(frozen=True)
class Place:
    """Where a defect is put.

    Args:
        chance: which document it is.
        deleted: documents that were deleted on the source.
    """

    engine: RawEngine
    index: str
    chance: random.Random
    deleted: Sequence[Remembered] = ()

    def a_document(self, but: bytes = b"") -> Live:
        """Any of its documents; not one with this content."""
        found = [each for each in full_dump(self.engine, self.index).documents if each.source != but]
        assert found, f"{self.index} has no document that a defect could be put to"
        return self.chance.choice(found)

    def write(self, id: str, routing: str, body: bytes, version: int | None = None) -> int:
        """Index a document and return the status of the reply. With a version, it has that one then."""
        given = {"version": version, "version_type": "external_gte"} if version is not None else {}
        routed = {"routing": routing} if routing else {}
        path = document_path(self.index, id)
        return self.engine.send("PUT", path, body, refresh="true", **given, **routed).status_code


def changed(place: Place) -> str:
    """Another content, and a new version."""
    before = place.a_document(but=b"{}")
    assert place.write(before.id, before.routing, _other(before.source)) == 200
    return f"changed {before} in {place.index}"


def changed_unseen(place: Place) -> str:
    """Another content, and the same version."""
    before = place.a_document(but=b"{}")
    assert place.write(before.id, before.routing, _other(before.source), before.version) == 200
    return f"changed {before} in {place.index}, which keeps version {before.version}"


def dropped(place: Place) -> str:
    """A document that is missing."""
    lost = place.a_document()
    routed = {"routing": lost.routing} if lost.routing else {}
    path = document_path(place.index, lost.id)
    assert place.engine.send("DELETE", path, refresh="true", **routed).status_code == 200
    return f"dropped {lost} from {place.index}"


def added(place: Place) -> str:
    """A document that the source never had."""
    id = f"added-{place.chance.getrandbits(32):08x}"
    assert place.write(id, "", b'{"number":1}') == 201
    return f"added {said((id, ''))} to {place.index}"


def kept(place: Place) -> str:
    """A document that was deleted on the source: with its version, if the copy does not know a later one.

    If it was deleted only since the last round, the copy still has it.
    """
    known = [each for each in place.deleted if each.source is not None]
    assert known, f"no document of {place.index} was deleted"
    gone = place.chance.choice(known)
    assert gone.source is not None
    version = max(gone.version - 1, 1)
    if place.write(*gone.name, gone.source, version) not in (200, 201):
        assert place.write(*gone.name, gone.source) in (200, 201)
    return f"kept {said(gone.name)} in {place.index}, which the source has deleted"


Defect = Callable[[Place], str]
DEFECTS: dict[str, Defect] = {
    "changed": changed,
    "changed, same version": changed_unseen,
    "dropped": dropped,
    "added": added,
    "kept": kept,
}
"""Each puts one defect to an open index that takes writes, and returns a sentence of what it did."""


@contextmanager
def writable(engine: RawEngine, index: str) -> Iterator[None]:
    """Let an index take writes for the block, closed or blocked as it may be; then it is as it was."""
    path = index_path(index)
    settings = engine.call("GET", f"{path}/_settings?{UPKEEP}")[index]["settings"]
    (row,) = engine.call("GET", f"/_cat/indices{path}?format=json&h=status&expand_wildcards=all")
    if row["status"] == "close":
        engine.call("POST", f"{path}/_open?wait_for_active_shards=1")
    engine.call("PUT", f"{path}/_settings", {BLOCK: None})
    try:
        yield
    finally:
        engine.call("PUT", f"{path}/_settings", {BLOCK: settings.get(BLOCK)})
        if row["status"] == "close":
            engine.call("POST", f"{path}/_close")


def _other(source: bytes) -> bytes:
    """Another document, in as little as possible: no field that the mapping does not know."""
    found = NUMBER.search(source)
    if not found:
        return b"{}"
    return source[: found.start(1)] + str(int(found[1]) + 1).encode() + source[found.end(1) :]
