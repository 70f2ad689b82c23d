"""Saved objects of Dashboards, of the global tenant: dashboards, visualizations, index patterns, searches."""

import json
from dataclasses import dataclass

from domains.domain import Domain
from domains.engine.configuration.definition import Definition
from domains.engine.offered import if_offered
from domains.http.documented import documented
from domains.http.json_replies import Json, children, required_object, text, whole
from domains.http.requests import Content, path_of
from domains.versions import Version

TYPES = ("index-pattern", "search", "visualization", "dashboard", "query", "map", "visualization-visbuilder")
_AT_MOST = 10_000
_LONGEST = 48 * 1024 * 1024
_TIMEOUT_S = 120.0
_HEADERS = {"osd-xsrf": "true", "kbn-xsrf": "true"}  # OpenSearch Dashboards, and Kibana before it
_BOUNDARY = "snapferry-saved-objects"


@dataclass(frozen=True)
class ImportResult:
    """How an import ended.

    Args:
        errors: `type/id: reason` of each object that was not imported.
    """

    imported: int
    errors: tuple[str, ...]


@documented
def saved_objects(domain: Domain, version: Version) -> dict[str, Definition] | None:
    """Read every saved object by `type/id`; None where the domain serves no Dashboards. Reads only.

    Raises:
        UnexpectedReply: the reply lists fewer than it counts.
    """
    return if_offered(lambda: _found(domain, version))


def _found(domain: Domain, version: Version) -> dict[str, Definition]:
    found: dict[str, Definition] = {}
    for kind in TYPES:
        reply = domain.connection.read_object(
            "GET", path_of(*api(version), "_find"), type=kind, per_page=str(_AT_MOST)
        )
        listed = children(reply, "saved_objects")
        if whole(reply["total"]) > len(listed):
            raise ValueError(f"the reply lists fewer objects of type {kind} than it counts")
        for each in listed:
            body: Json = {
                "attributes": required_object(each["attributes"]), "references": each.get("references") or []
            }  # fmt: skip
            found[f"{text(each['type'])}/{text(each['id'])}"] = Definition(body, key=text(each["id"]))
    return found


def export(domain: Domain, version: Version, keys: list[tuple[str, str]]) -> str:
    """Export these objects (type and id) as Dashboards does, one JSON object per line. Changes nothing."""
    body = {"objects": [{"type": kind, "id": key} for kind, key in keys], "excludeExportDetails": True}
    return domain.connection.write_text(
        "POST",
        path_of(*api(version), "_export"),
        body=Content(json.dumps(body), "application/json", _HEADERS),
        longest=_LONGEST,
        timeout_s=_TIMEOUT_S,
    )


@documented
def import_objects(domain: Domain, version: Version, exported: str, *, overwrite: bool) -> ImportResult:
    """Import what `export` returned.

    Args:
        overwrite: whether to replace objects of the same id; else they count as errors.
    """
    reply = domain.connection.write(
        "POST",
        path_of(*api(version), "_import"),
        body=Content(_form(exported), f"multipart/form-data; boundary={_BOUNDARY}", _HEADERS),
        timeout_s=_TIMEOUT_S,
        **({"overwrite": "true"} if overwrite else {}),
    )
    answer = required_object(reply)
    errors = tuple(
        f"{text(each['type'])}/{text(each['id'])}: {_reason(required_object(each['error']))}"
        for each in children(answer, "errors")
    )
    return ImportResult(whole(answer["successCount"]), errors)


def _reason(error: Json) -> str:
    return text(error.get("message") or error["type"])


def _form(exported: str) -> str:
    """The file in a form, as a browser would send it."""
    head = 'Content-Disposition: form-data; name="file"; filename="export.ndjson"'
    lines = (f"--{_BOUNDARY}", head, "Content-Type: application/ndjson", "", exported, f"--{_BOUNDARY}--", "")
    return "\r\n".join(lines)


def api(version: Version) -> tuple[str, ...]:
    """The segments of the path of the saved objects' API on a domain of the service."""
    first = ("_dashboards",) if version.engine == "opensearch" else ("_plugin", "kibana")
    return *first, "api", "saved_objects"
