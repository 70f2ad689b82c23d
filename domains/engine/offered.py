"""APIs that a domain may not have: the engine lacks the plugin, or the service does not offer them."""

from collections.abc import Callable
from typing import Any, TypeVar

from domains.domain import Domain
from domains.errors import Refused
from domains.http.json_replies import Json
from domains.versions import Version

T = TypeVar("T")
_NO_SUCH_API = (
    "no handler found",
    "' is not allowed",  # the service's front door
    "Incorrect HTTP method for uri",
)
_TAKEN_FOR_AN_INDEX = (
    "[_plugins]",
    "[_opendistro]",
    "[_search]",
    "[_component_template]",
    "[_index_template]",
)


def if_offered(read: Callable[[], T]) -> T | None:
    """What this read returns; None where the domain has no such API.

    Raises:
        DomainError: typed, for anything else.
    """
    try:
        return read()
    except Refused as error:
        if is_not_offered(error):
            return None
        raise


def read_page(domain: Domain, path: str, **page: Any) -> Json:
    """Read a list with the page that it is asked for; oldest versions take none, and then show their own.

    An engine that takes the path for an index's refuses the page, too: without it, it says so.
    """
    try:
        return domain.connection.read_object("GET", path, **page)
    except Refused as error:
        if "unrecognized parameter: [" not in error.reply.text:
            raise
    return domain.connection.read_object("GET", path)


def is_not_offered(error: Refused) -> bool:
    """Whether this refusal means that the engine, or the service in front of it, has no such API."""
    said = error.reply.text
    if error.says("index_not_found_exception", "invalid_index_name_exception"):
        return any(name in said for name in _TAKEN_FOR_AN_INDEX)
    return any(sentence in said for sentence in _NO_SUCH_API)


def plugin_path(version: Version, *rest: str) -> tuple[str, ...]:
    """The segments of a plugin's path on this engine."""
    first = "_plugins" if version.engine == "opensearch" else "_opendistro"
    return first, *rest
