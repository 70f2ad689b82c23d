"""The nodes of a domain: their roles, free disk space and restore limit."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from domains.domain import Domain
from domains.http.documented import documented
from domains.http.json_replies import Json, child, text, whole

_ROLES = "name,node.role"
_ROOM = "node,shards,disk.total,disk.avail"
_LIMIT = "indices.recovery.max_bytes_per_sec"
_ADDRESS = ",".join(f"nodes.*.{key}" for key in ("name", "host", "ip", "roles", "attributes"))
_LARGEST = 2**63  # bytes
_UNITS = {unit: 2 ** (10 * power) for power, unit in enumerate("bkmgtp")}
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


@dataclass(frozen=True)
class NodeAddress:
    """What allocation filters can tell a node by.

    Args:
        data: whether it holds shards.
        attributes: its own, such as `zone`.
    """

    id: str
    name: str
    host: str
    ip: str
    data: bool
    attributes: Mapping[str, str]

    def values(self, attribute: str) -> tuple[str, ...]:
        """What it has as this attribute of a filter."""
        own = {
            "_id": self.id, "_name": self.name, "_host": self.host, "_ip": self.ip, "_host_ip": self.ip,
            "_publish_ip": self.ip,
        }  # fmt: skip
        found = own.get(attribute, self.attributes.get(attribute))
        also = (self.ip,) if attribute == "_host" else ()
        return also if found is None else (found, *also)


@documented
def addresses(domain: Domain) -> tuple[NodeAddress, ...]:
    """Read what allocation filters can tell every node by. Reads only.

    Raises:
        DomainError: typed; a caller without the right to monitor the cluster is Denied.
    """
    reply = domain.connection.read_object("GET", "/_nodes", filter_path=_ADDRESS)
    return tuple(
        NodeAddress(
            id=node_id,
            name=str(told["name"]),
            host=str(told.get("host", "")),
            ip=str(told.get("ip", "")),
            data=any(str(role).startswith("data") for role in told["roles"]),
            attributes={key: str(value) for key, value in child(told, "attributes").items()},
        )
        for node_id, told in reply["nodes"].items()
    )


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


def bytes_of(text: str) -> int:
    """Bytes of a size such as `40mb`, `1g`, `41943040b`, or of a plain number; negative where it is.

    Raises:
        ValueError: it is no size.
    """
    found = re.fullmatch(r"\s*(-?\d+(?:\.\d+)?)\s*(?:(b)|([kmgtp])b?)?\s*", text.lower())
    if not found:
        raise ValueError(f"not a size: {text!r}")
    size = float(found[1]) * _UNITS[found[3] or "b"]
    if abs(size) >= _LARGEST:
        raise ValueError(f"not a size: {text[:40]!r}")
    return int(size)
