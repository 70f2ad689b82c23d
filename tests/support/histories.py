"""Random histories of indices: what clients and operators do to them, from a seed, and what is there then.

Whoever writes knows its own documents alone, so that its next operation follows from the seed: `burst` is one
author, each thread of `writing` another. What is there is known from the replies, never from a search. A
document whose request ended unknown is left alone from then on.
"""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import cycle, groupby
from typing import Any, Literal
from urllib.parse import quote

import httpx

from lab.engines.engine_client import index_path
from tests.support import odd_documents
from tests.support.full_dump import Dump, Live, Name, said, value_of
from tests.support.odd_documents import MAPPING, NESTED, Body, plain
from tests.support.raw_engine import JSON, LINES, RawEngine, document_path
from tests.support.write_log import Outcome, outcome_of

Verb = Literal["index", "update", "delete", "refresh", "flush", "merge", "expunge"]
MAINTENANCE: dict[Verb, str] = {
    "refresh": "/_refresh",
    "flush": "/_flush?force=true",
    "merge": "/_forcemerge?max_num_segments=1",
    "expunge": "/_forcemerge?only_expunge_deletes=true",
}
UPKEEP: tuple[Verb, ...] = ("refresh", "merge", "refresh", "flush", "refresh", "expunge")
ROUTINGS = ("north", "süd", "east side", "west/1")
ROUTED_ALWAYS = 3
"""Every so many documents of a routed index have a routing."""
TWINS = 0.2
"""The share of a routed index's operations on ids that are there under several routings."""
GROUPS = (1, 1, 1, 2, 5, 20, 40)
FIRST = 60
"""Operations with which a history begins."""
WAIT_S = 60.0
_UNSURE = (408, 429)
_HIGHEST = 10**15


@dataclass(frozen=True)
class Shape:
    """An index of a history.

    Args:
        routed: whether documents have a routing of their own, and some ids are there under two.
        nested: whether documents have nested ones.
        forgets: whether deletes are forgotten at once: then the version of what comes again begins at 1.
    """

    name: str
    shards: int = 1
    replicas: int = 0
    routed: bool = False
    nested: bool = False
    forgets: bool = False

    @property
    def body(self) -> dict[str, Any]:
        """What it is made with."""
        settings: dict[str, Any] = {"number_of_shards": self.shards, "number_of_replicas": self.replicas}
        forgetful = {"gc_deletes": "0s"} if self.forgets else {}
        properties = MAPPING["properties"] | (NESTED if self.nested else {})
        return {"settings": {"index": settings | forgetful}, "mappings": {"properties": properties}}


SHAPES = (
    Shape("history-plain"),
    Shape("history-routed", 3, routed=True),
    Shape("history-nested", 2, nested=True),
    Shape("history-forgets", 2, forgets=True),
)


@dataclass(frozen=True)
class Operation:
    """One operation. `version` is an external one."""

    verb: Verb
    index: str
    id: str = ""
    routing: str = ""
    body: Body = field(default_factory=lambda: Body(b""))
    version: int | None = None

    @property
    def fits_bulk(self) -> bool:
        """Whether it can be a part of `_bulk`."""
        return self.verb not in MAINTENANCE and self.body.fits_bulk

    @property
    def query(self) -> dict[str, str | int]:
        """What its path or its line of `_bulk` says beside the id."""
        external = {"version": self.version, "version_type": "external"} if self.version else {}
        return external | ({"routing": self.routing} if self.routing else {})

    def __str__(self) -> str:
        content = self.body.content if len(self.body.content) < 200 else f"{len(self.body.content)} bytes"
        return " ".join(map(str, (self.verb, self.index, ascii(self.id[:80]), self.query, content)))


@dataclass(frozen=True)
class Remembered:
    """A document as it must be now, or as it was before it was deleted.

    Args:
        source: its bytes; None after an update, which writes them anew.
        value: what it says.
        version: of its last operation, which may be the delete.
    """

    name: Name
    version: int
    source: bytes | None
    value: Any

    def wrong(self, found: Live | None) -> Iterator[str]:
        """What is not so."""
        if found is None:
            yield "is not there"
            return
        if found.version != self.version:
            yield f"has version {found.version} and not {self.version}"
        if self.source is not None and found.source != self.source:
            yield f"is {found.source[:200]!r} and not {self.source[:200]!r}"
        elif value_of(found.source) not in (self.value, _as_updated(self.value)):
            yield f"says {value_of(found.source)} and not {self.value}"


def _as_updated(value: Any) -> Any:
    """The same as an engine writes it in an update: an infinite number becomes a word."""
    if isinstance(value, dict):
        return {key: _as_updated(each) for key, each in value.items()}
    return "Infinity" if value == float("inf") else value


Key = tuple[int, str]
"""The shard and the id, which together name one document; shard -1 where an id has only one routing."""


@dataclass
class Memory:
    """What one author knows of one index.

    Args:
        begun_anew: how many documents came again with a version that was not higher than before.
    """

    live: dict[Key, Remembered] = field(default_factory=dict)
    deleted: dict[Key, Remembered] = field(default_factory=dict)
    uncertain: set[Key] = field(default_factory=set)
    begun_anew: int = 0

    def wrote(self, key: Key, operation: Operation, version: int) -> None:
        """The document is as the operation has it."""
        source: bytes | None = operation.body.content
        before = self.live.get(key)
        if operation.verb == "update" and before:
            value = _merged(before.value, json.loads(operation.body.content)["doc"])
            name, source = before.name, (before.source if version == before.version else None)
        else:
            name, value = (operation.id, operation.routing), _value(operation.body)
            source = source if operation.body.kind == JSON else None
        gone = self.deleted.pop(key, None)
        self.begun_anew += gone is not None and version <= gone.version
        self.live[key] = Remembered(name, version, source, value)

    def removed(self, key: Key, version: int) -> None:
        """The document is deleted."""
        gone = self.live.pop(key, None) or self.deleted.get(key)
        if gone:
            self.deleted[key] = replace(gone, version=version)

    def doubt(self, key: Key) -> None:
        """Nobody knows what has become of the document."""
        self.uncertain.add(key)
        self.live.pop(key, None)
        self.deleted.pop(key, None)


class History:
    """A history of these indices; `prepare` first.

    Args:
        engine: that it is sent to; another address of the same engine may take its place.
        lines: each operation of `burst`, in its order.
        outcomes: how many operations of all authors ended how, by verb.
    """

    def __init__(self, seed: int, shapes: Sequence[Shape] = SHAPES) -> None:
        self.seed, self.shapes = seed, tuple(shapes)
        self.engine: RawEngine
        self.outcomes: Counter[tuple[str, Outcome]] = Counter()
        self.lines: list[str] = []
        self._lock = threading.Lock()
        self._shards: dict[tuple[str, str], int] = {}
        self._main = _Author(self, "b", maintains=True)
        self._odd = _Author(self, "odd-", maintains=False)  # of documents that stay as they are
        self._authors = [self._main, self._odd]

    @property
    def names(self) -> list[str]:
        """Its indices."""
        return [shape.name for shape in self.shapes]

    def prepare(self, engine: RawEngine) -> History:
        """Make the indices, with some documents in each, among them one of each odd kind."""
        self.engine = engine
        for shape in self.shapes:
            engine.call("PUT", index_path(shape.name), shape.body)
            for routing in ROUTINGS if shape.routed else ():
                self.shard(shape.name, routing)
        self._odd.send_odd()
        self.burst(FIRST)
        return self

    def burst(self, operations: int) -> None:
        """Send so many operations, one after another, in groups as clients do."""
        left = operations
        while left > 0:
            left -= self._main.step(left)

    @contextmanager
    def writing(self, rate: float = 100.0, threads: int = 2) -> Iterator[History]:
        """Keep writing for the block: about so many operations a second, all threads together."""
        ended = threading.Event()
        first = len(self._authors)
        authors = [_Author(self, f"w{first + n}-", maintains=False) for n in range(threads)]
        self._authors += authors

        def write(author: _Author) -> None:
            while not ended.is_set():
                sent = author.step(max(GROUPS))
                ended.wait(sent * threads / rate)

        with ThreadPoolExecutor(threads, thread_name_prefix="history") as pool:
            at_work = [pool.submit(write, author) for author in authors]
            try:
                yield self
            finally:
                ended.set()
                for each in at_work:
                    each.result(WAIT_S)

    def acknowledged(self) -> int:
        """How many operations were acknowledged so far."""
        with self._lock:
            return sum(n for (_, outcome), n in self.outcomes.items() if outcome == "acknowledged")

    def deleted(self, index: str) -> list[Remembered]:
        """Documents of the index that were there and are not; to be asked when nobody writes."""
        found = (author.known[index].deleted.values() for author in self._authors)
        return sorted((each for part in found for each in part), key=lambda each: each.name)

    def begun_anew(self, index: str) -> int:
        """How many documents of the index came again with a version that was not higher than before."""
        return sum(author.known[index].begun_anew for author in self._authors)

    def wrong(self, dump: Dump) -> list[str]:
        """A line for each document that is not as its last acknowledged operation has it, and for each that
        should not be there; to be asked when nobody writes."""
        parts = [author.known[dump.index] for author in self._authors]
        wanted = {each.name: each for part in parts for each in part.live.values()}
        open = {id for part in parts for _, id in part.uncertain}
        found = dump.by_name
        lines = [
            f"{dump.index}: {said(name)} {line}"
            for name in wanted
            for line in wanted[name].wrong(found.get(name))
        ]
        extra = [name for name in found if name not in wanted and name[0] not in open]
        return lines + [f"{dump.index}: {said(name)} should not be there" for name in extra]

    def shard(self, index: str, routing: str) -> int:
        """The shard of this routing, or of an id without one."""
        if (index, routing) not in self._shards:
            path = index_path(index, f"/_search_shards?routing={quote(routing, safe='')}")
            (copies,) = self.engine.call("GET", path)["shards"]
            self._shards[index, routing] = copies[0]["shard"]
        return self._shards[index, routing]

    def count(self, verb: Verb, outcome: Outcome) -> None:
        """Note how an operation has ended."""
        with self._lock:
            self.outcomes[verb, outcome] += 1


class _Author:
    """Draws operations on its own documents, sends them, and learns from the replies."""

    def __init__(self, history: History, prefix: str, *, maintains: bool) -> None:
        self._history, self._prefix, self._maintains = history, prefix, maintains
        self._chance = random.Random(f"{history.seed}/{prefix}")
        self._number = 0
        self._upkeep = cycle(UPKEEP)
        self.known = {shape.name: Memory() for shape in history.shapes}

    def step(self, most: int) -> int:
        """Send one operation or a group, and return how many."""
        group = [self._draw() for _ in range(min(most, self._chance.choice(GROUPS)))]
        for together, part in groupby(group, key=lambda each: each.fits_bulk):
            operations = list(part)
            if together and len(operations) > 1:
                self._send_bulk(operations)
            else:
                for operation in operations:
                    self._send(operation)
        if self._maintains:
            self._history.lines += map(str, group)
        return len(group)

    def send_odd(self) -> None:
        """Send one document of each odd kind, and one under each odd id, to the indices in turn."""
        named = [
            (id, body) for body in odd_documents.odd_bodies(0) for id in [f"{self._prefix}{self._next()}"]
        ]
        named += [(id, plain(self._chance, 0)) for id in odd_documents.odd_ids(self._prefix)]
        for (id, body), shape in zip(named, cycle(self._history.shapes), strict=False):
            self._send(Operation("index", shape.name, id, body=body))

    # drawing

    def _draw(self) -> Operation:
        shape = self._chance.choice(self._history.shapes)
        draw = self._chance.random()
        if self._maintains and draw > 0.94:
            return Operation(next(self._upkeep), shape.name)
        if shape.routed and self._chance.random() < TWINS:
            return self._twin(shape)
        known = self.known[shape.name]
        live = [key for key in known.live if key[0] == -1]
        deleted = [key for key in known.deleted if key[0] == -1]
        if deleted and draw < 0.10:
            return self._index(shape, self._chance.choice(deleted))
        if not live or draw < 0.42:
            return self._index(shape, None)
        key = self._chance.choice(live)
        return self._change(shape, key, draw)

    def _change(self, shape: Shape, key: Key, draw: float) -> Operation:
        """Another operation on a document that is there."""
        there = self.known[shape.name].live[key]
        id, routing = there.name
        external = there.version + self._chance.choice((1, 2, 1000)) if there.version < _HIGHEST else None
        if draw < 0.56 or (draw < 0.70 and "inf" in repr(there.value)):  # an update would write it otherwise
            return self._index(shape, key)
        if draw < 0.66:
            change = odd_documents.partial(self._chance, self._next())
            return self._operation("update", shape, there.name, Body(json.dumps({"doc": change}).encode()))
        if draw < 0.70:
            same = {"number": there.value["number"]} if "number" in there.value else {}
            return self._operation("update", shape, there.name, Body(json.dumps({"doc": same}).encode()))
        if draw < 0.78:
            version = self._chance.choice((external, external, external and external + 2**40))
            return replace(self._index(shape, key), version=version)
        version = external if self._chance.random() < 0.1 else None
        return Operation("delete", shape.name, id, routing, version=version)

    def _index(self, shape: Shape, key: Key | None) -> Operation:
        """A document that is new, or in the place of one that is or was there."""
        number = self._next()
        if key is None:
            name = self._new_name(shape, number)
        else:
            known = self.known[shape.name]
            name = (known.live.get(key) or known.deleted[key]).name
        return self._operation("index", shape, name, self._body(shape, number))

    def _twin(self, shape: Shape) -> Operation:
        """An id that is there under several routings: one document in each shard that they lead to."""
        name = f"{self._prefix}twin-{self._chance.randrange(6)}", self._chance.choice(("", *ROUTINGS))
        if self._chance.random() < 0.3:
            return Operation("delete", shape.name, *name)
        return self._operation("index", shape, name, self._body(shape, self._next()))

    def _operation(self, verb: Verb, shape: Shape, name: Name, body: Body) -> Operation:
        return Operation(verb, shape.name, *name, body)

    def _new_name(self, shape: Shape, number: int) -> Name:
        odd = self._chance.random() < 0.12
        id = odd_documents.odd_id(self._chance, self._prefix, number) if odd else f"{self._prefix}{number}"
        routed = shape.routed and number % ROUTED_ALWAYS
        return id, self._chance.choice(ROUTINGS) if routed else ""

    def _body(self, shape: Shape, number: int) -> Body:
        draw = self._chance.random()
        if draw < 0.25:
            return odd_documents.odd(self._chance, number)
        return (odd_documents.nested if shape.nested else plain)(self._chance, number)

    def _next(self) -> int:
        self._number += 1
        return self._number

    # sending

    def _send(self, operation: Operation) -> None:
        if operation.verb in MAINTENANCE:
            self._history.engine.call("POST", index_path(operation.index, MAINTENANCE[operation.verb]))
            return self._history.count(operation.verb, "acknowledged")
        method, api = {"index": ("PUT", "_doc"), "update": ("POST", "_update"), "delete": ("DELETE", "_doc")}[
            operation.verb
        ]
        path = document_path(operation.index, operation.id, api)
        body, kind = operation.body.content, operation.body.kind
        try:
            reply = self._history.engine.send(method, path, body, kind, **operation.query)
        except httpx.HTTPError:
            return self._learn(operation, 0, {})
        return self._learn(operation, reply.status_code, _parsed(reply))

    def _send_bulk(self, operations: list[Operation]) -> None:
        body = b"".join(line + b"\n" for each in operations for line in _lines(each))
        try:
            reply = self._history.engine.send("POST", "/_bulk", body, LINES)
        except httpx.HTTPError:
            reply = None
        parsed = _parsed(reply) if reply else {}
        items = [next(iter(item.values())) for item in parsed.get("items", ())]
        if not items:
            status = reply.status_code if reply else 0
            items = [parsed | {"status": status}] * len(operations)
        for operation, item in zip(operations, items, strict=True):
            self._learn(operation, item["status"], item)

    def _learn(self, operation: Operation, status: int, reply: dict[str, Any]) -> None:
        outcome = _outcome(status, reply)
        known, key = self.known[operation.index], self._key(operation)
        if outcome == "unknown":
            known.doubt(key)
        elif key not in known.uncertain and operation.verb == "delete" and "_version" in reply:
            known.removed(key, reply["_version"])
        elif key not in known.uncertain and outcome == "acknowledged":
            known.wrote(key, operation, reply["_version"])
        self._history.count(operation.verb, outcome)

    def _key(self, operation: Operation) -> Key:
        if not operation.id.startswith(f"{self._prefix}twin-"):
            return -1, operation.id
        return self._history.shard(operation.index, operation.routing or operation.id), operation.id


def _lines(operation: Operation) -> Iterator[bytes]:
    place = {"_index": operation.index, "_id": operation.id, **operation.query}
    yield json.dumps({operation.verb: place}).encode()
    if operation.verb != "delete":
        yield operation.body.content


def _parsed(reply: httpx.Response) -> dict[str, Any]:
    try:
        found = json.loads(reply.content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _outcome(status: int, reply: dict[str, Any]) -> Outcome:
    """The outcome of an operation; an engine that refuses one for what it is has done nothing."""
    error = reply.get("error")
    kind = error.get("type", "") if isinstance(error, dict) else ""
    if 400 <= status < 500 and status not in (*_UNSURE, 401, 403):
        return "refused"
    return outcome_of(status, kind)


def _value(body: Body) -> Any:
    if body.kind == JSON:
        return value_of(body.content)
    return {"number": int.from_bytes(body.content[-4:], "big")}


def _merged(before: Any, change: Any) -> Any:
    """A document after a partial update."""
    if not isinstance(before, dict) or not isinstance(change, dict):
        return change
    return before | {name: _merged(before.get(name), value) for name, value in change.items()}
