"""Indices that belong to the service, an engine, a plugin or a user interface, and not to users. Pure.

They stay unless the plan names one exactly. Some stay even then: the target has or protects its own, or a
snapshot cannot carry their meaning (encryption keys, users, jobs). The AWS guide restores snapshots without
`.kibana*` and `.opendistro*`.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_DASHBOARDS = "export its saved objects and import them on the target"
_PLUGIN = "create what it holds again on the target, through the plugin's own API"
_ACCESS = "create users, roles and mappings on the target"


@dataclass(frozen=True)
class SystemIndices:
    """Names of one product's indices.

    Args:
        product: which product they belong to.
        source: where that is known from.
        patterns: their names; `*` stands for any characters, `#` for a number.
        instead: what to do instead of moving them; empty if an index can move when the plan names it exactly.
    """

    product: str
    source: str
    patterns: tuple[str, ...]
    instead: str = ""

    @property
    def protected(self) -> bool:
        """Whether they never move, even if the plan names one."""
        return bool(self.instead)


def _of(product: str, source: str, patterns: str, instead: str = "") -> SystemIndices:
    return SystemIndices(product, source, tuple(patterns.split()), instead)


ALL: tuple[SystemIndices, ...] = (
    # Access control
    _of("the security plugin", "AWS guide: restoring snapshots; opensearch-project/security",
        ".opendistro_security* .opensearch_security*", _ACCESS),
    _of("X-Pack security", "elastic/elasticsearch 7.x, x-pack/plugin/security",
        ".security .security-* .security_* .security#*", _ACCESS),
    # User interfaces
    _of("Dashboards or Kibana", "AWS guide: restoring snapshots; elastic/elasticsearch 7.x, modules/kibana",
        ".kibana .kibana-* .kibana_* .kibana.* .kibana#* .opensearch_dashboards* .opensearch-dashboards*",
        _DASHBOARDS),
    _of("the Dashboards assistant", "opensearch-project/dashboards-assistant", ".chat-assistant-config",
        _PLUGIN),
    # OpenSearch and its plugins; the security plugin's SecuritySettingsConfigurer.SYSTEM_INDICES lists most
    _of("Open Distro plugins (alerting, anomaly detection, ISM, job scheduler, reports, asynchronous search)",
        "AWS guide: restoring snapshots", ".opendistro*", _PLUGIN),
    _of("OpenSearch plugins (observability, notifications, security analytics, k-NN models, forecasting)",
        "opensearch-project/security, SYSTEM_INDICES", ".opensearch-* .opensearch_*", _PLUGIN),
    _of("OpenSearch plugins (ML Commons, flow framework, search relevance)",
        "opensearch-project/ml-commons and flow-framework, CommonValue", ".plugins-*", _PLUGIN),
    _of("the SQL plugin", "opensearch-project/sql, SQLPlugin",
        ".ql-datasources .query_execution_request_* .query_execution_result_* .spark-request-buffer* "
        ".async-query-scheduler*", _PLUGIN),
    _of("cross-cluster replication", "opensearch-project/cross-cluster-replication",
        ".replication-metadata-store", _PLUGIN),
    _of("the geospatial plugin", "opensearch-project/geospatial",
        ".geospatial-* .scheduler-*", _PLUGIN),
    _of("learning to rank", "opensearch-project/opensearch-learning-to-rank-base",
        ".ltrstore*"),
    _of("the security plugin's audit log", "opensearch-project/security, audit log", "security-auditlog-*"),
    _of("query insights", "opensearch-project/query-insights", "top_queries-#.#.#-#"),
    _of("search relevance", "opensearch-project/search-relevance, PluginConstants",
        "search-relevance-queryset search-relevance-search-config search-relevance-judgment"),
    _of("the task manager", "opensearch-project/OpenSearch, TaskResultsService",
        ".tasks .tasks-*"),
    # Elasticsearch 7.x and X-Pack
    _of("X-Pack machine learning", "elastic/elasticsearch 7.x, x-pack/plugin/ml", ".ml-*"),
    _of("X-Pack monitoring", "elastic/elasticsearch 7.x, x-pack/plugin/monitoring", ".monitoring-*"),
    _of("X-Pack Watcher", "elastic/elasticsearch 7.x, x-pack/plugin/watcher",
        ".watches* .triggered_watches* .watcher-history-*"),
    _of("X-Pack transforms", "elastic/elasticsearch 7.x, TransformInternalIndexConstants",
        ".transform-* .data-frame-*"),
    _of("X-Pack asynchronous search", "elastic/elasticsearch 7.x, x-pack/plugin/async", ".async-search*"),
    _of("X-Pack enrich policies", "elastic/elasticsearch 7.x, x-pack/plugin/enrich", ".enrich-*"),
    _of("X-Pack searchable snapshots", "elastic/elasticsearch 7.x, SearchableSnapshots",
        ".snapshot-blob-cache"),
    _of("X-Pack snapshot lifecycle", "elastic/elasticsearch 7.x, SnapshotHistoryStore", ".slm-*"),
    _of("X-Pack index lifecycle", "elastic/elasticsearch 7.x, x-pack/plugin/ilm",
        "ilm-history-# ilm-history-#-#"),
    _of("Logstash central management", "elastic/elasticsearch 7.x, Logstash", ".logstash .management-beats"),
    _of("Fleet", "elastic/elasticsearch 7.x, Fleet", ".fleet-*"),
    _of("the GeoIP processor", "elastic/elasticsearch 7.x, modules/ingest-geoip", ".geoip_databases"),
    _of("deprecation logging", "elastic/elasticsearch 7.x, x-pack/plugin/deprecation",
        ".logs-deprecation.* .deprecation-*"),
    _of("Kibana's APM", "elastic/elasticsearch 7.x, modules/kibana",
        ".apm-agent-configuration .apm-custom-link .apm-source-map"),
    _of("Kibana reporting", "elastic/elasticsearch 7.x, modules/kibana", ".reporting-*"),
    _of("Kibana's detections and alerts", "elastic/kibana 7.x, rule registry and security solution",
        ".siem-signals-* .lists-* .items-* .internal.alerts-* .internal.preview.alerts-*"),
    _of("Elastic Enterprise Search", "elastic/elasticsearch 7.x, x-pack/plugin/core",
        ".ent-search-* .app-search-*"),
)  # fmt: skip
"""Every known system index, by product."""


def system_indices_of(name: str) -> SystemIndices | None:
    """The product that this index or data stream belongs to; None if it belongs to users."""
    return next((entry for entry, pattern in _PATTERNS if pattern.fullmatch(name)), None)


def stays(name: str, include: Iterable[str]) -> bool:
    """Whether this name stays as a system index.

    Args:
        include: what the plan includes; a system index that is not protected moves by its exact name.
    """
    found = system_indices_of(name)
    return found is not None and (found.protected or name not in include)


def _compiled() -> Iterator[tuple[SystemIndices, re.Pattern[str]]]:
    for entry in ALL:
        either = "|".join(
            re.escape(pattern).replace(r"\*", ".*").replace(r"\#", r"\d+") for pattern in entry.patterns
        )
        yield entry, re.compile(either, re.DOTALL)


_PATTERNS = tuple(_compiled())
