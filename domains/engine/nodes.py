"""The nodes of a domain: their roles, free disk space and restore limit."""

from dataclasses import dataclass

from domains.domain import Domain
from domains.engine.sizes import bytes_of
from domains.http.documented import documented
from domains.http.json_replies import Json, child, text, whole

_ROLES = "name,node.role"
_ROOM = "node,shards,disk.total,disk.avail"
_LIMIT = "indices.recovery.max_bytes_per_sec"
_UNASSIGNED = "UNASSIGNED"  # a row of its own in _cat/allocation: shards on no node


@dataclass(frozen=True)
class Node:
    """One node of a domain.

    Args:
        name: its name, as in allocation messages.
        data: whether it holds shards.
        total_bytes, available_bytes: size and free space of its disk; None if the domain does not report
            them, and for nodes that hold no data.
        shards: number of its shards, replicas included.
    """

    name: str
    data: bool
    total_bytes: int | None
    available_bytes: int | None
    shards: int


@documented
def nodes(domain: Domain) -> tuple[Node, ...]:
    """Read every node of the domain, sorted by name. Two requests; reads only.

    Raises:
        DomainError: typed; a caller without the right to monitor the cluster is Denied.
    """
    roles = domain.connection.read("GET", "/_cat/nodes", format="json", h=_ROLES)
    room = domain.connection.read("GET", "/_cat/allocation", format="json", bytes="b", h=_ROOM)
    rows = {text(row["node"]): row for row in room if row["node"] != _UNASSIGNED}
    listed = ((text(row["name"]), "d" in text(row["node.role"])) for row in roles)
    found = {name: _node(name, data, rows.get(name)) for name, data in listed}
    found |= {
        name: _node(name, True, row) for name, row in rows.items() if name not in found
    }  # it joined in between
    return tuple(found[name] for name in sorted(found))


def _node(name: str, data: bool, room: Json | None) -> Node:
    if room is None:
        return Node(name, data, None, None, 0)
    return Node(name, data, _bytes(room["disk.total"]), _bytes(room["disk.avail"]), whole(room["shards"]))


def _bytes(digits: str | None) -> int | None:
    return whole(digits) if digits else None


@documented
def recovery_limit(domain: Domain) -> int | None:
    """Read how many bytes per second each node fetches at most in a restore; None for no limit.

    Raises:
        DomainError: typed; a caller without the right to monitor the cluster is Denied.
        UnexpectedReply: the domain does not report it.
    """
    reply = domain.connection.read_object(
        "GET", "/_cluster/settings", include_defaults="true", filter_path=f"*.{_LIMIT}"
    )
    above, _, name = _LIMIT.rpartition(".")
    scopes = [child(reply, scope, *above.split(".")) for scope in ("transient", "persistent", "defaults")]
    found = [scope[name] for scope in scopes if scope]
    return rate(str(found[0]))


def rate(text: str) -> int | None:
    """Parse a limit such as `40mb` into bytes per second; None for zero or less, which means no limit.

    Raises:
        ValueError: the text is no size.
    """
    count = bytes_of(text)
    return count if count > 0 else None
