"""Change the source between the rounds of a soaked cutover: one change of any kind at a time."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from lab.description import LabDescription
from lab.engines.engine_client import Action, EngineClient, index_path
from lab.reset import reset
from tests.soak.data import STREAM, fill_source, put_bystander

SETTLED = "settled"  # it refuses writes before any cutover: no run may touch its block
WRITTEN_TO = frozenset({"customers", "orders-2025", "orders-2026"})  # by writers; never dropped
_ALIASES = ("read-a", "read-b", "read-c")


def begin(lab: LabDescription) -> None:
    """Set up a fresh lab: the soak's source, some indices with replicas, a refresh interval or a block."""
    reset(lab)
    fill_source(lab)
    with EngineClient(lab.source) as engine:
        engine.call("PUT", "/orders-2026/_settings", {"index": {"refresh_interval": "7s"}})
        engine.call("PUT", "/customers/_settings", {"index": {"number_of_replicas": 1}})
        engine.call("PUT", "/notes/_settings", {"index": {"auto_expand_replicas": "0-1"}})
        _create(engine, SETTLED, 1, 20, "s")
        engine.call("PUT", f"/{SETTLED}/_settings", {"index.blocks.write": True})
    put_bystander(lab)


def change(lab: LabDescription, chance: random.Random, *, indices: bool = True) -> str:
    """Change one thing on the source and say what it was.

    Args:
        indices: whether indices, mappings and aliases may change too, or documents only.
    """
    with EngineClient(lab.source) as engine:
        kind = chance.choice(list(_CHANGES) if indices else _OF_DOCUMENTS)
        return _CHANGES[kind](engine, chance) or kind


def names(engine: EngineClient) -> list[str]:
    """The source's plain indices that take changes."""
    listed = engine.call("GET", "/_cat/indices", format="json", h="index", expand_wildcards="all")
    return sorted(row["index"] for row in listed if not row["index"].startswith((".ds-", SETTLED)))


def _append(engine: EngineClient, chance: random.Random) -> None:
    token = f"{chance.getrandbits(32):08x}"
    engine.bulk(_documents(chance.choice(names(engine)), token, chance.randint(1, 60)))


def _update(engine: EngineClient, chance: random.Random) -> None:
    name, ids = _some(engine, chance)
    changed = {"number": chance.randint(0, 10**6), "text": "updated"}
    engine.bulk([({"index": {"_index": name, "_id": each}}, changed) for each in ids])


def _delete(engine: EngineClient, chance: random.Random) -> None:
    name, ids = _some(engine, chance)
    engine.bulk([({"delete": {"_index": name, "_id": each}}, None) for each in ids])


def _new(engine: EngineClient, chance: random.Random) -> None:
    token = f"{chance.getrandbits(32):08x}"
    _create(engine, f"new-{token}", chance.randint(1, 3), chance.randint(0, 40), token)


def _drop(engine: EngineClient, chance: random.Random) -> str:
    name = _droppable(engine, chance)
    if name is None:
        return "nothing to drop"
    engine.call("DELETE", index_path(name))
    return "drop"


def _anew(engine: EngineClient, chance: random.Random) -> str:
    name = _droppable(engine, chance)
    if name is None:
        return "nothing to make anew"
    engine.call("DELETE", index_path(name))
    shards, token = chance.randint(1, 3), f"{chance.getrandbits(32):08x}"
    _create(engine, name, shards, chance.randint(0, 40), token)
    return f"anew with {shards}"


def _stream(engine: EngineClient, chance: random.Random) -> None:
    token, moment = f"{chance.getrandbits(32):08x}", "2026-02-01T00:00:00Z"
    engine.bulk(
        ({"create": {"_index": STREAM, "_id": f"{token}-{n}"}}, {"@timestamp": moment, "line": n})
        for n in range(chance.randint(1, 20))
    )


def _rollover(engine: EngineClient, chance: random.Random) -> None:
    engine.call("POST", f"/{STREAM}/_rollover")


def _alias(engine: EngineClient, chance: random.Random) -> None:
    alias = {"index": chance.choice(names(engine)), "alias": chance.choice(_ALIASES)}
    engine.call("POST", "/_aliases", {"actions": [{"add": alias | chance.choice(_MORE)}]})


def _mapping(engine: EngineClient, chance: random.Random) -> None:
    field = {f"field-{chance.getrandbits(16):04x}": {"type": "keyword"}}
    engine.call("PUT", index_path(chance.choice(names(engine)), "/_mapping"), {"properties": field})


def _setting(engine: EngineClient, chance: random.Random) -> None:
    settings = {"index": {"refresh_interval": f"{chance.randint(2, 60)}s"}}
    engine.call("PUT", index_path(chance.choice(names(engine)), "/_settings"), settings)


_MORE: tuple[dict[str, Any], ...] = ({}, {"filter": {"term": {"country": "CH"}}}, {"routing": "one"})
_OF_DOCUMENTS = ("append", "update", "delete", "stream")
_CHANGES: dict[str, Callable[[EngineClient, random.Random], str | None]] = {
    "append": _append,
    "update": _update,
    "delete": _delete,
    "new": _new,
    "drop": _drop,
    "anew": _anew,
    "stream": _stream,
    "rollover": _rollover,
    "alias": _alias,
    "mapping": _mapping,
    "setting": _setting,
}


def _some(engine: EngineClient, chance: random.Random) -> tuple[str, list[str]]:
    """An index and the ids of some of its documents; indices with writers are left to them."""
    name = chance.choice(names(engine))
    engine.call("POST", index_path(name, "/_refresh"))
    query = {"query": {"exists": {"field": "number"}}, "size": 30, "_source": False, "sort": ["_doc"]}
    hits = engine.call("POST", index_path(name, "/_search"), query)["hits"]["hits"]
    ids = sorted(hit["_id"] for hit in hits)
    return name, chance.sample(ids, min(len(ids), chance.randint(1, 10)))


def _droppable(engine: EngineClient, chance: random.Random) -> str | None:
    found = [name for name in names(engine) if name not in WRITTEN_TO]
    return chance.choice(found) if found else None


def _create(engine: EngineClient, name: str, shards: int, documents: int, token: str) -> None:
    hidden = {"hidden": True} if name.startswith(".") else {}
    settings = {"number_of_shards": shards, "number_of_replicas": 0, **hidden}
    engine.call("PUT", index_path(name), {"settings": {"index": settings}})
    engine.bulk(_documents(name, token, documents))


def _documents(name: str, token: str, count: int) -> list[Action]:
    return [
        (
            {"index": {"_index": name, "_id": f"{token}-{n}"}},
            {"number": n, "country": ("CH", "IE")[n % 2], "text": f"{token} {n} " + "lorem " * (n % 9)},
        )
        for n in range(count)
    ]
