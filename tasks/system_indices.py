"""Indices that belong to the service, to Dashboards or to a plugin, not to the user.

They are left out of the snapshot and of the restore: restoring some is forbidden (fine-grained access
control), others break what the target made for itself. `.ds-*` are data streams' backing indices, so user
data.
"""

import re

_PREFIXES = (
    ".opendistro",
    ".opensearch",
    ".kibana",
    ".opensearch_dashboards",
    ".plugins-",
    ".ql-datasources",
    ".tasks",
    ".replication-metadata-store",
    ".query_execution_request_",
    ".async-search",
    ".geospatial-",
    ".internal.",
    ".security",
    ".scheduler-",
    ".ltrstore",
    ".ml-",
    ".monitoring-",
    ".apm-",
    ".watches",
    ".triggered_watches",
    ".transform-",
    ".management-",
)
_PLAIN = re.compile(r"security-auditlog-.*|top_queries-\d{4}\.\d{2}\.\d{2}-\d+")


def is_system_index(name: str) -> bool:
    """Whether this index is the service's or a plugin's own."""
    return name.startswith(_PREFIXES) or _PLAIN.fullmatch(name) is not None
