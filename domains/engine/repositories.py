"""Snapshot repositories on a domain."""

from domains.domain import Domain
from domains.errors import Missing
from domains.http.documented import documented
from domains.http.json_replies import Json, child
from domains.http.requests import Request, path_of

_VERIFY_TIMEOUT_S = 120.0


@documented
def registration(domain: Domain, name: str) -> Json | None:
    """A repository's registration (`type`, and `settings` where the domain shows them); None without one."""
    try:
        reply = domain.connection.read_object("GET", path_of("_snapshot", name))
    except Missing:
        return None
    return reply[name]


def all_registrations(domain: Domain) -> dict[str, Json]:
    """Every registration on the domain by name. The service's own `cs-automated*` come without settings."""
    return domain.connection.read_object("GET", "/_snapshot")


def register_request(name: str, body: Json) -> Request:
    """As `register` sends it."""
    return Request("PUT", path_of("_snapshot", name), body)


def verify_request(name: str) -> Request:
    """As `verified_nodes` sends it."""
    return Request("POST", path_of("_snapshot", name, "_verify"))


def register(domain: Domain, name: str, body: Json) -> None:
    """Registers, or changes a registration, and lets the domain verify it.

    Repeatable while no snapshot or restore uses the repository. A registration whose verification failed
    stays registered.

    Raises:
        Refused: with the service's reason, for example that the bucket is in another Region.
    """
    domain.connection.send(register_request(name, body), _VERIFY_TIMEOUT_S)


@documented
def verified_nodes(domain: Domain, name: str) -> tuple[str, ...]:
    """Names of the nodes that could use the repository. On a read-write one each node writes a test file.

    Raises:
        Refused: some node could not.
    """
    reply = domain.connection.send(verify_request(name), _VERIFY_TIMEOUT_S)
    return tuple(sorted(str(node.get("name", key)) for key, node in child(reply, "nodes").items()))


def unregister(domain: Domain, name: str) -> None:
    """Removes a registration; snapshots in the bucket stay."""
    domain.connection.send(unregister_request(name))


def unregister_request(name: str) -> Request:
    """As `unregister` sends it."""
    return Request("DELETE", path_of("_snapshot", name))
