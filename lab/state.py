"""The user-visible state of a domain, as one comparable value."""

from __future__ import annotations

from typing import Any

from lab.description import LabDescription
from lab.engines.engine_client import UNKNOWN, EngineClient

ALL = "open,closed,hidden"


def state(description: LabDescription, side: str) -> dict[str, Any]:
    """Read the state of the domain "source" or "target", to compare before and after by `==`.

    Keys: `repositories`, `snapshots` (by repository), `indices` (by name: uuid, state, settings, mappings,
    aliases, documents; None for a closed index), `data_streams`, `templates`, `pipelines`,
    `cluster_settings`. Refreshes all open indices first.

    Raises:
        LabError: the engine does not answer.
    """
    with EngineClient(description.domain(side)) as engine:
        repositories = engine.call("GET", "/_snapshot")
        return {
            "repositories": repositories,
            "snapshots": {name: _snapshots(engine, name) for name in sorted(repositories)},
            "indices": _indices(engine),
            "data_streams": engine.call("GET", "/_data_stream", ok=UNKNOWN).get("data_streams", []),
            "templates": {
                path: engine.call("GET", path)
                for path in ("/_index_template", "/_component_template", "/_template")
            },
            "pipelines": engine.call("GET", "/_ingest/pipeline", ok=(404,)),
            "cluster_settings": engine.call("GET", "/_cluster/settings", flat_settings="true"),
        }


def _snapshots(engine: EngineClient, repository: str) -> dict[str, str]:
    """The state of each snapshot by name; for an unreadable repository, the reason instead."""
    reply = engine.call("GET", f"/_snapshot/{repository}/_all", ok=(404, 500), verbose="false")
    if "error" in reply:
        return {"error": reply["error"]["type"]}
    return {each["snapshot"]: each["state"] for each in reply["snapshots"]}


def _indices(engine: EngineClient) -> dict[str, Any]:
    engine.call("POST", "/_refresh", expand_wildcards="open,hidden")
    listed = engine.call("GET", "/_cat/indices", format="json", h="index,uuid,status", expand_wildcards=ALL)
    details = engine.call("GET", "/_all", expand_wildcards=ALL, flat_settings="true")
    counts = _counts(engine)
    return {
        row["index"]: {
            "uuid": row["uuid"],
            "state": row["status"],
            **details.get(row["index"], {}),
            "documents": counts.get(row["index"], 0) if row["status"] == "open" else None,
        }
        for row in sorted(listed, key=lambda row: row["index"])
    }


def _counts(engine: EngineClient) -> dict[str, int]:
    by_index = {"by_index": {"terms": {"field": "_index", "size": 60_000}}}
    body = {"size": 0, "track_total_hits": False, "aggs": by_index}
    reply = engine.call(
        "POST", "/_all/_search", body, expand_wildcards="open,hidden", ignore_unavailable="true"
    )
    buckets = reply.get("aggregations", {}).get("by_index", {}).get("buckets", [])
    return {each["key"]: each["doc_count"] for each in buckets}
