"""A reply with another type somewhere, at any level, is an error or no part of the answer; never a crash.

Every typed call gets a good reply of its own in which one value after the other is replaced.
"""

import copy
import json
import math
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from importlib import import_module
from pkgutil import walk_packages
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest

from domains import engine
from domains.domain import Domain
from domains.engine import (
    access_control,
    bulk,
    catalog,
    cluster,
    cluster_features,
    every_index,
    nodes,
    raw_documents,
    reindexing,
    repositories,
    restores,
    shard_stats,
    snapshots,
    templates,
)
from domains.engine.comparison import documents, metadata_digests, searches, seq_no_figures, source_digests
from domains.engine.configuration import (
    cluster_metadata,
    creation_dates,
    monitors,
    notification_channels,
    persistent_settings,
    pipelines,
    saved_objects,
    security_configuration,
    template_definitions,
)
from domains.engine.indices import (
    index_metadata,
    index_opening,
    index_requirements,
    mapping_versions,
    write_blocks,
)
from domains.engine.policies import index_state_management, snapshot_management
from domains.errors import DomainError
from domains.http.connection import Connection
from domains.http.requests import Request
from domains.versions import version_of

MODULES = tuple(import_module(each.name) for each in walk_packages(engine.__path__, f"{engine.__name__}."))
ENGINE = version_of("opensearch", "2.19.4")
WRONG: tuple[Any, ...] = (None, [], {}, "x\u202e", 5, -1.5, True, 2**70, "9" * 40, ["x"], {"x": 1}, [{}])
SHARDS = {"total": 1, "successful": 1, "failed": 0}


@dataclass(frozen=True)
class Call:
    """One typed call: what it does, and a good reply for each of its requests."""

    call: Callable[[Domain], Any]
    replies: dict[str, Any]
    returns: Callable[..., Any]


def _answer(**more: Any) -> dict[str, Any]:
    hits = {"total": {"value": 3, "relation": "eq"}, "hits": []}
    return {"responses": [{"timed_out": False, "_shards": SHARDS, "hits": hits, **more}]}


COPY = {
    "routing": {"primary": True},
    "docs": {"count": 3},
    "seq_no": {"max_seq_no": 9, "global_checkpoint": 9},
    "commit": {"user_data": {"history_uuid": "h"}},
}
STATS = {"indices": {"a": {"shards": {"0": [COPY]}}}}
ROW = {
    "index": "a",
    "uuid": "u",
    "status": "open",
    "health": "green",
    "pri": "1",
    "rep": "1",
    "docs.count": "3",
    "pri.store.size": "9",
}
FIGURES = {"sum": {"value": 3.0}, "max": {"value": 2.0}}
DOCUMENT = {"_id": "1", "_seq_no": 4, "found": True, "_source": {"a": 1}, "sort": [4]}
HIT = {
    "_id": "1",
    "_routing": "r",
    "_version": 2,
    "_seq_no": 4,
    "_primary_term": 1,
    "_source": {"a": 1.10},
    "sort": [4],
}
DONE = {"status": 200, "_seq_no": 5, "_primary_term": 1, "_version": 3}
SNAPSHOT = {
    "snapshot": "s",
    "uuid": "u",
    "state": "SUCCESS",
    "indices": ["a"],
    "data_streams": [],
    "shards": {"total": 1, "failed": 0},
    "failures": [{"index": "a", "shard_id": 0, "reason": "why"}],
    "metadata": {"snapferry_run": "r"},
    "start_time_in_millis": 1,
    "end_time_in_millis": 2,
}
RUNNING = {
    "repository": "r",
    "snapshot": "s",
    "state": "STARTED",
    "shards_stats": {"done": 1, "failed": 0, "total": 2},
    "stats": {"processed": {"size_in_bytes": 1}, "incremental": {"size_in_bytes": 2}},
}
TEMPLATE = {"index_patterns": ["a-*"], "priority": 5, "composed_of": ["c"], "template": {"settings": {}}}
CALLS: dict[str, Call] = {
    "catalog": Call(
        catalog.catalog,
        {
            "/_cat/indices": [ROW],
            "/_all/_settings": {"a": {"settings": {"index": {"version": {"created": "136408327"}}}}},
            "/_all/_alias": {"a": {"aliases": {"w": {"is_write_index": True}}}},
            "/_data_stream": {"data_streams": [{"name": "d", "indices": [{"index_name": "a"}]}]},
        },
        catalog.catalog,
    ),
    "uuids": Call(
        lambda domain: catalog.uuids(domain, ["a"]),
        {"/a/_settings/index.uuid": {"a": {"settings": {"index.uuid": "u"}}}},
        catalog.uuids,
    ),
    "backing indices": Call(
        lambda domain: catalog.backing_indices(domain, "d"),
        {"/_data_stream/d": {"data_streams": [{"name": "d", "indices": [{"index_name": "a"}]}]}},
        catalog.backing_indices,
    ),
    "refresh": Call(
        lambda domain: catalog.refresh(domain, ["a"]),
        {"/a/_refresh": {"_shards": {**SHARDS, "failures": [{"index": "a", "reason": {"type": "t"}}]}}},
        catalog.refresh,
    ),
    "reindex started": Call(
        lambda domain: reindexing.started(domain, Request("POST", "/_reindex", {})),
        {"/_reindex": {"task": "n:1"}},
        reindexing.started,
    ),
    "reindex task": Call(
        lambda domain: reindexing.task(domain, "n:1"),
        {
            "/_tasks/n%3A1": {
                "completed": True,
                "task": {"status": {"total": 3, "created": 1}},
                "response": {
                    "total": 3,
                    "created": 2,
                    "updated": 1,
                    "version_conflicts": 0,
                    "failures": [{"cause": {"type": "t", "reason": "r", "caused_by": {"type": "u"}}}],
                },
                "error": {"type": "t", "reason": "r"},
            }
        },
        reindexing.task,
    ),
    "running reindex tasks": Call(
        lambda domain: reindexing.running_tasks(domain, "b"),
        {"/_tasks": {"nodes": {"n": {"tasks": {"n:1": {"description": "reindex from [a] to [b][_doc]"}}}}}},
        reindexing.running_tasks,
    ),
    "identity": Call(
        cluster.identity,
        {
            "/": {
                "cluster_uuid": "u",
                "cluster_name": "n",
                "version": {"number": "7.10.2"},
                "tagline": "The OpenSearch Project",
            },
            "/_nodes": {"nodes": {"x": {"version": "2.19.4"}}},
        },
        cluster.identity,
    ),
    "health": Call(cluster.health, {"/_cluster/health": {"status": "green"}}, cluster.health),
    "pending tasks": Call(
        cluster.pending_tasks,
        {"/_cluster/pending_tasks": {"tasks": [{"source": "x"}]}},
        cluster.pending_tasks,
    ),
    "authinfo": Call(
        lambda domain: access_control.auth_info(domain, "opensearch"),
        {"/_plugins/_security/authinfo": {"user_name": "u", "roles": ["r"]}},
        access_control.auth_info,
    ),
    "security roles": Call(
        lambda domain: access_control.security_roles(domain, "opensearch"),
        {
            "/_plugins/_security/api/roles": {
                "r": {
                    "cluster_permissions": ["c"],
                    "index_permissions": [{"index_patterns": ["*"], "allowed_actions": ["read"]}],
                    "description": "d",
                }
            }
        },
        access_control.security_roles,
    ),
    "role mappings": Call(
        lambda domain: access_control.role_mappings(domain, "opensearch"),
        {"/_plugins/_security/api/rolesmapping": {"r": {"users": ["u"], "backend_roles": ["b"]}}},
        access_control.role_mappings,
    ),
    "action groups": Call(
        lambda domain: access_control.action_groups(domain, "opensearch"),
        {"/_plugins/_security/api/actiongroups": {"g": {"allowed_actions": ["a"]}}},
        access_control.action_groups,
    ),
    "cluster settings": Call(
        cluster_features.cluster_settings,
        {"/_cluster/settings": {"defaults": {"cluster.a": ["x"]}, "transient": {"cluster.b": "y"}}},
        cluster_features.cluster_settings,
    ),
    "write settings": Call(
        cluster_features.write_settings,
        {"/_cluster/settings": {"defaults": {"action.auto_create_index": "true"}}},
        cluster_features.write_settings,
    ),
    "documents above": Call(
        lambda domain: raw_documents.page_above(domain, ENGINE, "a", 0, 3, size=10),
        {"/a/_search": {"timed_out": False, "_shards": SHARDS, "hits": {"hits": [HIT]}}},
        raw_documents.page_above,
    ),
    "numbered documents": Call(
        lambda domain: raw_documents.numbered(domain, ENGINE, "a", 0, raw_documents.Numbers((4,)), 10),
        {
            "/a/_search": {
                "timed_out": False,
                "_shards": SHARDS,
                "hits": {"total": {"value": 1, "relation": "eq"}, "hits": [HIT]},
            }
        },
        raw_documents.numbered,
    ),
    "documents looked up": Call(
        lambda domain: raw_documents.look_up(domain, ENGINE, "a", [("1", "r")]),
        {"/a/_mget": {"docs": [{**HIT, "found": True}]}},
        raw_documents.look_up,
    ),
    "bulk": Call(
        lambda domain: bulk.send_bulk(
            domain, "a", [bulk.IndexAction("1", None, 3, "{}"), bulk.DeleteAction("2", None, 4, 1)]
        ),
        {
            "/a/_bulk": {
                "items": [
                    {"index": {**DONE, "_id": "1"}},
                    {"delete": {"_id": "2", "status": 409, "error": {"type": "t", "reason": "r"}}},
                ]
            }
        },
        bulk.send_bulk,
    ),
    "one document": Call(
        lambda domain: bulk.put_document(domain, "a", bulk.IndexAction("1", None, 3, "{}")),
        {"/a/_doc/1": {**DONE, "_id": "1"}},
        bulk.put_document,
    ),
    "mapping versions": Call(
        lambda domain: mapping_versions.mapping_versions(domain, ["a"]),
        {"/_cluster/state/metadata/a": {"metadata": {"indices": {"a": {"mapping_version": 3}}}}},
        mapping_versions.mapping_versions,
    ),
    "page sizes": Call(
        lambda domain: documents.page_sizes(domain, ["a"]),
        {"/a/_settings/index.max_result_window": {"a": {"settings": {"index.max_result_window": "500"}}}},
        documents.page_sizes,
    ),
    "plugins": Call(
        cluster_features.plugins, {"/_cat/plugins": [{"component": "knn"}]}, cluster_features.plugins
    ),
    "snapshot policies": Call(
        snapshot_management.snapshot_policies,
        {
            "/_plugins/_sm/policies": {
                "policies": [{"_seq_no": 1, "_primary_term": 1, "sm_policy": {"name": "p"}}],
                "total_policies": 1,
            }
        },
        snapshot_management.snapshot_policies,
    ),
    "state policies": Call(
        lambda domain: index_state_management.state_policies(domain, ENGINE),
        {
            "/_plugins/_ism/policies": {
                "policies": [{"_seq_no": 1, "_primary_term": 1, "policy": {"policy_id": "p"}}],
                "total_policies": 1,
            }
        },
        index_state_management.state_policies,
    ),
    "policies of indices": Call(
        lambda domain: index_state_management.policies_of_indices(domain, ENGINE, ["a*"]),
        {"/_plugins/_ism/explain/a*": {"a": {"policy_id": "p"}, "total_managed_indices": 1}},
        index_state_management.policies_of_indices,
    ),
    "indices of a policy": Call(
        lambda domain: index_state_management.send_for_indices(
            domain, next(index_state_management.attach_requests(ENGINE, ["a"], "p"))
        ),
        {
            "/_plugins/_ism/add/a": {
                "updated_indices": 1,
                "failed_indices": [{"index_name": "b", "reason": "closed"}],
            }
        },
        index_state_management.send_for_indices,
    ),
    "list documents": Call(
        lambda domain: documents.list_documents(domain, ENGINE, [documents.SeqNoRange("a", 0, 0, 9, 10)]),
        {
            "/_msearch": _answer(
                hits={
                    "total": {"value": 1, "relation": "eq"},
                    "hits": [{"_id": "1", "_routing": "r", "fields": {"_seq_no": [4]}}],
                }
            )
        },
        documents.list_documents,
    ),
    "last numbers": Call(
        lambda domain: documents.last_seq_nos(domain, [("a", documents.Key("1", None))]),
        {"/_mget": {"docs": [DOCUMENT]}},
        documents.last_seq_nos,
    ),
    "index metadata": Call(
        lambda domain: index_metadata.index_metadata(domain, ["a"]),
        {"/a": {"a": {"mappings": {}, "settings": {"index.uuid": "u"}, "aliases": {}}}},
        index_metadata.index_metadata,
    ),
    "known settings": Call(
        lambda domain: index_metadata.known_settings(domain, "a"),
        {"/a/_settings": {"a": {"settings": {"index.uuid": "u"}, "defaults": {"index.codec": "default"}}}},
        index_metadata.known_settings,
    ),
    "index settings": Call(
        lambda domain: index_metadata.index_settings(domain, ["a"]),
        {"/a/_settings": {"a": {"settings": {"index.uuid": "u"}}}},
        index_metadata.index_settings,
    ),
    "blocks in force": Call(
        every_index.blocks_in_force,
        {
            "/_cluster/state/blocks": {
                "blocks": {
                    "indices": {"a": {"9": {"description": "index metadata", "levels": ["metadata_read"]}}}
                }
            }
        },
        every_index.blocks_in_force,
    ),
    "hidden metadata": Call(
        lambda domain: every_index.hidden_metadata(domain, ["a"], flat=True),
        {
            "/_cluster/state/metadata/a": {
                "metadata": {
                    "indices": {"a": {"state": "open", "settings": {}, "mappings": {}, "aliases": ["w"]}}
                }
            }
        },
        every_index.hidden_metadata,
    ),
    "every alias": Call(
        catalog.every_alias, {"/_all/_alias": {"a": {"aliases": {"w": {}}}}}, catalog.every_alias
    ),
    "allocation enabled": Call(
        cluster_features.allocation_enabled,
        {"/_cluster/settings": {"persistent": {"cluster.routing.allocation.enable": "none"}}},
        cluster_features.allocation_enabled,
    ),
    "scope of a setting": Call(
        lambda domain: cluster_features.scope_of(domain, "cluster.x"),
        {"/_cluster/settings": {"transient": {"cluster.x": "1"}, "persistent": {}}},
        cluster_features.scope_of,
    ),
    "addresses of nodes": Call(
        nodes.addresses,
        {
            "/_nodes": {
                "nodes": {
                    "x": {"name": "n", "host": "h", "ip": "i", "roles": ["data"], "attributes": {"r": "1"}}
                }
            }
        },
        nodes.addresses,
    ),
    "opening settings": Call(
        index_opening.opening_settings,
        {"/_all/_settings": {"a": {"settings": {"index": {"number_of_replicas": "1"}}}}},
        index_opening.opening_settings,
    ),
    "aliases": Call(
        index_opening.aliases, {"/_all/_alias": {"a": {"aliases": {"w": {}}}}}, index_opening.aliases
    ),
    "index health": Call(
        index_opening.health,
        {"/_cluster/health": {"indices": {"a": {"status": "green"}}, "relocating_shards": 0}},
        index_opening.health,
    ),
    "requirements": Call(
        index_requirements.index_requirements,
        {
            "/_all": {
                "a": {
                    "settings": {"index.codec": "best_compression"},
                    "mappings": {"properties": {"f": {"type": "text", "fields": {"g": {"type": "x"}}}}},
                }
            }
        },
        index_requirements.index_requirements,
    ),
    "digests": Call(
        lambda domain: metadata_digests.digests(domain, ["a"]),
        {"/_all": {"a": {"settings": {"index.codec": "x"}, "mappings": {"properties": {}}, "aliases": {}}}},
        metadata_digests.digests,
    ),
    "nodes": Call(
        nodes.nodes,
        {
            "/_cat/nodes": [{"name": "n", "node.role": "dim"}],
            "/_cat/allocation": [{"node": "n", "shards": "3", "disk.total": "9", "disk.avail": "5"}],
        },
        nodes.nodes,
    ),
    "recovery limit": Call(
        nodes.recovery_limit,
        {"/_cluster/settings": {"defaults": {"indices": {"recovery": {"max_bytes_per_sec": "40mb"}}}}},
        nodes.recovery_limit,
    ),
    "registration": Call(
        lambda domain: repositories.registration(domain, "r"),
        {"/_snapshot/r": {"r": {"type": "s3", "settings": {}}}},
        repositories.registration,
    ),
    "registrations": Call(
        repositories.all_registrations,
        {"/_snapshot": {"r": {"type": "s3", "settings": {}}}},
        repositories.all_registrations,
    ),
    "verified nodes": Call(
        lambda domain: repositories.verified_nodes(domain, "r"),
        {"/_snapshot/r/_verify": {"nodes": {"x": {"name": "n"}}}},
        repositories.verified_nodes,
    ),
    "a search": Call(
        lambda domain: searches.run_search(
            domain.without_retries(math.inf), ["a"], {"routing": "r"}, {"explain": True}
        ),
        {
            "/_msearch": {
                "responses": [
                    {
                        "took": 3,
                        "timed_out": False,
                        "_shards": {"total": 1, "successful": 1, "failed": 0},
                        "hits": {
                            "total": {"value": 1, "relation": "eq"},
                            "hits": [
                                {
                                    "_index": "a",
                                    "_id": "1",
                                    "_score": 1.5,
                                    "sort": [1.5],
                                    "_explanation": {"value": 1.5, "description": "d", "details": []},
                                }
                            ],
                        },
                        "aggregations": {"n": {"value": 1.0}},
                        "suggest": {"s": []},
                    }
                ]
            }
        },
        searches.run_search,
    ),
    "deleted documents": Call(
        lambda domain: searches.deleted_documents(domain, ["a"]),
        {"/a/_stats/docs": {"indices": {"a": {"shards": {"0": [{"docs": {"deleted": 3}}]}}}}},
        searches.deleted_documents,
    ),
    "primaries": Call(
        lambda domain: restores.primaries(domain, ["a"]),
        {
            "/_cluster/state/routing_table/a": {
                "routing_table": {
                    "indices": {
                        "a": {
                            "shards": {
                                "0": [
                                    {
                                        "primary": True,
                                        "shard": 0,
                                        "state": "STARTED",
                                        "unassigned_info": {"reason": "r", "details": "d"},
                                        "recovery_source": {
                                            "type": "SNAPSHOT",
                                            "repository": "r",
                                            "snapshot": "s",
                                        },
                                    }
                                ]
                            }
                        }
                    }
                }
            }
        },
        restores.primaries,
    ),
    "recoveries": Call(
        lambda domain: restores.recoveries(domain, ["a"]),
        {
            "/a/_recovery": {
                "a": {
                    "shards": [
                        {
                            "id": 0,
                            "primary": True,
                            "type": "SNAPSHOT",
                            "source": {"repository": "r", "snapshot": "s"},
                            "stage": "DONE",
                            "index": {
                                "size": {"total_in_bytes": 5, "recovered_in_bytes": 5},
                                "files": {"total": 4, "recovered": 4},
                            },
                        }
                    ]
                }
            }
        },
        restores.recoveries,
    ),
    "explain": Call(
        lambda domain: restores.explain(domain, "a", 0),
        {
            "/_cluster/allocation/explain": {
                "can_allocate": "no",
                "allocate_explanation": "e",
                "unassigned_info": {"details": "d"},
                "node_allocation_decisions": [
                    {"node_name": "n", "deciders": [{"decision": "NO", "explanation": "x"}]}
                ],
            }
        },
        restores.explain,
    ),
    "counts": Call(
        lambda domain: seq_no_figures.counts(domain, ENGINE, ["a"]),
        {"/_msearch": _answer()},
        seq_no_figures.counts,
    ),
    "operations": Call(
        lambda domain: seq_no_figures.operations(domain, ENGINE, [seq_no_figures.FiguresQuery("a", 0)]),
        {"/_msearch": _answer(aggregations=FIGURES)},
        seq_no_figures.operations,
    ),
    "ranges": Call(
        lambda domain: seq_no_figures.figures_by_range(
            domain, ENGINE, [seq_no_figures.FiguresQuery("a", 0, (0, 10))]
        ),
        {"/_msearch": _answer(aggregations={"ranges": {"buckets": [{"doc_count": 3, **FIGURES}]}})},
        seq_no_figures.figures_by_range,
    ),
    "shard stats": Call(
        lambda domain: seq_no_figures.shard_stats(domain, ["a"]),
        {"/a/_stats/docs": STATS},
        seq_no_figures.shard_stats,
    ),
    "closed sizes": Call(
        seq_no_figures.closed_sizes,
        {"/_all/_stats/store": {"indices": {"a": {"primaries": {"store": {"size_in_bytes": 5}}}}}},
        seq_no_figures.closed_sizes,
    ),
    "marks": Call(
        lambda domain: shard_stats.marks(domain, ["a"]),
        {
            "/_all/_stats/docs": STATS,
            "/_cluster/state/metadata": {"metadata": {"indices": {"a": {"primary_terms": {"0": 1}}}}},
        },
        shard_stats.marks,
    ),
    "snapshot": Call(
        lambda domain: snapshots.get(domain, "r", "s"),
        {"/_snapshot/r/s": {"snapshots": [SNAPSHOT]}},
        snapshots.get,
    ),
    "snapshot names": Call(
        lambda domain: snapshots.names(domain, "r"),
        {"/_snapshot/r/_all": {"snapshots": [{"snapshot": "s"}]}},
        snapshots.names,
    ),
    "snapshot contents": Call(
        lambda domain: snapshots.contents(domain, "r", "s"),
        {
            "/_snapshot/r/s/_status": {
                "snapshots": [
                    {
                        "indices": {
                            "a": {
                                "shards_stats": {"total": 1},
                                "stats": {"total": {"file_count": 4, "size_in_bytes": 5}},
                            }
                        }
                    }
                ]
            }
        },
        snapshots.contents,
    ),
    "several snapshots": Call(
        lambda domain: snapshots.several(domain, "r", ["s", "t"]),
        {"/_snapshot/r/s,t": {"snapshots": [SNAPSHOT]}},
        snapshots.several,
    ),
    "size of a snapshot": Call(
        lambda domain: snapshots.size(domain, "r", "s"),
        {
            "/_snapshot/r/s/_status": {
                "snapshots": [{"stats": {"total": {"size_in_bytes": 5}, "incremental": {"size_in_bytes": 3}}}]
            }
        },
        snapshots.size,
    ),
    "writes so far": Call(
        lambda domain: shard_stats.writes_so_far(domain, ["a"]),
        {
            "/a/_stats/indexing": {
                "indices": {"a": {"primaries": {"indexing": {"index_total": 5, "delete_total": 1}}}}
            }
        },
        shard_stats.writes_so_far,
    ),
    "running snapshots": Call(
        snapshots.running, {"/_snapshot/_status": {"snapshots": [RUNNING]}}, snapshots.running
    ),
    "documents": Call(
        lambda domain: source_digests.page(domain, ENGINE, "a", 0, within=[(0, None)], size=5, longest=10**6),
        {"/a/_search": {"timed_out": False, "_shards": SHARDS, "hits": {"hits": [DOCUMENT]}}},
        source_digests.page,
    ),
    "looked up": Call(
        lambda domain: source_digests.look_up(domain, ENGINE, "a", [("1", None)], longest=10**6),
        {"/a/_mget": {"docs": [DOCUMENT]}},
        source_digests.look_up,
    ),
    "highest numbers": Call(
        lambda domain: source_digests.highest_seq_nos(domain, ENGINE, [("a", 0)]),
        {"/_msearch": _answer(aggregations={"last": {"value": 4.0}})},
        source_digests.highest_seq_nos,
    ),
    "templates": Call(
        templates.templates,
        {
            "/_cluster/state/metadata": {
                "metadata": {
                    "cluster_uuid": "u",
                    "index_template": {"index_template": {"t": TEMPLATE}},
                    "component_template": {"component_template": {"c": {"template": {}}}},
                    "templates": {"o": {"index_patterns": ["b*"], "order": 3, "settings": {}}},
                }
            }
        },
        templates.templates,
    ),
    "definitions": Call(
        templates.definitions,
        {
            "/_cluster/state/metadata": {
                "metadata": {
                    "cluster_uuid": "u",
                    "index_template": {"index_template": {"t": TEMPLATE}},
                    "ingest": {"pipeline": [{"id": "p"}]},
                    "search_pipeline": {"pipeline": [{"id": "q"}]},
                }
            }
        },
        templates.definitions,
    ),
    "blocks": Call(
        write_blocks.blocks,
        {"/_all/_settings": {"a": {"settings": {"index": {"blocks": {"write": "true"}}}}}},
        write_blocks.blocks,
    ),
    "archived settings": Call(
        write_blocks.archived_settings,
        {"/_all/_settings": {"a": {"settings": {"archived.index.x": "1"}}}},
        write_blocks.archived_settings,
    ),
    "stored scripts": Call(
        cluster_metadata.stored_scripts,
        {
            "/_cluster/state/metadata": {
                "metadata": {
                    "cluster_uuid": "u",
                    "stored_scripts": {"s": {"lang": "painless", "source": "1"}},
                }
            }
        },
        cluster_metadata.stored_scripts,
    ),
    "components in the state": Call(
        cluster_metadata.component_templates,
        {
            "/_cluster/state/metadata": {
                "metadata": {
                    "cluster_uuid": "u",
                    "component_template": {"component_template": {"c": {"template": {}}}},
                }
            }
        },
        cluster_metadata.component_templates,
    ),
    "pipelines": Call(
        lambda domain: pipelines.pipelines(domain, pipelines.INGEST),
        {"/_ingest/pipeline": {"p": {"processors": []}}},
        pipelines.pipelines,
    ),
    "index templates": Call(
        template_definitions.index_templates,
        {"/_index_template": {"index_templates": [{"name": "t", "index_template": TEMPLATE}]}},
        template_definitions.index_templates,
    ),
    "component templates": Call(
        template_definitions.component_templates,
        {"/_component_template": {"component_templates": [{"name": "t", "component_template": {}}]}},
        template_definitions.component_templates,
    ),
    "legacy templates": Call(
        template_definitions.legacy_templates,
        {"/_template": {"t": {"index_patterns": ["a"]}}},
        template_definitions.legacy_templates,
    ),
    "persistent settings": Call(
        persistent_settings.persistent_settings,
        {"/_cluster/settings": {"persistent": {"a.b": "1"}}},
        persistent_settings.persistent_settings,
    ),
    "managed indices": Call(
        lambda domain: index_state_management.managed_indices(domain, ENGINE),
        {
            "/_plugins/_ism/explain": {
                "a": {"policy_id": "p", "state": {"name": "hot"}},
                "total_managed_indices": 1,
            }
        },
        index_state_management.managed_indices,
    ),
    "channels": Call(
        notification_channels.channels,
        {
            "/_plugins/_notifications/configs": {
                "config_list": [{"config_id": "c", "config": {"name": "n"}}],
                "total_hits": 1,
            }
        },
        notification_channels.channels,
    ),
    "destinations": Call(
        lambda domain: notification_channels.destinations(domain, ENGINE),
        {"/_plugins/_alerting/destinations": {"destinations": [{"id": "d", "type": "slack", "name": "n"}]}},
        notification_channels.destinations,
    ),
    "monitors": Call(
        lambda domain: monitors.monitors(domain, ENGINE),
        {
            "/_plugins/_alerting/monitors/_search": {
                "hits": {
                    "total": {"value": 1},
                    "hits": [{"_id": "m", "_seq_no": 1, "_primary_term": 1, "_source": {"name": "n"}}],
                }
            }
        },
        monitors.monitors,
    ),
    "access control's definitions": Call(
        lambda domain: security_configuration.security_definitions(
            domain, ENGINE, security_configuration.ROLES
        ),
        {"/_plugins/_security/api/roles": {"r": {"reserved": True, "cluster_permissions": []}}},
        security_configuration.security_definitions,
    ),
    "creation dates": Call(
        creation_dates.creation_dates,
        {"/_cat/indices": [{"index": "a", "creation.date": "1700000000000"}]},
        creation_dates.creation_dates,
    ),
    "saved objects": Call(
        lambda domain: saved_objects.saved_objects(domain, ENGINE),
        {
            "/_dashboards/api/saved_objects/_find": {
                "total": 1,
                "saved_objects": [{"type": "search", "id": "i", "attributes": {}, "references": []}],
            }
        },
        saved_objects.saved_objects,
    ),
    "imported objects": Call(
        lambda domain: saved_objects.import_objects(domain, ENGINE, "{}", overwrite=False),
        {
            "/_dashboards/api/saved_objects/_import": {
                "successCount": 0,
                "errors": [{"type": "search", "id": "i", "error": {"type": "conflict"}}],
            }
        },
        saved_objects.import_objects,
    ),
    "flush": Call(
        lambda domain: write_blocks.flush(domain, ["a"]),
        {"/a/_flush": {"_shards": SHARDS}},
        write_blocks.flush,
    ),
}


def _canned(replies: dict[str, Any]) -> Domain:
    """A domain whose replies are these, without a network."""

    class Canned(Connection):
        def _perform(self, method: str, path: str, query: Any, body: Any, timeout_s: float) -> None:
            self._body = bytearray(json.dumps(replies[path]).encode())

        @property
        def _wire(self) -> Any:
            return self

        def take_body(self) -> bytearray:
            return self._body

    connection = Canned("source", "http://127.0.0.1:1", None)
    return Domain("source", "http://127.0.0.1:1", None, False, connection, _Nothing())  # type: ignore[arg-type]


class _Nothing:
    """No AWS session."""


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    for key, below in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield from _places(below, (*path, key))


def _replaced(value: Any, path: tuple[Any, ...], wrong: Any) -> Any:
    if not path:
        return wrong
    made = copy.copy(value)
    made[path[0]] = _replaced(value[path[0]], path[1:], wrong)
    return made


def _fits(value: Any, hint: Any) -> bool:
    """Whether a result has the type that its call declares, down to the last field."""
    origin, parts = get_origin(hint), get_args(hint)
    if hint is Any:
        return True
    if origin in {Union, types.UnionType}:
        return any(_fits(value, part) for part in parts)
    if origin is Literal:
        return value in parts
    if origin in {dict, Mapping}:
        return isinstance(value, dict) and all(
            _fits(k, parts[0]) and _fits(v, parts[1]) for k, v in value.items()
        )
    if origin is tuple and (len(parts) != 2 or parts[1] is not ...):
        return isinstance(value, tuple) and all(_fits(*each) for each in zip(value, parts, strict=True))
    if origin in {tuple, list, frozenset}:
        return isinstance(value, origin) and all(_fits(each, parts[0]) for each in value)
    if is_dataclass(hint):
        hints = get_type_hints(hint)
        return isinstance(value, hint) and all(
            _fits(getattr(value, f.name), hints[f.name]) for f in fields(hint)
        )
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= 2**64
    return isinstance(value, hint)


@pytest.mark.parametrize("name", CALLS)
def test_a_good_reply_is_read(name: str) -> None:
    each = CALLS[name]
    assert _fits(each.call(_canned(each.replies)), get_type_hints(each.returns)["return"])


@pytest.mark.slow
@pytest.mark.parametrize("name", CALLS)
def test_another_type_at_any_level_is_an_error_or_no_part_of_the_answer(name: str) -> None:
    each = CALLS[name]
    returns = get_type_hints(each.returns)["return"]
    for path, reply in each.replies.items():
        for place in _places(reply):
            for wrong in WRONG:
                replies = {**each.replies, path: _replaced(reply, place, wrong)}
                try:
                    found = each.call(_canned(replies))
                except DomainError as error:
                    assert error.hint, (path, place, wrong)
                else:
                    assert _fits(found, returns), (path, place, wrong, found)


def test_no_typed_call_is_forgotten() -> None:
    tried = {each.returns.__wrapped__ for each in CALLS.values() if hasattr(each.returns, "__wrapped__")}
    found = {
        function.__wrapped__
        for module in MODULES
        for function in vars(module).values()
        if hasattr(function, "__wrapped__") and function.__module__ == module.__name__
    }
    assert {f"{each.__module__}.{each.__name__}" for each in found - tried} == set()
