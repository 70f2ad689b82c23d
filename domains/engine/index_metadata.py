"""Metadata of indices: mapping, settings, aliases."""

from collections.abc import Iterable
from dataclasses import dataclass

from domains.domain import Domain
from domains.engine.catalog import path_pieces
from domains.http.documented import documented
from domains.http.json_replies import Json, child, required_object
from domains.http.requests import path_of

_TIMEOUT_S = 120.0
_PARTS = "*.mappings,*.settings,*.aliases"


@dataclass(frozen=True)
class IndexMetadata:
    """Mapping, settings (flat) and aliases of an index, as the engine renders them."""

    mapping: Json
    settings: Json
    aliases: Json


@documented
def index_metadata(domain: Domain, names: Iterable[str]) -> dict[str, IndexMetadata]:
    """Read the metadata of these indices, open or closed, as far as they exist. Needs `indices:admin/get`."""
    found: dict[str, IndexMetadata] = {}
    for piece in path_pieces(names):
        reply = domain.connection.read_object(
            "GET",
            path_of(",".join(piece)),
            timeout_s=_TIMEOUT_S,
            expand_wildcards="all",
            ignore_unavailable="true",
            flat_settings="true",
            filter_path=_PARTS,
        )
        for name, entry in reply.items():
            settings = required_object(entry["settings"])  # every index has some, at least its UUID
            found[name] = IndexMetadata(child(entry, "mappings"), settings, child(entry, "aliases"))
    return found
