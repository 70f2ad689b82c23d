"""Definitions of the source's indices: one of every kind that a migration must get right."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

KEYWORD = {"type": "keyword"}
DATE = {"type": "date"}
ORDER_FIELDS: dict[str, Any] = {
    "number": {"type": "long"}, "customer": KEYWORD, "state": KEYWORD, "country": KEYWORD, "placed": DATE,
    "total": {"type": "double"}, "items": {"type": "integer"}, "goods": KEYWORD, "note": {"type": "text"},
}  # fmt: skip
POINT = {"location": {"type": "geo_point"}}
EDGE_NAMES = (
    "größen-übersicht",
    "日本語-索引",
    "mixed.dots+plus-dash_line",
    "100%-sure",
    "a=b&c;d~(e)!@f",
    "{curly}[square]",
    "very-long-" + "x" * 190,
)


@dataclass(frozen=True)
class Shape:
    """An index to create: name, shards, replicas, and the rest of its definition."""

    name: str
    shards: int = 1
    replicas: int = 0
    settings: dict[str, Any] = field(default_factory=dict)
    mappings: dict[str, Any] = field(default_factory=dict)
    aliases: dict[str, Any] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        """The body of the create request."""
        index = {"number_of_shards": self.shards, "number_of_replicas": self.replicas, **self.settings}
        return {"settings": {"index": index}, "mappings": self.mappings, "aliases": self.aliases}


def shapes(has_analysis: bool) -> list[Shape]:
    """All indices except the data stream's and the small ones."""
    analysis = [catalog()] if has_analysis else []
    return [*plain(), *special(), *system_like(), *analysis, *(_of_orders(name) for name in EDGE_NAMES)]


def plain() -> list[Shape]:
    """Ordinary indices."""
    return [
        Shape("orders", 3, settings={"refresh_interval": "5s"}, mappings=_properties(ORDER_FIELDS),
              aliases={"orders-open": {"filter": {"term": {"state": "open"}}}, "everything": {}}),
        Shape("cities", 2, mappings=_properties(POINT), aliases={"everything": {}}),
        Shape("airports", 1, mappings=_properties(POINT)),
        Shape("countries"), Shape("cars"), Shape("stocks"), Shape("temperatures", 2),
        Shape("weather", 1, replicas=1),
        Shape("empty-index", 2, mappings=_properties({"never": KEYWORD})),
    ]  # fmt: skip


def special() -> list[Shape]:
    """Nested documents, required routing, a write index, a closed index, hidden ones."""
    lines = {"type": "nested", "properties": {"goods": KEYWORD, "price": {"type": "double"}}}
    routed = {"_routing": {"required": True}, "properties": {"country": KEYWORD, "since": DATE}}
    return [
        Shape("orders-nested", 2, mappings=_properties({**ORDER_FIELDS, "lines": lines})),
        Shape("customers", 3, replicas=1, mappings=routed,
              aliases={"customers-ch": {"routing": "CH", "filter": {"term": {"country": "CH"}}}}),
        _of_orders("invoices-000001", aliases={"invoices": {"is_write_index": False}}),
        _of_orders("invoices-000002", aliases={"invoices": {"is_write_index": True}}),
        _of_orders("archive-2024"),
        _of_orders("hidden-metrics", settings={"hidden": True}),
        _of_orders(".hidden-audit", settings={"hidden": True}),
    ]  # fmt: skip


def system_like() -> list[Shape]:
    """Indices that plugins and Dashboards leave on every domain, which must not move."""
    return [
        _of_orders(".kibana_1", aliases={".kibana": {}}),
        _of_orders(".opendistro-job-scheduler-lock", settings={"hidden": True}),
    ]


def catalog() -> Shape:
    """An index with custom analyzers."""
    analysis = {
        "filter": {
            "english_stem": {"type": "stemmer", "language": "english"},
            "goods_synonyms": {"type": "synonym", "synonyms": ["oar, paddle", "lantern, lamp"]},
        },
        "analyzer": {
            "goods_text": {
                "type": "custom", "tokenizer": "standard",
                "filter": ["lowercase", "goods_synonyms", "english_stem"],
            },
            "prefixes": {"type": "custom", "tokenizer": "edge", "filter": ["lowercase"]},
        },
        "tokenizer": {
            "edge": {"type": "edge_ngram", "min_gram": 2, "max_gram": 8, "token_chars": ["letter"]}
        },
    }  # fmt: skip
    text = {
        "type": "text",
        "analyzer": "goods_text",
        "fields": {"prefix": {"type": "text", "analyzer": "prefixes"}},
    }
    return Shape("catalog", settings={"analysis": analysis}, mappings=_properties({"title": text}))


def small(name: str) -> Shape:
    """One of the many small indices."""
    return _of_orders(name)


STREAM = "logs-web"
STREAM_TEMPLATE: dict[str, Any] = {
    "index_patterns": [f"{STREAM}*"],
    "data_stream": {},
    "template": {
        "settings": {"index": {"number_of_shards": 1, "number_of_replicas": 0}},
        "mappings": {
            "properties": {"@timestamp": DATE, "client": {"type": "ip"}, "verb": KEYWORD, "path": KEYWORD}
        },
    },
}


def _properties(fields: dict[str, Any]) -> dict[str, Any]:
    return {"properties": fields}


def _of_orders(name: str, **more: Any) -> Shape:
    """An index with a complete mapping, because each mapping change costs a cluster state."""
    return Shape(name, mappings=_properties(ORDER_FIELDS), **more)
