"""Register, verify and remove snapshot repositories on a domain."""

from domains.domain import Domain
from domains.errors import Missing
from domains.http.documented import documented
from domains.http.json_replies import Json, child, required_object
from domains.http.requests import Request, path_of

_VERIFY_TIMEOUT_S = 120.0


@documented
def registration(domain: Domain, name: str) -> Json | None:
    """Read a repository's registration (`type`, and `settings` if the domain shows any); None without one."""
    try:
        reply = domain.connection.read_object("GET", path_of("_snapshot", name))
    except Missing:
        return None
    return required_object(reply[name])


@documented
def all_registrations(domain: Domain) -> dict[str, Json]:
    """Read every registration on the domain, by name. The service shows no settings of `cs-automated*`."""
    reply = domain.connection.read_object("GET", "/_snapshot")
    return {name: required_object(entry) for name, entry in reply.items()}


def register_request(name: str, body: Json) -> Request:
    """The request that `register` sends."""
    return Request("PUT", path_of("_snapshot", name), body)


def verify_request(name: str) -> Request:
    """The request that `verified_nodes` sends."""
    return Request("POST", path_of("_snapshot", name, "_verify"))


def register(domain: Domain, name: str, body: Json) -> None:
    """Register a repository, or change its registration, and have the domain verify it.

    May be repeated while no snapshot or restore uses the repository. A registration that fails verification
    stays registered.

    Raises:
        Refused: with the service's reason, for example that the bucket is in another Region.
    """
    domain.connection.send(register_request(name, body), _VERIFY_TIMEOUT_S)


@documented
def verified_nodes(domain: Domain, name: str) -> tuple[str, ...]:
    """Verify the repository; return the nodes that can use it. Each node writes a test file, unless readonly.

    Raises:
        Refused: a node cannot use it.
    """
    reply = domain.connection.send(verify_request(name), _VERIFY_TIMEOUT_S)
    return tuple(sorted(str(node.get("name", key)) for key, node in child(reply, "nodes").items()))


def unregister(domain: Domain, name: str) -> None:
    """Remove a registration. The snapshots stay in the bucket."""
    domain.connection.send(unregister_request(name))


def unregister_request(name: str) -> Request:
    """The request that `unregister` sends."""
    return Request("DELETE", path_of("_snapshot", name))
