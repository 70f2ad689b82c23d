"""Fine-grained access control: the user and roles that the domain maps the caller to. Reads only."""

from dataclasses import dataclass

from domains.domain import Domain
from domains.errors import Refused
from domains.http.documented import documented
from domains.http.json_replies import text, texts
from domains.versions import Engine

_PATHS: dict[Engine, str] = {
    "opensearch": "/_plugins/_security/authinfo",
    "elasticsearch": "/_opendistro/_security/authinfo",
}
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


@documented
def auth_info(domain: Domain, engine: Engine) -> AuthInfo | None:
    """Ask who the caller is to access control; None where the domain has none.

    Raises:
        DomainError: typed; Denied where the caller may not even ask this.
    """
    try:
        reply = domain.connection.read_object("GET", _PATHS[engine], filter_path=_FIELDS)
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
