"""Indices that belong to the service, to Dashboards or to a plugin, not to the user.

They are left out of the snapshot and of the restore: restoring some is forbidden (fine-grained access
control), others break what the target made for itself. `.ds-*` are data streams' backing indices, so user
data.
"""

import re

_PREFIXES = (
    ".opendistro",
    ".opensearch-",
    ".opensearch_",
    ".plugins-",
    ".ql-datasources",
    ".replication-metadata-store",
    ".query_execution_request_",
    ".async-search",
    ".geospatial-",
    ".internal.",
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
_PATTERNS = re.compile(  # names that a user's index may well begin with
    r"\.tasks(-.*)?|\.security([-_\d].*)?|\.kibana([-_.\d].*)?"
    r"|security-auditlog-.*|top_queries-\d{4}\.\d{2}\.\d{2}-\d+",
    re.DOTALL,
)


def is_system_index(name: str) -> bool:
    """Whether this index is the service's or a plugin's own."""
    return name.startswith(_PREFIXES) or _PATTERNS.fullmatch(name) is not None
