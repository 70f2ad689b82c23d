"""The configuration file of a node, by engine."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lab.engines.engine_files import EngineTree

if TYPE_CHECKING:
    from lab.engines.node_spec import NodeSpec

MANAGER_ROLE = {"opensearch": "cluster_manager", "elasticsearch": "master"}


def node_settings(spec: NodeSpec) -> dict[str, object]:
    """The settings common to every node, as lines of its configuration file."""
    s3: dict[str, object] = {
        "s3.client.default.endpoint": spec.s3_url,
        "s3.client.default.path_style_access": "true",
        "s3.client.default.region": "us-east-1",
    }
    return (
        {
            "cluster.name": spec.cluster,
            "node.name": spec.name,
            "node.attr.zone": f"zone-{spec.name.rpartition('-')[2]}",
            "network.host": "127.0.0.1",
            "http.port": 0,
            "transport.port": 0,
            "node.portsfile": "true",
            "path.data": f"'{spec.home / 'data'}'",
            "path.logs": f"'{spec.home / 'logs'}'",
            "path.repo": f"['{spec.shared}']",
            # Accept large bulk bodies even with a small heap.
            "indexing_pressure.memory.limit": "40%",
            "cluster.routing.allocation.disk.threshold_enabled": "false",
        }
        | (s3 if spec.tree.engine.has_s3 else {})
        | _reindexing(spec.tree)
    )


def _reindexing(tree: EngineTree) -> dict[str, object]:
    """Where an engine with the module may reindex from: the service's domains reach each other."""
    allowed = "whitelist" if tree.engine.product == "elasticsearch" else "allowlist"
    has_it = (tree.home / "modules" / "reindex").is_dir()
    return {f"reindex.remote.{allowed}": "['127.0.0.1:*']"} if has_it else {}


def alone() -> dict[str, object]:
    """The settings of a cluster's only node."""
    return {"discovery.type": "single-node"}


def member(
    product: str,
    holds_data: bool,
    eligible: bool,
    managers: Sequence[str],
    addresses: Sequence[str],
    port: int,
) -> dict[str, object]:
    """The settings of one of several nodes.

    `managers` are the names of the nodes that may manage the cluster, `addresses` all transport addresses,
    `port` this node's own.
    """
    manager = MANAGER_ROLE[product]
    roles = [*(["data", "ingest"] if holds_data else []), *([manager] if eligible else [])]
    return {
        "transport.port": port,
        "node.roles": _list(roles),
        "discovery.seed_hosts": _list(addresses),
        f"cluster.initial_{manager}_nodes": _list(managers),
    }


def log_settings(tree: EngineTree, folder: Path) -> None:
    """Give the node the engine's own logging configuration."""
    shutil.copyfile(tree.home / "config" / "log4j2.properties", folder / "log4j2.properties")


def _list(values: Sequence[str]) -> str:
    return "[" + ", ".join(f"'{value}'" for value in values) + "]"
