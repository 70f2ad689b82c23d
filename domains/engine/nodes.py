"""The nodes of a domain: which of them hold data, how much room they have, how fast each may restore."""

from dataclasses import dataclass

from domains.domain import Domain
from domains.engine.sizes import bytes_of
from domains.http.documented import documented
from domains.http.json_replies import Json, child

_ROLES = "name,node.role"
_ROOM = "node,shards,disk.total,disk.avail"
_LIMIT = "indices.recovery.max_bytes_per_sec"
_UNASSIGNED = "UNASSIGNED"  # a row of its own in _cat/allocation: shards on no node


@dataclass(frozen=True)
class Node:
    """One node of a domain.

    Args:
        name: its name, as allocation messages give it.
        data: whether it holds shards.
        total_bytes, available_bytes: size of its disk, and what is free of it; None when the domain does not
            tell, and for nodes that hold no data.
        shards: shards on it, replicas included.
    """

    name: str
    data: bool
    total_bytes: int | None
    available_bytes: int | None
    shards: int


@documented
def nodes(domain: Domain) -> tuple[Node, ...]:
    """Every node of the domain, by name: two requests. Reads only.

    Raises:
        DomainError: typed; a caller without the right to monitor the cluster is Denied.
    """
    roles = domain.connection.read("GET", "/_cat/nodes", format="json", h=_ROLES)
    room = domain.connection.read("GET", "/_cat/allocation", format="json", bytes="b", h=_ROOM)
    rows = {row["node"]: row for row in room if row["node"] != _UNASSIGNED}
    found = {row["name"]: _node(row["name"], "d" in row["node.role"], rows.get(row["name"])) for row in roles}
    found |= {name: _node(name, True, row) for name, row in rows.items() if name not in found}  # it came
    return tuple(found[name] for name in sorted(found))


def _node(name: str, data: bool, room: Json | None) -> Node:
    if room is None:
        return Node(name, data, None, None, 0)
    return Node(name, data, _bytes(room["disk.total"]), _bytes(room["disk.avail"]), int(room["shards"]))


def _bytes(text: str | None) -> int | None:
    return int(text) if text else None


@documented
def recovery_limit(domain: Domain) -> int | None:
    """Bytes a second that each node fetches at most when it restores; None: no limit. Reads only.

    Raises:
        DomainError: typed; a caller without the right to monitor the cluster is Denied.
        UnexpectedReply: the domain does not tell.
    """
    reply = domain.connection.read_object(
        "GET", "/_cluster/settings", include_defaults="true", filter_path=f"*.{_LIMIT}"
    )
    above, _, name = _LIMIT.rpartition(".")
    scopes = [child(reply, scope, *above.split(".")) for scope in ("transient", "persistent", "defaults")]
    told = [scope[name] for scope in scopes if scope]
    return rate(str(told[0]))


def rate(text: str) -> int | None:
    """Bytes a second of a limit such as `40mb`; None for zero and less, which is no limit.

    Raises:
        ValueError: it is no size.
    """
    count = bytes_of(text)
    return count if count > 0 else None
