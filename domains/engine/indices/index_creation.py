"""Create an index as another one is: the same mapping and settings, where a new index can have them."""

from collections.abc import Iterable, Mapping
from typing import Any

from domains.engine.indices.index_metadata import IndexMetadata
from domains.http.json_replies import Json, is_object
from domains.http.requests import Request, path_of

_OF_ONE_INDEX = (
    "index.uuid",
    "index.creation_date",
    "index.creation_date_string",
    "index.provided_name",
    "index.history.uuid",
    "index.history_uuid",
    "index.version.",
    "index.resize.",
    "index.shrink.",
    "index.split.",
    "index.recovery.type",
    "index.verified_before_close",
    "index.routing.allocation.initial_recovery.",
    "index.store.snapshot.",
    "index.replication.type",
    "index.remote_store.",
    "archived.",
)
"""Settings that the engine gives an index, and refuses or overwrites in a new one: names, and beginnings."""


OF_THE_ENGINE = tuple(f"{each}*" if each.endswith(".") else each for each in _OF_ONE_INDEX)
"""Patterns of the settings that an engine gives each index that it creates: two of them differ in these."""


def settable(settings: Mapping[str, Any]) -> Json:
    """The settings of an index that a new one can be created with. Pure; flat keys."""
    return {key: value for key, value in settings.items() if not _is_of_one_index(key)}


def _is_of_one_index(key: str) -> bool:
    return any(key == each or (each.endswith(".") and key.startswith(each)) for each in _OF_ONE_INDEX)


def create_request(name: str, mapping: Json, settings: Mapping[str, Any], aliases: Json) -> Request:
    """The request that creates an index. Refused if there is one, so that it changes no other.

    Args:
        settings: by flat keys.
        aliases: by name, with filter, routing and write index.
    """
    body = {"settings": dict(settings), "mappings": mapping, "aliases": aliases}
    return Request("PUT", path_of(name), body, {"wait_for_active_shards": "1"})


def without_type(made: IndexMetadata, roots: Iterable[str] = ()) -> Json:
    """The mapping without its document type: Elasticsearch 6 shows it below the type's name. Pure.

    Raises:
        ValueError: it has several document types, which no later engine can hold in one index.
    """
    types = [key for key, value in made.mapping.items() if _is_type(key, value, {*_ROOTS, *roots})]
    if not types:
        return made.mapping
    if len(made.mapping) > 1:
        raise ValueError(f"it has the document types {', '.join(sorted(types))}")
    below: Json = made.mapping[types[0]]
    return below


_ROOTS = {
    *("properties", "dynamic", "dynamic_templates", "dynamic_date_formats", "date_detection"),
    *("numeric_detection", "runtime", "_source", "_routing", "_meta", "_size", "_field_names", "_all"),
    *("_data_stream_timestamp", "_parent", "_type", "_id", "_index", "derived", "enabled"),
}


def _is_type(key: str, value: object, roots: set[str]) -> bool:
    return key not in roots and is_object(value)
