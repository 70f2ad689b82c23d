"""The APIs that the service offers, and the cluster settings that can be set.

Observed: `_xpack`, `_ilm` and `_cluster/reroute` are denied (grade R). Documented: cluster settings need the
flat form (grade A). The lists follow the service's tables: `_alias` to `_refresh` as published (grade R),
the rest from memory (grade K). Everything else is denied, also what a domain may offer although no table
names it: `_settings`, `_recovery` and `_segments` without an index, `_component_template`.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from lab.door import bodies
from lab.door.answers import Answer, not_read
from lab.door.exchange import Door, Exchange
from lab.door.signature import Received
from lab.manners import answers as manners_answers

APIS = frozenset(
    [
        "_alias",
        "_aliases",
        "_all",
        "_analyze",
        "_bulk",
        "_cat",
        "_cluster",
        "_count",
        "_dashboards",
        "_data_stream",
        "_delete_by_query",
        "_explain",
        "_field_caps",
        "_flush",
        "_forcemerge",
        "_hot",
        "_index_template",
        "_ingest",
        "_list",
        "_ltr",
        "_mapping",
        "_mget",
        "_msearch",
        "_mtermvectors",
        "_nodes",
        "_opendistro",
        "_plugin",
        "_plugins",
        "_rank_eval",
        "_refresh",
        "_reindex",
        "_render",
        "_resolve",
        "_rollover",
        "_scripts",
        "_search",
        "_search_shards",
        "_shard_stores",
        "_snapshot",
        "_stats",
        "_tasks",
        "_template",
        "_termvectors",
        "_ultrawarm",
        "_cold",
        "_update_by_query",
        "_validate",
        "_warm",
    ]
)
"""First parts of a path. Nothing after an index name is denied: the tables allow all of it."""

CLUSTER_APIS = frozenset(("allocation", "health", "nodes", "pending_tasks", "settings", "state", "stats"))
CAT_DENIED = frozenset(("nodeattrs",))

SETTINGS = re.compile(
    r"action\.auto_create_index|action\.search\.shard_count\.limit"
    r"|indices\.breaker\.(fielddata|request|total)\.limit"
    r"|cluster\.max_shards_per_node"  # grade R
    r"|cluster\.search\.request\.slowlog\..+|search\.max_buckets|search\.phase_took_enabled"
)
SCOPES = ("persistent", "transient")  # whether `transient` is refused is not known: it is let through


async def refusal(exchange: Exchange, door: Door) -> Answer | None:
    """Deny an API or setting that the service does not offer on any domain; else return None."""
    request = exchange.received
    parts = [unquote(part) for part in request.path.split("/") if part]
    if not _offered(parts):
        return manners_answers.not_allowed(request.path)
    if request.method == "PUT" and parts[:2] == ["_cluster", "settings"]:
        return _settings_refused(request)
    return None


def _offered(parts: list[str]) -> bool:
    if not parts or not parts[0].startswith("_"):
        return True
    if parts[0] == "_cluster" and len(parts) > 1:
        return parts[1] in CLUSTER_APIS
    if parts[0] == "_cat" and len(parts) > 1:
        return parts[1] not in CAT_DENIED
    return parts[0] in APIS


def _settings_refused(request: Received) -> Answer | None:
    try:
        document = bodies.document(request.content)
    except bodies.Unreadable:
        return not_read()
    return None if _settable(document) else manners_answers.payload_not_allowed(request.path)


def _settable(document: Any) -> bool:
    if not isinstance(document, dict):
        return True  # the engine's own error says more
    return all(
        _flat_and_allowed(document[scope]) for scope in SCOPES if isinstance(document.get(scope), dict)
    )


def _flat_and_allowed(settings: dict[str, Any]) -> bool:
    return all(
        not isinstance(value, dict) and SETTINGS.fullmatch(name) is not None
        for name, value in settings.items()
    )
