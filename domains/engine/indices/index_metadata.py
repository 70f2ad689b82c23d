"""Metadata of indices: mapping, settings, aliases."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from domains.domain import Domain
from domains.engine.catalog import path_pieces
from domains.http.documented import documented
from domains.http.json_replies import Json, child, is_object, required_object
from domains.http.requests import path_of

_TIMEOUT_S = 120.0
_PARTS = "*.mappings,*.settings,*.aliases"
_DERIVED = "index.derived_source.enabled"


@dataclass(frozen=True)
class IndexMetadata:
    """Mapping, settings (flat) and aliases of an index, as the engine renders them."""

    mapping: Json
    settings: Json
    aliases: Json


def unreadable_source(mapping: Json, settings: Mapping[str, object]) -> str:
    """Say why the contents of an index's documents cannot be compared; empty if they can. Pure.

    Args:
        settings: by flat keys.
    """
    kept: object = mapping.get("_source")
    if is_object(kept):
        if str(kept.get("enabled", True)).lower() == "false":
            return "its mapping keeps no _source"
        for key in ("excludes", "includes"):
            if kept.get(key):
                return f"its mapping keeps only a part of _source (_source.{key})"
        if kept.get("mode", "stored") != "stored":
            return f"its mapping makes _source from other fields (_source.mode: {kept['mode']})"
    if str(settings.get(_DERIVED, False)).lower() == "true":
        return f"it derives _source from other fields ({_DERIVED})"
    return ""


@documented
def known_settings(domain: Domain, name: str) -> dict[str, str]:
    """Read every index setting that the engine knows, by flat keys, with its value in this index. Reads only.

    Empty if the domain does not list them. Settings with names of the user's own (analyzers, filters) are
    missing unless the index has them.
    """
    reply = domain.connection.read_object(
        "GET",
        path_of(name, "_settings"),
        timeout_s=_TIMEOUT_S,
        include_defaults="true",
        flat_settings="true",
        expand_wildcards="all",
    )
    entry: Json = reply[name]
    defaults = child(entry, "defaults")
    found = {**child(entry, "settings"), **defaults} if defaults else {}
    return {key: value if isinstance(value, str) else str(value) for key, value in found.items()}


@documented
def index_settings(domain: Domain, names: Iterable[str]) -> dict[str, Json]:
    """Read the settings of these indices by flat keys, open or closed, as far as they exist. Reads only."""
    return {name: child(entry, "settings") for name, entry in _entries(domain, names, "_settings")}


@documented
def index_metadata(domain: Domain, names: Iterable[str]) -> dict[str, IndexMetadata]:
    """Read the metadata of these indices, open or closed, as far as they exist. Needs `indices:admin/get`."""
    found: dict[str, IndexMetadata] = {}
    for name, entry in _entries(domain, names, filter_path=_PARTS):
        settings = required_object(entry["settings"])  # every index has some, at least its UUID
        found[name] = IndexMetadata(child(entry, "mappings"), settings, child(entry, "aliases"))
    return found


def _entries(domain: Domain, names: Iterable[str], *parts: str, **query: str) -> Iterator[tuple[str, Json]]:
    """Yield each index that exists with its entry in the reply, with settings by flat keys."""
    for piece in path_pieces(names):
        reply = domain.connection.read_object(
            "GET",
            path_of(",".join(piece), *parts),
            timeout_s=_TIMEOUT_S,
            expand_wildcards="all",
            ignore_unavailable="true",
            flat_settings="true",
            **query,
        )
        yield from reply.items()
