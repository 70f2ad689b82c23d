"""A fake engine: scripts a fake domain to answer with indices, snapshots and figures.

It is for states that a real engine cannot be brought into on demand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .building import identity_reply
from .fake_domain import FakeDomain, ReceivedRequest, Reply, engine_error, ok
from .shards import Engine, Shard


@dataclass
class FakeIndex:
    """One index of the fake engine.

    Args:
        states: of its primaries: STARTED, INITIALIZING, UNASSIGNED.
        settings: flat; those that checks read.
        origin: `repository/snapshot` that its shards were restored from; None for an index created here.
        of: its name in that snapshot; empty: the domain does not say.
        figures: `(count, sum, max)` of each shard, a `Shard`, or the problem as an `_msearch` answer.
    """

    name: str
    uuid: str = ""
    open: bool = True
    states: list[str] = field(default_factory=lambda: ["STARTED"])
    origin: str | None = None
    of: str = ""
    figures: list[Any] = field(default_factory=lambda: [(3, 30, 12)])
    aliases: dict[str, Any] = field(default_factory=dict)
    stream: str | None = None
    created: str = "136408327"
    explained: str = "no"
    mapping: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    replicas: int = 0
    bytes: int = 1000

    def row(self) -> dict[str, Any]:
        """The row in `_cat/indices`."""
        sizes = {"docs.count": "3", "pri.store.size": str(self.bytes)} if self.open else {}
        uuid = self.uuid or f"uuid-{self.name}"
        return {
            "index": self.name,
            "uuid": uuid,
            "status": "open" if self.open else "close",
            "health": "green",
            "pri": str(len(self.states)),
            "rep": str(self.replicas),
            **sizes,
        }

    def routing(self) -> dict[str, Any]:
        """The entry in the cluster state."""
        return {"shards": {str(n): [self._copy(n, state)] for n, state in enumerate(self.states)}}

    def _copy(self, number: int, state: str) -> dict[str, Any]:
        copy: dict[str, Any] = {"primary": True, "state": state, "shard": number}
        if state == "UNASSIGNED":
            copy["unassigned_info"] = {
                "reason": "NEW_INDEX_RESTORED",
                "details": f"restore_source[{self.origin}]",
            }
            copy["recovery_source"] = {"type": "EMPTY_STORE"}
            if self.origin:
                repository, _, snapshot = self.origin.partition("/")
                copy["recovery_source"] = {"type": "SNAPSHOT", "repository": repository, "snapshot": snapshot}
        return copy

    def recovery(self) -> dict[str, Any]:
        """The entry in `_recovery`."""
        repository, _, snapshot = (self.origin or "").partition("/")
        source = {"repository": repository, "snapshot": snapshot} if self.origin else {}
        source |= {"index": self.of} if self.of else {}
        size = {"total_in_bytes": 1000, "recovered_in_bytes": 900, "reused_in_bytes": 100}
        return {
            "shards": [
                {
                    "id": number,
                    "primary": True,
                    "type": "SNAPSHOT" if self.origin else "EMPTY_STORE",
                    "stage": "DONE",
                    "source": source,
                    "index": {"size": size},
                }
                for number, state in enumerate(self.states)
                if state != "UNASSIGNED"
            ]
        }

    def search(self, shard: int | None) -> dict[str, Any]:
        """One answer of `_msearch`."""
        picked = self.figures if shard is None else [self.figures[shard]]
        for answer in picked:
            if isinstance(answer, dict):
                return answer
        count = sum(figures[0] for figures in picked)
        return {
            "timed_out": False,
            "_shards": {"total": len(picked), "successful": len(picked), "failed": 0},
            "hits": {"total": {"value": count, "relation": "eq"}},
            "aggregations": {"sum": {"value": picked[0][1]}, "max": {"value": picked[0][2]}},
        }


def _told(figures: Any) -> dict[str, Any]:
    """The `_stats` of an idle shard with these figures."""
    return {
        "routing": {"primary": True},
        "docs": {"count": figures[0]},
        "seq_no": {"max_seq_no": figures[2], "global_checkpoint": figures[2]},
        "commit": {"user_data": {"history_uuid": "history"}},
    }


def _by_range(answer: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """Put all documents into the first range, which ends at the mark."""
    if "aggregations" not in answer:
        return answer
    ranges = body["aggs"]["ranges"]["range"]["ranges"]
    empty = {"doc_count": 0, "sum": {"value": 0.0}, "max": {"value": None}}
    first = {"doc_count": answer["hits"]["total"]["value"], **answer["aggregations"]}
    return {**answer, "aggregations": {"ranges": {"buckets": [first, *[empty] * (len(ranges) - 1)]}}}


class FakeEngine:
    """Scripts a fake domain by the contents of `indices`.

    Args:
        restores: names whose restore creates an index, and that index; called with the request.
    """

    def __init__(self, domain: FakeDomain, side: str, *indices: FakeIndex, number: str = "3.6.0") -> None:
        self.domain = domain
        self.indices = {index.name: index for index in indices}
        self.streams: dict[str, list[str]] = {}
        self.unrefreshed: dict[str, str] = {}
        self.queue: list[dict[str, str]] = []
        self.cluster_settings: dict[str, Any] = {"cluster.max_shards_per_node": "1000"}
        self.metadata: dict[str, Any] = {}
        self.plugins: list[str] = []
        self.disks: dict[str, tuple[int, int]] = {"node-1": (10**12, 9 * 10**11)}  # total, available
        self.managed: dict[str, str] = {}
        self.blocks: dict[str, Any] = {}
        domain.on("GET /", ok(identity_reply(side, number)))
        domain.on("GET /_cat/indices", lambda _: ok([held.row() for held in self.indices.values()]))
        domain.on("GET /_all/_settings", self.settings_reply)
        domain.on(
            "GET /_all/_alias", lambda _: ok({n: {"aliases": h.aliases} for n, h in self.indices.items()})
        )
        domain.on("GET /_data_stream", lambda _: ok(self._streams()))
        domain.on("GET /_data_stream/.+", self._stream)
        domain.on("GET /[^_].*/_settings/index.uuid", self._uuids)
        domain.on("GET /_cluster/pending_tasks", lambda _: ok({"tasks": self.queue}))
        self._tell_equipment()
        missing = engine_error(404, "repository_missing_exception", "[repo] missing")
        domain.on("GET /_snapshot/[^_/][^/]*", missing).on("GET /_snapshot", ok({}))
        domain.on("GET /_cluster/state/routing_table/.*", self._routing)
        domain.on("GET /[^_].*/_recovery", lambda a: ok({h.name: h.recovery() for h in self._named(a, 1)}))
        domain.on("GET /_cluster/allocation/explain", self._explain)
        domain.on("POST /.*/_refresh", self._refresh)
        domain.on("POST /_msearch", self._msearch)
        domain.on("POST /_mget", self._got)
        domain.on("GET /[^_].*/_settings/index.max_result_window", ok({}))
        domain.on("GET /.*/_stats/docs", self._stats)
        domain.on("POST /.*/_close", self._close)
        domain.on("DELETE /[^_].*", self._delete)
        domain.on("DELETE /_data_stream/.*", self._delete_stream)

    def _tell_equipment(self) -> None:
        """What the domain has for its indices, and for those that come."""
        domain = self.domain
        domain.on(
            "GET /_all",
            lambda _: ok(
                {
                    n: {"settings": h.settings, "mappings": h.mapping, "aliases": h.aliases}
                    for n, h in self.indices.items()
                }
            ),
        )
        domain.on("GET /_cluster/state/blocks", lambda _: ok({"blocks": self.blocks}))
        domain.on("GET /_cluster/settings", lambda _: ok({"defaults": self.cluster_settings}))
        domain.on("GET /_cat/plugins", lambda _: ok([{"component": name} for name in self.plugins]))
        domain.on(
            "GET /_cluster/state/metadata",
            lambda _: ok({"metadata": {"cluster_uuid": "u", "indices": self._terms(), **self.metadata}}),
        )
        domain.on(
            "GET /_plugins/_ism/explain",
            lambda _: ok({name: {"policy_id": policy} for name, policy in self.managed.items()}),
        )
        domain.on("GET /_all/_stats/store", lambda _: ok({"indices": dict(self._closed_sizes())}))
        domain.on("GET /_cat/nodes", lambda _: ok([{"name": n, "node.role": "dim"} for n in self.disks]))
        domain.on("GET /_cat/allocation", lambda _: ok(list(self._allocation())))

    def _terms(self) -> dict[str, Any]:
        return {
            name: {"primary_terms": {str(n): 1 for n in range(len(held.figures))}}
            for name, held in self.indices.items()
        }

    def _closed_sizes(self) -> Iterator[tuple[str, Any]]:
        for name, held in self.indices.items():
            if not held.open:
                yield name, {"primaries": {"store": {"size_in_bytes": held.bytes}}}

    def _allocation(self) -> Iterator[dict[str, Any]]:
        for name, (total, free) in self.disks.items():
            yield {"node": name, "shards": "1", "disk.total": str(total), "disk.avail": str(free)}

    def put(self, held: FakeIndex) -> FakeIndex:
        """Add an index."""
        self.indices[held.name] = held
        return held

    def restoring(self, place: str, *, states: list[str] | None = None) -> FakeEngine:
        """Let every restore succeed at once."""

        def restore(asked: ReceivedRequest) -> Reply:
            for name in asked.json["indices"]:
                self.put(
                    FakeIndex(name, f"restored-{name}", states=list(states or ["STARTED"]), origin=place)
                )
            return ok({"accepted": True})

        self.domain.on("POST /_snapshot/.*/_restore", restore)
        return self

    def settings_reply(self, asked: ReceivedRequest) -> Reply:
        """The settings of every index, in the form that is asked for."""
        if "flat_settings=true" not in asked.target:
            return ok(self._settings())
        return ok(
            {
                name: {"settings": {"index.version.created": held.created, **held.settings}}
                for name, held in self.indices.items()
            }
        )

    def _settings(self) -> dict[str, Any]:
        def settings(held: FakeIndex) -> dict[str, Any]:
            archived = {key: value for key, value in held.settings.items() if key.startswith("archived.")}
            return {"index": {"version": {"created": held.created}}, **archived}

        return {name: {"settings": settings(held)} for name, held in self.indices.items()}

    def _streams(self) -> dict[str, Any]:
        listed = [
            {"name": name, "indices": [{"index_name": index} for index in backing]}
            for name, backing in self.streams.items()
        ]
        return {"data_streams": listed}

    def _named(self, asked: ReceivedRequest, place: int) -> list[FakeIndex]:
        names = asked.path.split("/")[place].split(",")
        if names == ["_all"]:
            return list(self.indices.values())
        return [self.indices[name] for name in names if name in self.indices]

    def _routing(self, asked: ReceivedRequest) -> Reply:
        return ok(
            {"routing_table": {"indices": {held.name: held.routing() for held in self._named(asked, 4)}}}
        )

    def _explain(self, asked: ReceivedRequest) -> Reply:
        held = self.indices[asked.json["index"]]
        if held.explained == "refused":
            return engine_error(
                400, "illegal_argument_exception", "unable to find any unassigned shards to explain"
            )
        return ok({"can_allocate": held.explained, "allocate_explanation": "no node has room"})

    def _refresh(self, asked: ReceivedRequest) -> Reply:
        failures = [
            {"index": held.name, "shard": 0, "reason": self.unrefreshed[held.name]}
            for held in self._named(asked, 1)
            if held.name in self.unrefreshed
        ]
        return ok(
            {
                "_shards": {
                    "total": 2,
                    "successful": 2 - len(failures),
                    "failed": len(failures),
                    "failures": failures,
                }
            }
        )

    def _msearch(self, asked: ReceivedRequest) -> Reply:
        lines = [json.loads(line) for line in asked.body.decode().splitlines()]
        pairs = zip(lines[::2], lines[1::2], strict=True)
        return ok({"responses": [self._searched(header, body) for header, body in pairs]})

    def _searched(self, header: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        held = self.indices.get(header["index"][0])
        if held is None:
            return {
                "error": {"type": "index_not_found_exception", "reason": f"no such index {header['index']}"}
            }
        if not held.open:
            return {"error": {"type": "index_closed_exception", "reason": "closed"}}
        found = re.match(r"_shards:(\d+)", header.get("preference", ""))
        if found and isinstance(held.figures[int(found[1])], Shard):
            return held.figures[int(found[1])].search(body)
        answer = held.search(int(found[1]) if found else None)
        asked = {name: part for name, part in answer.items() if "aggs" in body or name != "aggregations"}
        return asked if "ranges" not in body.get("aggs", {}) else _by_range(asked, body)

    def _got(self, asked: ReceivedRequest) -> Reply:
        found = [Engine(self._shards()).got(each) for each in asked.json["docs"]]
        return ok({"docs": found})

    def _shards(self) -> dict[str, list[Shard]]:
        return {
            held.name: [f for f in held.figures if isinstance(f, Shard)] for held in self.indices.values()
        }

    def _stats(self, asked: ReceivedRequest) -> Reply:
        told = {
            held.name: {
                "shards": {
                    str(number): [f.stats() if isinstance(f, Shard) else _told(f)]
                    for number, f in enumerate(held.figures)
                }
            }
            for held in self._named(asked, 1)
        }
        return ok({"indices": told})

    def _close(self, asked: ReceivedRequest) -> Reply:
        for held in self._named(asked, 1):
            held.open = False
        return ok({"acknowledged": True, "shards_acknowledged": True})

    def _delete(self, asked: ReceivedRequest) -> Reply:
        names = asked.path.split("/")[1].split(",")
        for name in names:
            if name not in self.indices:
                return engine_error(404, "index_not_found_exception", f"no such index [{name}]")
        for name in names:
            del self.indices[name]
        return ok({"acknowledged": True})

    def _uuids(self, asked: ReceivedRequest) -> Reply:
        return ok(
            {held.name: {"settings": {"index.uuid": held.row()["uuid"]}} for held in self._named(asked, 1)}
        )

    def _stream(self, asked: ReceivedRequest) -> Reply:
        name = asked.path.split("/")[2]
        listed = [each for each in self._streams()["data_streams"] if each["name"] == name]
        if not listed:
            return engine_error(404, "index_not_found_exception", f"no such index [{name}]")
        return ok({"data_streams": listed})

    def _delete_stream(self, asked: ReceivedRequest) -> Reply:
        for name in self.streams.pop(asked.path.split("/")[2]):
            self.indices.pop(name, None)
        return ok({"acknowledged": True})


def snapshot_reply(
    name: str, state: str = "SUCCESS", run: str | None = "run", **changes: Any
) -> dict[str, Any]:
    """The reply to `GET _snapshot/repository/name`."""
    done = state != "IN_PROGRESS"
    entry: dict[str, Any] = {
        "snapshot": name,
        "uuid": "snapshot-uuid",
        "version": "3.6.0",
        "indices": ["a"],
        "data_streams": [],
        "state": state,
        "start_time_in_millis": 1_700_000_000_000,
        "end_time_in_millis": 1_700_000_060_000 if done else 0,
        "failures": [],
        "shards": {"total": 2, "failed": 0, "successful": 2}
        if done
        else {"total": 0, "failed": 0, "successful": 0},
        **({"metadata": {"snapferry_run": run}} if run else {}),
        **changes,
    }
    return {"snapshots": [entry]}
