"""Access control: roles, role mappings, action groups, tenants and internal users."""

from domains.domain import Domain
from domains.engine.configuration.definition import Definition, Definitions
from domains.engine.offered import if_offered, plugin_path
from domains.http.documented import documented
from domains.http.json_replies import Json, required_object, text
from domains.http.requests import Request, path_of
from domains.versions import Version

ACTION_GROUPS = "actiongroups"
ROLES = "roles"
TENANTS = "tenants"
USERS = "internalusers"
ROLE_MAPPINGS = "rolesmapping"
_PROTECTED = ("reserved", "hidden", "static")


@documented
def security_definitions(domain: Domain, version: Version, family: str) -> Definitions | None:
    """Read every definition of this family; None where the domain has no access control. Reads only.

    Args:
        family: `ROLES` and the like.
    """
    path = path_of(*_path(version, family))
    reply = if_offered(lambda: domain.connection.read_object("GET", path))
    if reply is None:
        return None
    return {text(name): _definition(required_object(entry)) for name, entry in reply.items()}


def _definition(entry: Json) -> Definition:
    protected = next((word for word in _PROTECTED if entry.get(word) is True), "")
    return Definition(
        {key: value for key, value in entry.items() if key not in _PROTECTED}, protected=protected
    )


def put_security(version: Version, family: str, name: str, body: Json) -> Request:
    """The request that makes a definition; it replaces one of the same name as a whole."""
    return Request("PUT", path_of(*_path(version, family), name), body)


def _path(version: Version, family: str) -> tuple[str, ...]:
    return plugin_path(version, "_security", "api", family)
