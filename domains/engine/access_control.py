"""Fine-grained access control: the caller's user and roles, all roles, and who is mapped to them.

Source: OpenSearch Security, REST API. Its traps: PUT of a mapping replaces it; PATCH with `add` replaces a
list too, unless its path ends in `/-`, and an empty list cannot be appended to; no change can be made
conditional on what was read. So a list is appended to by PATCH, and read again afterwards.
"""

from dataclasses import dataclass
from typing import Literal

from domains.domain import Domain
from domains.errors import Refused
from domains.http.documented import documented
from domains.http.json_replies import Json, children, required_object, text, texts
from domains.http.requests import Request, path_of
from domains.versions import Engine

_PREFIXES: dict[Engine, tuple[str, str]] = {
    "opensearch": ("_plugins", "_security"),
    "elasticsearch": ("_opendistro", "_security"),
}
MappingList = Literal["users", "backend_roles"]
"""Where a mapping names an identity: the ARN of a user, or that of a role."""
_FIELDS = "user_name,backend_roles,roles"


@dataclass(frozen=True)
class AuthInfo:
    """The caller's user and roles in fine-grained access control.

    Args:
        name: the user name: a user's ARN, a role's ARN, or an internal user.
        roles: the roles that it is mapped to.
    """

    name: str
    roles: tuple[str, ...]


@dataclass(frozen=True)
class SecurityRole:
    """A role of access control.

    Args:
        cluster: permissions on the cluster: actions, patterns, or names of action groups.
        index: permissions on indices, each with its patterns. Those that show only some documents or fields
            are left out.
        description: as its maker has written it; empty without one.
    """

    cluster: tuple[str, ...]
    index: tuple["IndexPermission", ...]
    description: str = ""


@dataclass(frozen=True)
class IndexPermission:
    """What a role allows on the indices that match its patterns."""

    patterns: tuple[str, ...]
    actions: tuple[str, ...]


@dataclass(frozen=True)
class RoleMapping:
    """Who has a role.

    Args:
        all_backend_roles: backend roles that an identity must have together.
        reserved: whether the service refuses to change it.
    """

    users: tuple[str, ...]
    backend_roles: tuple[str, ...]
    all_backend_roles: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    reserved: bool = False
    description: str = ""

    def listed(self, where: MappingList) -> tuple[str, ...]:
        """The list of this name."""
        return self.users if where == "users" else self.backend_roles


@documented
def auth_info(domain: Domain, engine: Engine) -> AuthInfo | None:
    """Ask who the caller is to access control; None where the domain has none.

    Raises:
        DomainError: typed; Denied where the caller may not even ask this.
    """
    try:
        reply = domain.connection.read_object(
            "GET", path_of(*_PREFIXES[engine], "authinfo"), filter_path=_FIELDS
        )
    except Refused as error:
        if _has_none(error):
            return None
        raise
    return AuthInfo(text(reply["user_name"]), texts(reply.get("roles") or []))


def _has_none(error: Refused) -> bool:
    """Whether an engine without the plugin, or the service in front of it, answered this."""
    said = error.reply.text
    return (
        "no handler found" in said
        or "authinfo' is not allowed" in said
        or error.says("invalid_index_name_exception")
    )


@documented
def security_roles(domain: Domain, engine: Engine) -> dict[str, SecurityRole]:
    """Read every role, those of the service included. Reads only.

    Raises:
        DomainError: typed; Denied where the caller may not use access control's REST API.
    """
    reply = domain.connection.read_object("GET", _api(engine, "roles"))
    return {name: _role(required_object(told)) for name, told in reply.items()}


def _role(told: Json) -> SecurityRole:
    index = children(told, "index_permissions")
    whole = [each for each in index if not (each.get("dls") or each.get("fls") or each.get("masked_fields"))]
    return SecurityRole(
        texts(told.get("cluster_permissions") or []),
        tuple(
            IndexPermission(texts(each["index_patterns"]), texts(each["allowed_actions"])) for each in whole
        ),
        text(told.get("description") or ""),
    )


@documented
def role_mappings(domain: Domain, engine: Engine) -> dict[str, RoleMapping]:
    """Read who is mapped to which role. Reads only. Raises as `security_roles`."""
    reply = domain.connection.read_object("GET", _api(engine, "rolesmapping"))
    return {name: _mapping(required_object(told)) for name, told in reply.items()}


def _mapping(told: Json) -> RoleMapping:
    return RoleMapping(
        texts(told.get("users") or []),
        texts(told.get("backend_roles") or []),
        texts(told.get("and_backend_roles") or []),
        texts(told.get("hosts") or []),
        told.get("reserved") is True,
        text(told.get("description") or ""),
    )


@documented
def action_groups(domain: Domain, engine: Engine) -> dict[str, tuple[str, ...]]:
    """Read the groups of actions, which may name other groups. Reads only. Raises as `security_roles`."""
    reply = domain.connection.read_object("GET", _api(engine, "actiongroups"))
    return {name: texts(required_object(told).get("allowed_actions") or []) for name, told in reply.items()}


def put_role_request(engine: Engine, name: str, definition: Json) -> Request:
    """Request that makes a role, or replaces it: check first that there is none of this name."""
    return Request("PUT", _api(engine, "roles", name), definition)


def put_mapping_request(engine: Engine, name: str, mapping: Json) -> Request:
    """Request that maps a role, or replaces its mapping: check first that there is none."""
    return Request("PUT", _api(engine, "rolesmapping", name), mapping)


def append_request(engine: Engine, name: str, where: MappingList, value: str, found: RoleMapping) -> Request:
    """Request that adds one name to a list of a mapping, and leaves the others.

    Args:
        found: the mapping as it was read just now: a list that is shown as empty is not stored at all, and
            cannot be appended to (seen on 2.19.1: 400 `Missing field "backend_roles"`).
    """
    change: Json = {"op": "add", "path": f"/{where}/-", "value": value}
    if not found.listed(where):
        change = {"op": "add", "path": f"/{where}", "value": [value]}
    return Request("PATCH", _api(engine, "rolesmapping", name), [change])


def drop_request(engine: Engine, name: str, where: MappingList, position: int) -> Request:
    """Request that removes the entry at this position (from 0) of a list of a mapping."""
    change = {"op": "remove", "path": f"/{where}/{position}"}
    return Request("PATCH", _api(engine, "rolesmapping", name), [change])


def delete_role_request(engine: Engine, name: str) -> Request:
    """Request that deletes a role."""
    return Request("DELETE", _api(engine, "roles", name))


def delete_mapping_request(engine: Engine, name: str) -> Request:
    """Request that deletes a role's whole mapping."""
    return Request("DELETE", _api(engine, "rolesmapping", name))


def _api(engine: Engine, *parts: str) -> str:
    return path_of(*_PREFIXES[engine], "api", *parts)
