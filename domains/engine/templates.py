"""Read a domain's templates from the cluster state, which needs only the monitoring right. Reads only."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from domains.domain import Domain
from domains.http.documented import documented
from domains.http.json_replies import Json, child, children, required_object, text, texts, whole

_TIMEOUT_S = 120.0
_TEMPLATES = ("index_template", "component_template", "templates")
_DEFINITIONS = (
    "index_template.index_template.*.index_patterns",
    "index_template.index_template.*.data_stream",
    "index_template.index_template.*.priority",
    "ingest.pipeline.id",
    "search_pipeline.pipeline.id",
)


@dataclass(frozen=True)
class Template:
    """One index template.

    Args:
        patterns: the names that it applies to.
        rank: of the templates that match a name, the highest applies.
        body: its settings, mappings and aliases, as the engine renders them.
        components: component templates that it is composed of.
        streams: whether new names that match it become data streams.
    """

    patterns: tuple[str, ...]
    rank: int
    body: Json
    components: tuple[str, ...] = ()
    streams: bool = False


@dataclass(frozen=True)
class Templates:
    """All templates of a domain, by name: composable, legacy (`old`) and component templates."""

    composable: dict[str, Template] = field(default_factory=dict[str, Template])
    old: dict[str, Template] = field(default_factory=dict[str, Template])
    components: dict[str, Json] = field(default_factory=dict[str, Json])


@dataclass(frozen=True)
class Definitions:
    """Definitions that new indices and requests can match.

    Args:
        templates: composable ones by name: patterns and rank, without their bodies.
        ingest, search: names of the pipelines.
    """

    templates: dict[str, Template]
    ingest: frozenset[str]
    search: frozenset[str]


@documented
def templates(domain: Domain) -> Templates:
    """Read every template with its body."""
    found = _metadata(domain, _TEMPLATES)
    return Templates(
        composable=dict(_composable(child(found, "index_template", "index_template"))),
        old=dict(_old(child(found, "templates"))),
        components=_objects(child(found, "component_template", "component_template")),
    )


@documented
def definitions(domain: Domain) -> Definitions:
    """Read the composable templates' patterns and the pipelines' names, from the node that answers."""
    found = _metadata(domain, _DEFINITIONS, local="true")
    return Definitions(
        templates=dict(_composable(child(found, "index_template", "index_template"))),
        ingest=_pipelines(child(found, "ingest")),
        search=_pipelines(child(found, "search_pipeline")),
    )


def _objects(listed: Json) -> dict[str, Json]:
    return {name: required_object(entry) for name, entry in listed.items()}


def _pipelines(found: Json) -> frozenset[str]:
    return frozenset(text(entry["id"]) for entry in children(found, "pipeline"))


def _metadata(domain: Domain, parts: Sequence[str], **query: str) -> Json:
    paths = ",".join(f"metadata.{part}" for part in ("cluster_uuid", *parts))
    reply = domain.connection.read_object(
        "GET", "/_cluster/state/metadata", timeout_s=_TIMEOUT_S, filter_path=paths, **query
    )
    found: Json = reply["metadata"]
    found["cluster_uuid"]  # a reply without it lacks the metadata
    return found


def _composable(listed: Json) -> Iterator[tuple[str, Template]]:
    for name, entry in listed.items():
        body = {key: entry[key] for key in ("template", "data_stream", "priority") if entry.get(key)}
        composed = texts(entry.get("composed_of") or [])
        yield (
            name,
            Template(
                texts(entry["index_patterns"]),
                whole(entry.get("priority") or 0),
                body,
                composed,
                "data_stream" in entry,
            ),
        )


def _old(listed: Json) -> Iterator[tuple[str, Template]]:
    for name, entry in listed.items():
        body = {key: entry[key] for key in ("settings", "mappings", "aliases", "order") if entry.get(key)}
        yield name, Template(texts(entry["index_patterns"]), whole(entry.get("order") or 0), body)
