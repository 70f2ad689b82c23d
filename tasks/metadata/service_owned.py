"""What belongs to the service, an engine or a plugin, and is never copied nor replaced. Pure."""

import re
from typing import cast

from domains.engine.configuration.definition import Definition
from domains.http.json_replies import Json
from tasks.records.metadata import LeftReason
from tasks.selection.select import matches
from tasks.selection.system_indices import system_indices_of

_NAMES = (
    ".opendistro*",
    ".opensearch*",
    ".plugins-*",
    ".kibana*",
    ".ql-*",
    ".ml-*",
    ".monitoring*",
    ".watch*",
    ".slm*",
    ".triggered_watches*",
    ".management-beats",
    "cs-*",
    "kibana_index_template*",
    "opensearch_dashboards_index_template*",
    "tenant_template",
    "ss4o_*_template",
    "ss4o_*_settings",
    "security-auditlog*",
    "query_insights_*",
    "opensearch_index_plugin*",
)
"""Names that the service, engines and plugins give to what they make themselves."""
_ADMINISTRATORS = frozenset({"all_access", "security_manager"})
SETTABLE = re.compile(
    r"action\.auto_create_index|action\.search\.shard_count\.limit"
    r"|indices\.breaker\.(fielddata|request|total)\.limit"
    r"|cluster\.max_shards_per_node"
    r"|cluster\.search\.request\.slowlog\..+|search\.max_buckets|search\.phase_took_enabled"
)
"""Cluster settings that the service lets one set; of any other, a domain decides for itself."""
_NAMED = frozenset(
    {
        "ingest-pipelines",
        "search-pipelines",
        "component-templates",
        "index-templates",
        "legacy-templates",
        "index-policies",
        "snapshot-policies",
        "stored-scripts",
    }
)


def left_reason(kind: str, name: str, definition: Definition) -> LeftReason | None:
    """Why this is never copied nor replaced; None if it may be."""
    if definition.protected:
        return LeftReason.PROTECTED
    if kind == "cluster-settings":
        return _setting(name)
    if kind == "role-mappings" and name in _ADMINISTRATORS:
        return LeftReason.MASTER
    if kind == "aliases" and system_indices_of(name) is not None:
        return LeftReason.SERVICE
    if kind in _NAMED and matches(name, _NAMES):
        return LeftReason.SERVICE
    if kind in {"index-templates", "legacy-templates"} and _is_for_system_indices(definition.body):
        return LeftReason.SERVICE
    if kind == "monitors" and definition.body.get("owner", "alerting") != "alerting":
        return LeftReason.SERVICE
    return None


def _setting(name: str) -> LeftReason | None:
    if name.startswith("archived."):
        return LeftReason.ARCHIVED
    return None if SETTABLE.fullmatch(name) else LeftReason.NOT_SETTABLE


def _is_for_system_indices(body: Json) -> bool:
    patterns = body.get("index_patterns")
    listed = cast("list[object]", patterns) if isinstance(patterns, list) else []
    return bool(listed) and all(
        isinstance(each, str) and each.startswith(".") and system_indices_of(each.rstrip("*")) is not None
        for each in listed
    )
