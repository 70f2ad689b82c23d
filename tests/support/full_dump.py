"""Everything that an index holds, read without the product: by a scroll over all its shards, as bytes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from lab.engines.engine_client import index_path
from tests.support.raw_engine import RawEngine, bytes_of, elements, member, members, text_of

PAGE = 500
SHOWN = 60
Name = tuple[str, str]
"""A document's id and routing; without routing, an empty one."""


@dataclass(frozen=True, order=True)
class Live:
    """A live document; `source` is its `_source`, byte by byte as the engine returns it."""

    id: str
    routing: str
    version: int
    source: bytes

    @property
    def name(self) -> Name:
        """What tells it apart from the others of its index."""
        return self.id, self.routing

    def __str__(self) -> str:
        return said(self.name)


@dataclass(frozen=True)
class Dump:
    """All live documents of an index.

    Args:
        lucene: how many documents its shards count: each nested one is one more.
    """

    index: str
    documents: tuple[Live, ...]
    lucene: int

    @property
    def by_name(self) -> dict[Name, Live]:
        """The documents by id and routing."""
        return {each.name: each for each in self.documents}


def said(name: Name) -> str:
    """A document's name in a sentence, short even where the id is not."""
    id, routing = name
    shown = json.dumps(id if len(id) <= SHOWN else f"{id[:SHOWN]}…", ensure_ascii=False)
    return f"{shown} (routing {routing})" if routing else shown


def full_dump(engine: RawEngine, index: str) -> Dump:
    """Read an open index as a whole, after a refresh.

    Raises:
        AssertionError: a shard did not answer, or fewer documents came than the index has.
    """
    refreshed = engine.call("POST", index_path(index, "/_refresh"))["_shards"]
    assert refreshed["failed"] == 0, refreshed
    found = tuple(sorted(_scrolled(engine, index)))
    stats = engine.call("GET", index_path(index, "/_stats/docs"))["_all"]["primaries"]
    return Dump(index, found, stats["docs"]["count"])


def full_dumps(engine: RawEngine, indices: Iterable[str]) -> dict[str, Dump]:
    """Read these indices as a whole."""
    return {index: full_dump(engine, index) for index in indices}


def _scrolled(engine: RawEngine, index: str) -> Iterator[Live]:
    query = {"size": PAGE, "sort": ["_doc"], "version": True, "track_total_hits": True, "_source": True}
    path, body = index_path(index, "/_search?scroll=1m"), query
    came = total = 0
    while True:
        reply = engine.send("POST", path, json.dumps(body).encode())
        assert reply.status_code == 200, reply.text[:500]
        text = text_of(reply.content)
        parts = {name: text[start:end] for name, start, end in members(text)}
        shards = json.loads(parts["_shards"])
        assert shards["failed"] == 0 and shards["successful"] == shards["total"], shards
        hits = parts["hits"]
        total = json.loads(hits[member(hits, "total") :].partition("}")[0] + "}")["value"]
        page = [_live(hits, start) for start, _ in elements(hits, member(hits, "hits"))]
        yield from page
        came += len(page)
        scroll = json.loads(parts["_scroll_id"])
        if not page or came == total:
            break
        path, body = "/_search/scroll", {"scroll": "1m", "scroll_id": scroll}
    engine.call("DELETE", "/_search/scroll", {"scroll_id": scroll})
    assert came == total, f"{index} has {total} documents, but {came} came"


def _live(hits: str, at: int) -> Live:
    parts = {name: hits[start:end] for name, start, end in members(hits, at)}
    routing = json.loads(parts["_routing"]) if "_routing" in parts else ""
    source = bytes_of(parts["_source"])
    return Live(json.loads(parts["_id"]), routing, json.loads(parts["_version"]), source)


def differences(source: Dump, target: Dump) -> list[str]:
    """A line for each difference between two dumps, which begins with the index's name."""
    lines = list(_differences(source, target))
    if not lines and source.lucene != target.lucene:  # nested documents are in no dump
        lines = [
            f"{source.lucene} documents with the nested ones on the source, {target.lucene} on the target"
        ]
    return [f"{source.index}: {line}" for line in lines]


def _differences(source: Dump, target: Dump) -> Iterator[str]:
    for side, dump in (("source", source), ("target", target)):
        names = Counter(each.name for each in dump.documents)
        yield from (
            f"the {side} has {said(name)} {times} times" for name, times in names.items() if times > 1
        )
    ours, theirs = source.by_name, target.by_name
    for name in sorted(ours.keys() | theirs.keys()):
        here, there = ours.get(name), theirs.get(name)
        if here is None or there is None:
            only = here or there
            assert only
            yield f"only the {'source' if here else 'target'} has {only}, version {only.version}"
        elif here != there:
            yield f"{here}: {', '.join(_unlike(here, there))}"


def _unlike(here: Live, there: Live) -> Iterator[str]:
    if here.version != there.version:
        yield f"version {here.version} on the source, {there.version} on the target"
    if here.source != there.source:
        pairs = enumerate(zip(here.source, there.source, strict=False))
        at = next(
            (at for at, (one, other) in pairs if one != other), min(len(here.source), len(there.source))
        )
        kind = (
            "the same JSON in other bytes" if value_of(here.source) == value_of(there.source) else "content"
        )
        parts = (each.source[max(at - 10, 0) : at + 20] for each in (here, there))
        yield f"{kind} from byte {at} on: {' / '.join(map(repr, parts))}"


def value_of(source: bytes) -> Any:
    """What a document says, whatever its bytes."""
    return json.loads(text_of(source), strict=False)
