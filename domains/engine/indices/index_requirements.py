"""The requirements of indices on their domain: settings, field types and analyzers that it must support."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from domains.domain import Domain
from domains.engine.every_index import every_definition
from domains.engine.indices.index_metadata import unreadable_source
from domains.http.documented import documented
from domains.http.json_replies import Json, child, is_object

_SETTINGS = (
    "analysis*",
    "pipeline",
    "policy_id",
    "box_type",
    "remote_store*enabled",
    "replication*type",
    "auto_expand_replicas",
    "codec",
    "rollover_alias",
    "blocks*",
    "replication*follower*",
    "ccr*",
    "lifecycle*",
    "index_state_management*",
    "throttled",
    "frozen",
    "store*type",
    "data_path",
    "derived_source*enabled",
)
_TEXTS = (
    *("_meta", "dynamic_templates", "dynamic_date_formats", "**.null_value", "**.relations", "**.value"),
    *("**.contexts", "**.meta", "**.copy_to", "**.format", "**.script"),
)
"""Parts of a mapping that take any text. Names of fields come with their types."""
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_PARTS = (
    *(f"*.settings.index*{setting}" for setting in _SETTINGS),
    "*.mappings.**.type",
    "*.mappings.**.analyzer",
    "*.mappings._size",
    *(f"*.mappings.{text}" for text in _TEXTS),
    "*.aliases.*.filter",
    "*.mappings._source",
    "*.mappings.*._source",  # below a document type: Elasticsearch 6
)


@dataclass(frozen=True)
class IndexRequirements:
    """The requirements of one index.

    Args:
        settings: the settings above, by their full flat keys; a list is one value.
        types: its field types, and `_size` where the index stores the size of documents.
        analyzers: the analyzers of its fields.
        lone_surrogates: texts of its mapping and of its aliases' filters that hold half a surrogate pair,
            with that half escaped: no engine can write them into a snapshot.
        unreadable: why the contents of its documents cannot be compared; empty if they can.
    """

    settings: dict[str, tuple[str, ...]]
    types: frozenset[str]
    analyzers: frozenset[str]
    lone_surrogates: tuple[str, ...] = ()
    unreadable: str = ""

    def setting(self, key: str) -> str:
        """The setting's value; empty where the index does not set it."""
        return next(iter(self.settings.get(key, ())), "")


NO_REQUIREMENTS = IndexRequirements({}, frozenset(), frozenset())


@documented
def index_requirements(domain: Domain) -> dict[str, IndexRequirements]:
    """Read the requirements of every index, closed and hidden ones included. One request; reads only.

    The reply holds types and names alone, and the memory for it does not grow with the number of fields.

    Raises:
        DomainError: typed; a caller without `indices:admin/get` is Denied.
    """
    same: dict[frozenset[str], frozenset[str]] = {}  # similar indices share one copy of their types
    return every_definition(domain, ",".join(_PARTS), lambda _, entry: _requirements(entry, same))


def _requirements(entry: Json, same: dict[frozenset[str], frozenset[str]]) -> IndexRequirements:
    mapping = child(entry, "mappings")
    told = list(_fields(mapping))
    types = frozenset(kind for kind, _ in told if kind) | (
        {"_size"} if child(mapping, "_size").get("enabled") in (True, "true") else set[str]()
    )
    analyzers = frozenset(analyzer for _, analyzer in told if analyzer)
    settings = {key: _texts(value) for key, value in child(entry, "settings").items()}
    broken = tuple(dict.fromkeys(_broken_texts([mapping, child(entry, "aliases")])))
    return IndexRequirements(
        settings,
        same.setdefault(types, types),
        same.setdefault(analyzers, analyzers),
        broken,
        _unreadable(mapping, child(entry, "settings")),
    )


def _broken_texts(part: object) -> Iterator[str]:
    """Yield every text, at any depth, that holds half a surrogate pair."""
    if isinstance(part, str):
        if not part.isascii() and _LONE_SURROGATE.search(part):
            yield _LONE_SURROGATE.sub(lambda half: f"\\u{ord(half[0]):04x}", part)
    elif isinstance(part, list):
        for each in cast(list[object], part):
            yield from _broken_texts(each)
    elif is_object(part):
        for key, value in part.items():
            yield from _broken_texts(key)
            yield from _broken_texts(value)


def _unreadable(mapping: Json, settings: Json) -> str:
    typed = [below for part, below in mapping.items() if is_object(below) and not part.startswith("_")]
    found = (unreadable_source(each, settings) for each in (mapping, *typed))
    return next(filter(None, found), "")


def _fields(mapping: Json) -> Iterator[tuple[str, str]]:
    """Yield type and analyzer of every field, at any depth. Elasticsearch 6 wraps them in a document type."""
    for part, below in mapping.items():
        if part in {"properties", "fields"} and is_object(below):
            for field in below.values():
                if is_object(field):
                    yield _word(field, "type"), _word(field, "analyzer")
                    yield from _fields(field)
        elif is_object(below) and "properties" in below and not part.startswith("_"):
            yield from _fields(below)


def _word(field: Json, key: str) -> str:
    value = field.get(key)
    return value if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    listed: list[object] = value if isinstance(value, list) else [value]  # pyright: ignore[reportUnknownVariableType]
    return tuple(str(each) for each in listed)
