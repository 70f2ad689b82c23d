"""What the soak moves: a little of every kind, filled once; and what an engine really holds."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from lab.description import LabDescription
from lab.engines.engine_client import Action, EngineClient, index_path

STREAM = "logs-app"
TEMPLATE = {"index_patterns": [f"{STREAM}*"], "data_stream": {}}
ALIASES = {
    "actions": [
        {"add": {"index": "orders-2025", "alias": "orders"}},
        {"add": {"index": "orders-2026", "alias": "orders", "is_write_index": True}},
        {"add": {"index": "customers", "alias": "swiss", "filter": {"term": {"country": "CH"}}}},
    ]
}
SIZES = {"orders-2025": 120, "orders-2026": 90, "customers": 60, "notes": 25, ".hidden-notes": 15, "empty": 0}
SHARDS = {"orders-2025": 2, "customers": 3}
BYSTANDER = "bystander"  # on the target: whoever touches it has done harm
PAGE = 5_000

Documents = dict[str, str]
"""A digest of each document's source, by its id."""


def fill_source(lab: LabDescription) -> None:
    """Six indices, aliases of three kinds, a data stream of two backing indices: 389 documents."""
    with EngineClient(lab.source) as engine:
        engine.call("PUT", f"/_index_template/{STREAM}", TEMPLATE)
        for name in SIZES:
            settings: dict[str, Any] = {"number_of_shards": SHARDS.get(name, 1), "number_of_replicas": 0}
            engine.call("PUT", index_path(name), {"settings": {"index": settings | _hidden(name)}})
        engine.bulk(_documents())
        engine.call("POST", "/_aliases", ALIASES)
        engine.call("PUT", f"/_data_stream/{STREAM}")
        engine.bulk(_lines(0, 50))
        engine.call("POST", f"/{STREAM}/_rollover")
        engine.bulk(_lines(50, 80))
        engine.call("DELETE", f"{index_path('notes')}/_doc/3")
        engine.call("POST", "/_refresh", expand_wildcards="all")


def put_bystander(lab: LabDescription) -> None:
    """Create things on the target that are none of the migration's business."""
    with EngineClient(lab.target) as engine:
        engine.call("PUT", f"/_index_template/{BYSTANDER}", {"index_patterns": [f"{BYSTANDER}-*"]})
        engine.call("PUT", f"/_ingest/pipeline/{BYSTANDER}", {"processors": []})
        settings = {"settings": {"number_of_replicas": 0}, "aliases": {"seen": {}}}
        engine.call("PUT", f"/{BYSTANDER}", settings)
        for number in range(3):
            engine.call("PUT", f"/{BYSTANDER}/_doc/{number}", {"number": number})


@dataclass(frozen=True)
class Truth:
    """What an engine holds: the documents of each index (all but the bystander), what each alias covers, and
    the backing indices of each data stream."""

    documents: dict[str, Documents]
    aliases: dict[str, Any]
    streams: dict[str, list[str]]


def truth(lab: LabDescription, side: str) -> Truth:
    """What the engine of this side holds, read past its front door."""
    with EngineClient(lab.domain(side)) as engine:
        rows = engine.call("GET", "/_cat/indices", format="json", h="index", expand_wildcards="all")
        names = sorted(row["index"] for row in rows if row["index"] != BYSTANDER)
        if names:
            engine.call("POST", "/_refresh", expand_wildcards="all")
        aliases = engine.call("GET", "/_alias", expand_wildcards="all")
        streams = engine.call("GET", "/_data_stream")["data_streams"]
        return Truth(
            {name: _held(engine, name) for name in names},
            {name: aliases[name]["aliases"] for name in names},
            {each["name"]: [index["index_name"] for index in each["indices"]] for each in streams},
        )


def _held(engine: EngineClient, name: str) -> Documents:
    reply = engine.call("GET", f"{index_path(name)}/_search", size=PAGE, scroll="1m", sort="_doc")
    total, found = reply["hits"]["total"]["value"], Documents()
    while reply["hits"]["hits"]:
        assert reply["_shards"]["failed"] == 0, reply["_shards"]
        found |= {hit["_id"]: _digest(hit["_source"]) for hit in reply["hits"]["hits"]}
        if len(reply["hits"]["hits"]) < PAGE:
            break
        reply = engine.call("POST", "/_search/scroll", {"scroll": "1m", "scroll_id": reply["_scroll_id"]})
    engine.call("DELETE", "/_search/scroll", {"scroll_id": reply["_scroll_id"]})
    assert len(found) == total, f"{name} holds {total} documents, {len(found)} were read"
    return found


def _digest(source: Any) -> str:
    return hashlib.sha256(json.dumps(source, sort_keys=True).encode()).hexdigest()[:16]


def _hidden(name: str) -> dict[str, Any]:
    return {"hidden": True} if name.startswith(".") else {}


def _documents() -> list[Action]:
    made: list[Action] = []
    for name, size in SIZES.items():
        for number in range(size):
            country = ("CH", "IE", "US")[number % 3]
            source = {
                "number": number,
                "country": country,
                "text": f"{name} {number} " + "lorem " * (number % 9),
            }
            made.append(({"index": {"_index": name, "_id": str(number)}}, source))
    return made


def _lines(first: int, last: int) -> list[Action]:
    moment = "2026-01-01T00:00:{:02d}Z"
    return [
        ({"create": {"_index": STREAM, "_id": str(n)}}, {"@timestamp": moment.format(n % 60), "line": n})
        for n in range(first, last)
    ]
