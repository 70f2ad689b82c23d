"""Restore snapshots on a domain, and follow the state of each shard."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domains.domain import Domain
from domains.engine.catalog import path_pieces
from domains.http.documented import documented
from domains.http.error_bodies import quoted
from domains.http.json_replies import Json, child, children, number, text, whole
from domains.http.requests import Request, path_of

_LENIENT: dict[str, Any] = {"ignore_unavailable": "true", "expand_wildcards": "all"}
_SHARD = "routing_table.indices.*.shards.*"
_ROUTING = ",".join(
    f"{_SHARD}.{key}" for key in ("primary", "state", "unassigned_info", "recovery_source", "shard")
)
_RECOVERY = ",".join(
    f"*.shards.{key}" for key in ("id", "primary", "type", "stage", "source", "index.size", "index.files")
)


@dataclass(frozen=True)
class Primary:
    """One primary shard.

    Args:
        state: STARTED, INITIALIZING, RELOCATING or UNASSIGNED.
        reason: why it is unassigned, in the engine's words.
        restoring: `repository/snapshot` that it is being restored from, until it is started.
    """

    index: str
    shard: int
    state: str
    reason: str
    restoring: str | None


@dataclass(frozen=True)
class Recovery:
    """The origin of a started or initializing primary, and its progress (bytes, files).

    Args:
        snapshot: `repository/snapshot` that it was restored from; None if it was not.
        of: the name of the index in that snapshot; empty where the domain does not say.
        stage: DONE once it has all of them.
    """

    index: str
    shard: int
    snapshot: str | None
    bytes_total: int
    bytes_done: int
    bytes_reused: int
    of: str = ""
    stage: str = ""
    files_total: int = 0
    files_done: int = 0
    files_reused: int = 0


def start_request(
    repository: str,
    snapshot: str,
    names: Sequence[str],
    *,
    aliases: bool,
    partial: bool,
    index_settings: Mapping[str, Any],
    ignore_index_settings: Sequence[str],
    rename: tuple[str, str] | None = None,
    lenient: bool = False,
) -> Request:
    """The request that starts restoring exactly these indices or data streams, without waiting.

    All or nothing: one bad name rejects the request. Check before you repeat it.

    Args:
        rename: `rename_pattern` (a Java regular expression) and `rename_replacement`.
        lenient: let the engine skip names that the snapshot lacks; check afterwards which indices arrived.
    """
    body: dict[str, Any] = {
        "indices": list(names),
        "ignore_unavailable": lenient,
        "include_global_state": False,
        "include_aliases": aliases,
        "partial": partial,
        "ignore_index_settings": list(ignore_index_settings),
    }
    if index_settings:
        body["index_settings"] = dict(index_settings)
    if rename:
        body["rename_pattern"], body["rename_replacement"] = rename
    path = path_of("_snapshot", repository, snapshot, "_restore")
    return Request("POST", path, body, {"wait_for_completion": "false"})


@documented
def primaries(domain: Domain, names: Iterable[str]) -> list[Primary]:
    """Read the primaries of these indices from the cluster state; missing indices have none. Reads only."""
    found: list[Primary] = []
    for piece in path_pieces(names):
        path = path_of("_cluster", "state", "routing_table", ",".join(piece))
        reply = domain.connection.read_object("GET", path, filter_path=_ROUTING, **_LENIENT)
        for index, table in child(reply, "routing_table", "indices").items():
            for copies in table["shards"].values():
                found += [_primary(index, copy) for copy in copies if copy["primary"]]
    return found


def _primary(index: str, copy: Json) -> Primary:
    unassigned, source = child(copy, "unassigned_info"), child(copy, "recovery_source")
    said = quoted(": ".join(str(unassigned[key]) for key in ("reason", "details") if unassigned.get(key)))
    restoring = f"{source['repository']}/{source['snapshot']}" if source.get("type") == "SNAPSHOT" else None
    return Primary(index, whole(copy["shard"]), text(copy["state"]), said, restoring)


@documented
def recoveries(domain: Domain, names: Iterable[str]) -> list[Recovery]:
    """Read how the primaries of these indices were recovered; unassigned ones are left out. Reads only."""
    found: list[Recovery] = []
    for piece in path_pieces(names):
        path = path_of(",".join(piece), "_recovery")
        reply = domain.connection.read_object("GET", path, filter_path=_RECOVERY, **_LENIENT)
        for index, table in reply.items():
            found += [_recovery(index, shard) for shard in children(table, "shards") if shard["primary"]]
    return found


def _recovery(index: str, shard: Json) -> Recovery:
    source, size, files = (
        child(shard, "source"),
        child(shard, "index", "size"),
        child(shard, "index", "files"),
    )
    snapshot = f"{source.get('repository')}/{source.get('snapshot')}" if shard["type"] == "SNAPSHOT" else None
    return Recovery(
        index,
        whole(shard["id"]),
        snapshot,
        number(size, "total_in_bytes"),
        number(size, "recovered_in_bytes"),
        number(size, "reused_in_bytes"),
        text(source.get("index") or ""),
        text(shard.get("stage") or ""),
        number(files, "total"),
        number(files, "recovered"),
        number(files, "reused"),
    )


_CONSEQUENCE = "restore_in_progress"
"""The decider that refuses a shard because its restore has failed, whatever the cause: others tell that."""


@dataclass(frozen=True)
class Explanation:
    """The allocator's decision about one primary (`yes`, `no`, `throttled`, `awaiting_info`, …), and why."""

    decision: str
    reason: str


@documented
def explain(domain: Domain, index: str, shard: int) -> Explanation:
    """Ask the allocator why this primary is not started. Reads only."""
    body = {"index": index, "shard": shard, "primary": True}
    reply = domain.connection.read_object("GET", "/_cluster/allocation/explain", body=body)
    details: list[str] = [
        text(reply.get("allocate_explanation") or ""),
        text(child(reply, "unassigned_info").get("details") or ""),
    ]
    refusals = [
        (str(decider.get("decider")), f"{node.get('node_name')}: {decider['explanation']}")
        for node in children(reply, "node_allocation_decisions")
        for decider in children(node, "deciders")
        if decider.get("decision") == "NO"
    ]
    causes = [said for decider, said in refusals if decider != _CONSEQUENCE]
    details += causes or [said for _, said in refusals]
    return Explanation(
        str(reply.get("can_allocate") or reply.get("current_state") or ""),
        "; ".join(map(quoted, filter(None, details)))[:900],
    )
