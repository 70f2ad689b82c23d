"""What indices are beside their documents, and the templates that make such indices."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from domains.domain import Domain
from domains.engine.catalog import path_pieces
from domains.http.documented import documented
from domains.http.json_replies import Json, child
from domains.http.requests import path_of

_TIMEOUT_S = 120.0
_PARTS = "*.mappings,*.settings,*.aliases"
_TEMPLATES = "index_template", "component_template", "templates"


@dataclass(frozen=True)
class IndexMetadata:
    """Mapping, settings (flat) and aliases of an index, as the engine renders them."""

    mapping: Json
    settings: Json
    aliases: Json


@documented
def index_metadata(domain: Domain, names: Iterable[str]) -> dict[str, IndexMetadata]:
    """Those of these indices, open or closed, that are there. Reads only; asks `indices:admin/get`."""
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
            settings = entry["settings"]  # each has some: its UUID at least
            found[name] = IndexMetadata(child(entry, "mappings"), settings, child(entry, "aliases"))
    return found


@dataclass(frozen=True)
class Template:
    """One index template, as the engine renders it.

    Args:
        patterns: the names that it is for.
        rank: of those that fit a name, the highest is in force.
        body: what it makes of an index.
        components: component templates that it is composed of.
    """

    patterns: tuple[str, ...]
    rank: int
    body: Json
    components: tuple[str, ...] = ()


@dataclass(frozen=True)
class Templates:
    """All of a domain, by name: composable ones, those of the old kind, component templates."""

    composable: dict[str, Template] = field(default_factory=dict[str, Template])
    old: dict[str, Template] = field(default_factory=dict[str, Template])
    components: dict[str, Json] = field(default_factory=dict[str, Json])


@documented
def templates(domain: Domain) -> Templates:
    """Every template, from the cluster's state: that needs no right but to monitor it. Reads only."""
    reply = domain.connection.read_object(
        "GET",
        "/_cluster/state/metadata",
        timeout_s=_TIMEOUT_S,
        filter_path=",".join(f"metadata.{part}" for part in ("cluster_uuid", *_TEMPLATES)),
    )
    found: Json = reply["metadata"]
    found["cluster_uuid"]  # a reply without it is no look at the metadata
    return Templates(
        composable=dict(_composable(child(found, "index_template", "index_template"))),
        old=dict(_old(child(found, "templates"))),
        components=child(found, "component_template", "component_template"),
    )


def _composable(listed: Json) -> Iterator[tuple[str, Template]]:
    for name, entry in listed.items():
        body = {key: entry[key] for key in ("template", "data_stream", "priority") if entry.get(key)}
        composed = tuple(entry.get("composed_of") or ())
        yield name, Template(tuple(entry["index_patterns"]), int(entry.get("priority") or 0), body, composed)


def _old(listed: Json) -> Iterator[tuple[str, Template]]:
    for name, entry in listed.items():
        body = {key: entry[key] for key in ("settings", "mappings", "aliases", "order") if entry.get(key)}
        yield name, Template(tuple(entry["index_patterns"]), int(entry.get("order") or 0), body)
