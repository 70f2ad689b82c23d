"""In-memory shards with sequence numbers that answer searches as an engine does."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

from domains.versions import version_of
from tasks.verification.operations.ranges import Sides

V3 = version_of("opensearch", "3.6.0")
Name = tuple[str, str | None]


@dataclass
class Shard:
    """One primary.

    Args:
        documents: id and routing → number of the last operation.
        last: number of the shard's last operation, deletes included.
        offset: added to every reported number, for shards with more operations than a test can make.
    """

    documents: dict[Name, int] = field(default_factory=dict)
    last: int = -1
    checkpoint: int | None = None
    term: int = 1
    history: str = "history"
    offset: int = 0
    _order: list[tuple[int, Name]] = field(default_factory=list)
    _ordered: int = -2

    def write(self, name: str, routing: str | None = None) -> None:
        """Index a document."""
        self.last += 1
        self.documents[(name, routing)] = self.last

    def delete(self, name: str, routing: str | None = None) -> None:
        """Delete a document."""
        self.last += 1
        self.documents.pop((name, routing), None)

    def copy(self) -> Shard:
        """Copy the shard as snapshot and restore do, with a new history."""
        return replace(self, documents=dict(self.documents), history="another", _order=[], _ordered=-2)

    def told(self, low: int, high: int) -> list[tuple[int, Name]]:
        """The numbers and names in a range, in order."""
        if len(self._order) != len(self.documents) or self._ordered != self.last:
            self._order = sorted((n + self.offset, name) for name, n in self.documents.items())
            self._ordered = self.last
        first, end = (bisect_left(self._order, edge, key=lambda entry: entry[0]) for edge in (low, high))
        return self._order[first:end]

    def search(self, body: dict[str, Any]) -> dict[str, Any]:
        """One answer of `_msearch`."""
        query, without = body["query"], set[int]()
        if "bool" in query:
            (query,) = query["bool"]["filter"]
            without = set(body["query"]["bool"]["must_not"][0]["terms"]["_seq_no"])
        within = query.get("range", {}).get("_seq_no", {"gte": 0, "lt": 2**62})
        found = [(n, name) for n, name in self.told(within["gte"], within["lt"]) if n not in without]
        answer: dict[str, Any] = {
            "timed_out": False,
            "_shards": {"total": 1, "successful": 1, "failed": 0},
            "hits": {"total": {"value": len(found), "relation": "eq"}, "hits": []},
        }
        if not body["track_total_hits"]:
            answer["hits"] = {"hits": [_hit(n, name) for n, name in found[: body["size"]]]}
        aggregations = body.get("aggs", {})
        if "sum" in aggregations:
            answer["aggregations"] = _summed([n for n, _ in found])
        if "ranges" in aggregations:
            ranges = aggregations["ranges"]["range"]["ranges"]
            buckets = [self._bucket(r["from"], r["to"], without) for r in ranges]
            answer["aggregations"] = {"ranges": {"buckets": buckets}}
        return answer

    def _bucket(self, low: int, high: int, without: set[int]) -> dict[str, Any]:
        numbers = [n for n, _ in self.told(low, high) if n not in without]
        return {"doc_count": len(numbers), **_summed(numbers)}

    def stats(self) -> dict[str, Any]:
        """As `_stats?level=shards` tells of it."""
        last = self.last + self.offset
        reached = last if self.checkpoint is None else self.checkpoint
        return {
            "routing": {"primary": True, "state": "STARTED"},
            "docs": {"count": len(self.documents)},
            "seq_no": {"max_seq_no": last, "local_checkpoint": reached, "global_checkpoint": reached},
            "commit": {"user_data": {"history_uuid": self.history}},
        }


def _hit(number: int, name: Name) -> dict[str, Any]:
    made: dict[str, Any] = {"_id": name[0], "fields": {"_seq_no": [number]}, "sort": [number]}
    return made if name[1] is None else {**made, "_routing": name[1]}


def _summed(numbers: list[int]) -> dict[str, Any]:
    """Sums come as doubles."""
    return {"sum": {"value": float(sum(numbers))}, "max": {"value": float(max(numbers)) if numbers else None}}


class Engine:
    """Indices of such shards, which answer in place of a connection.

    Args:
        window: `max_result_window` of every index.
    """

    def __init__(self, indices: dict[str, list[Shard]], window: int | None = None) -> None:
        self.indices = indices
        self.window = window
        self.requests: list[str] = []
        self.most_hits = 0

    def read_object(self, method: str, path: str, *, body: Any = None, **_: Any) -> dict[str, Any]:
        """As a connection does."""
        self.requests.append(f"{method} {path}")
        if path == "/_msearch":
            return {"responses": list(self._searched(body))}
        if path == "/_mget":
            return {"docs": [self.got(asked) for asked in body["docs"]]}
        if path.endswith("/_settings/index.max_result_window"):
            told = {"index.max_result_window": str(self.window)}
            return {name: {"settings": told} for name in self.indices} if self.window else {}
        if path == "/_all/_stats/docs":
            return {"indices": {name: {"shards": self._stats(name)} for name in self.indices}}
        assert path == "/_cluster/state/metadata", path
        terms = {
            name: {"primary_terms": {str(n): shard.term for n, shard in enumerate(shards)}}
            for name, shards in self.indices.items()
        }
        return {"metadata": {"indices": terms}}

    def read_entries(
        self, path: str, each: Callable[[str, Any], Any], *, within: tuple[str, ...] = (), **query: Any
    ) -> dict[str, Any]:
        """As a connection does."""
        reply = self.read_object("GET", path, **query)
        for key in within:
            reply = reply[key]
        return {name: each(name, entry) for name, entry in reply.items()}

    def read_as(self, method: str, path: str, _reading: Any, *, body: Any, **_: Any) -> dict[str, Any]:
        """As a connection does: documents by their keys, without their sources."""
        assert path.endswith("/_mget"), path
        self.requests.append(f"{method} {path}")
        index = path.split("/")[1]
        return {"docs": [self._looked_up({**asked, "_index": index}) for asked in body["docs"]]}

    def _looked_up(self, asked: dict[str, Any]) -> dict[str, Any]:
        found = self.got(asked)
        routing = {"_routing": asked["routing"]} if "routing" in asked else {}
        return {**found, **routing, "_version": 1, "_primary_term": self.term_of(asked)}

    def term_of(self, asked: dict[str, Any]) -> int:
        """The term of the shard that holds a document."""
        name = (asked["_id"], asked.get("routing"))
        shards = self.indices[asked["_index"]]
        return next((shard.term for shard in shards if name in shard.documents), 1)

    def _searched(self, body: str) -> Iterator[dict[str, Any]]:
        lines = [json.loads(line) for line in body.splitlines()]
        for header, search in zip(lines[::2], lines[1::2], strict=True):
            assert header["preference"].endswith("|_primary") and search["search_pipeline"] == {}
            number = int(header["preference"].removeprefix("_shards:").split("|")[0])
            assert self.window is None or search["size"] <= self.window, "the engine refuses that"
            answer = self.indices[header["index"][0]][number].search(search)
            self.most_hits = max(self.most_hits, len(answer["hits"]["hits"]))
            yield answer

    def got(self, asked: dict[str, Any]) -> dict[str, Any]:
        """One answer of `_mget`."""
        name = (asked["_id"], asked.get("routing"))
        for shard in self.indices[asked["_index"]]:
            if name in shard.documents:
                number = shard.documents[name] + shard.offset
                return {"_id": asked["_id"], "found": True, "_seq_no": number}
        return {"_id": asked["_id"], "found": False}

    def _stats(self, name: str) -> dict[str, Any]:
        return {str(number): [shard.stats()] for number, shard in enumerate(self.indices[name])}


def sides(source: Engine, target: Engine) -> Sides:
    """Both sides of a comparison."""
    left: Any = SimpleNamespace(side="source", connection=source)
    right: Any = SimpleNamespace(side="target", connection=target)
    return Sides(left, right, V3, V3)
