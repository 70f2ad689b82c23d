"""Notification channels, and the destinations of alerting that came before them."""

from domains.domain import Domain
from domains.engine.configuration.definition import Definition, Definitions
from domains.engine.offered import if_offered, plugin_path, read_page
from domains.errors import Refused
from domains.http.documented import documented
from domains.http.json_replies import Json, required_object, text, whole
from domains.http.requests import Request, path_of
from domains.versions import Version

_AT_MOST = 10_000
_TOTAL = "total_hits"
_PATH = ("_plugins", "_notifications", "configs")


@documented
def channels(domain: Domain) -> Definitions | None:
    """Read every channel by its id; None where the domain has no such API. Reads only.

    Raises:
        UnexpectedReply: the reply lists fewer than it counts.
    """
    return if_offered(lambda: _channels(domain))


def _channels(domain: Domain) -> Definitions:
    reply = read_page(domain, path_of(*_PATH), max_items=str(_AT_MOST))
    listed: list[Json] = reply["config_list"]
    found = {text(each["config_id"]): Definition(required_object(each["config"])) for each in listed}
    there = reply.get(_TOTAL)
    if there is not None and whole(there) > len(found):
        raise ValueError(f"{_TOTAL} is {there}, and it lists {len(found)}")
    return found


@documented
def destinations(domain: Domain, version: Version) -> Definitions | None:
    """Read the destinations of alerting by id; None where the domain has no such API. Reads only.

    OpenSearch 2 keeps those of earlier versions, and has channels for new ones.
    """
    return if_offered(lambda: _destinations(domain, version))


def _destinations(domain: Domain, version: Version) -> Definitions:
    path = path_of(*plugin_path(version, "_alerting", "destinations"))
    try:
        reply = read_page(domain, path, size=str(_AT_MOST))
    except Refused as error:
        if error.says("index_not_found_exception") and "alerting-config" in error.reply.text:
            return {}
        raise
    listed: list[Json] = reply["destinations"]
    return {text(each["id"]): Definition(each) for each in listed}


def create_channel(key: str, body: Json) -> Request:
    """The request that makes a channel with this id; it is refused if there is one."""
    return Request("POST", path_of(*_PATH), {"config_id": key, "config": body})


def update_channel(key: str, body: Json) -> Request:
    """The request that changes the channel with this id."""
    return Request("PUT", path_of(*_PATH, key), {"config": body})
