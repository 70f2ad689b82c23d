"""Fill the source with real and generated documents in indices of every kind."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, islice

from lab.description import LabDescription
from lab.engines.engine_client import Action, EngineClient, index_path
from lab.filling import datasets, generator
from lab.filling.generator import Document
from lab.filling.shapes import EDGE_NAMES, STREAM, STREAM_TEMPLATE, Shape, catalog, shapes, small

CREATORS = 16
SMALL_DOCUMENTS = 5
CLOSED = "archive-2024"


@dataclass(frozen=True)
class LoadSummary:
    """The loaded data: `indices` by name with their searchable documents (of a closed index, as of closing),
    and the `seconds` it took."""

    indices: dict[str, int]
    data_streams: tuple[str, ...]
    closed: tuple[str, ...]
    seconds: float

    @property
    def documents(self) -> int:
        """All documents, those of closed indices included."""
        return sum(self.indices.values())


def load(
    description: LabDescription, documents: int = 120_000, small_indices: int = 0, seed: int = 1
) -> LoadSummary:
    """Fill the source, which must be empty, with about `documents` documents.

    About a quarter of them are real. Adds `small_indices` indices of five documents each. The same arguments
    give the same documents.

    Raises:
        LabError: the engine refuses a request, for instance because the source is not empty.
    """
    started = time.monotonic()
    wanted = shapes(description.has_analysis)
    with EngineClient(description.source) as engine:
        if description.has_data_streams:
            engine.call("PUT", f"/_index_template/{STREAM}", STREAM_TEMPLATE)
            engine.call("PUT", f"/_data_stream/{STREAM}")
        _create(engine, [*wanted, *(small(name) for name in small_names(small_indices))])
        engine.bulk(_actions(description, documents, small_indices, seed))
        if description.has_data_streams:
            _roll_over(engine, documents // 8, seed)
        engine.bulk(_changes(documents, seed))
        engine.call("POST", "/_refresh", expand_wildcards="all")
        counts = _counts(engine)
        engine.call("POST", f"/{CLOSED}/_close", wait_for_active_shards=1)
    streams = (STREAM,) if description.has_data_streams else ()
    return LoadSummary(counts, streams, (CLOSED,), round(time.monotonic() - started, 2))


def small_names(count: int) -> list[str]:
    """The names of the small indices."""
    return [f"small-{number:05d}" for number in range(count)]


def _create(engine: EngineClient, wanted: Iterable[Shape]) -> None:
    with ThreadPoolExecutor(CREATORS) as pool:
        list(
            pool.map(
                lambda shape: engine.call(
                    "PUT", index_path(shape.name), shape.body(), wait_for_active_shards=0
                ),
                wanted,
            )
        )


def _actions(description: LabDescription, documents: int, small: int, seed: int) -> Iterator[Action]:
    """All documents of the first indexing; the shares add up to roughly `documents`."""
    few = max(20, documents // 400)
    sets: list[tuple[str, Iterable[Document]]] = [
        ("orders", generator.orders(order_count(documents), seed)),
        ("orders-nested", generator.nested_orders(documents // 10, seed)),
        ("cities", datasets.cities(documents // 6)),
        ("countries", datasets.countries()),
        ("airports", islice(datasets.airports(), documents // 30)),
        ("temperatures", islice(datasets.temperatures(), documents // 15)),
        ("cars", datasets.cars()),
        ("stocks", datasets.stocks()),
        ("weather", datasets.weather()),
    ]
    sets += [(name, generator.orders(few, seed + number)) for number, name in enumerate(_few_each(), 1)]
    sets += [(name, generator.orders(SMALL_DOCUMENTS, seed)) for name in small_names(small)]
    if description.has_analysis:
        sets.append((catalog().name, generator.catalog(few)))
    indexed = (_index(name, key, document) for name, each in sets for key, document in each)
    stream = _stream(documents // 8, seed, first=True) if description.has_data_streams else iter(())
    return chain(indexed, _routed(documents // 15, seed), stream)


def order_count(documents: int) -> int:
    """The number of orders in a load of `documents`, before some are deleted."""
    return documents * 45 // 100


def _few_each() -> list[str]:
    return [
        "invoices-000001", "invoices-000002", CLOSED, "hidden-metrics", ".hidden-audit", ".kibana_1",
        ".opendistro-job-scheduler-lock", *EDGE_NAMES,
    ]  # fmt: skip


def _routed(count: int, seed: int) -> Iterator[Action]:
    for key, routing, document in generator.customers(count, seed):
        yield {"index": {"_index": "customers", "_id": key, "routing": routing}}, document


def _stream(count: int, seed: int, first: bool) -> Iterator[Action]:
    half = count // 2
    rows = generator.web_logs(count, seed)
    for key, document in islice(rows, half) if first else islice(rows, half, None):
        yield {"create": {"_index": STREAM, "_id": key}}, document


def _roll_over(engine: EngineClient, count: int, seed: int) -> None:
    """Give the data stream a second backing index, with the other half of its documents."""
    engine.call("POST", f"/{STREAM}/_rollover")
    engine.bulk(_stream(count, seed, first=False))


def _changes(documents: int, seed: int) -> Iterator[Action]:
    """Update and delete documents, so that sequence numbers have a history."""
    for number, (key, _) in enumerate(generator.orders(order_count(documents), seed)):
        if number % 97 == 0:
            yield {"delete": {"_index": "orders", "_id": key}}, None
        elif number % 41 == 0:
            yield {"update": {"_index": "orders", "_id": key}}, {"doc": {"state": "returned"}}


def _index(name: str, key: str, document: dict) -> Action:
    return {"index": {"_index": name, "_id": key}}, document


def _counts(engine: EngineClient) -> dict[str, int]:
    """Count the searchable documents by index, in one request."""
    by_index = {"terms": {"field": "_index", "size": 60_000}}
    body = {"size": 0, "track_total_hits": False, "aggs": {"by_index": by_index}}
    reply = engine.call("POST", "/_all/_search", body, expand_wildcards="all", ignore_unavailable="true")
    found = {each["key"]: each["doc_count"] for each in reply["aggregations"]["by_index"]["buckets"]}
    listed = engine.call("GET", "/_cat/indices", expand_wildcards="all", format="json", h="index")
    return {name: found.get(name, 0) for name in sorted(row["index"] for row in listed)}
