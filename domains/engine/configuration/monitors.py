"""Monitors of alerting."""

from domains.domain import Domain
from domains.engine.configuration.definition import Definition
from domains.engine.offered import if_offered, plugin_path
from domains.errors import Refused
from domains.http.documented import documented
from domains.http.json_replies import Json, child, children, required_object, text, whole
from domains.http.requests import Request, path_of
from domains.versions import Version

_AT_MOST = 10_000


@documented
def monitors(domain: Domain, version: Version) -> tuple[Definition, ...] | None:
    """Read every monitor, with its id as key; None where the domain has no such API. Reads only.

    Two may have the same name.

    Raises:
        UnexpectedReply: the reply lists fewer than it counts.
    """
    return if_offered(lambda: _read(domain, version))


def _read(domain: Domain, version: Version) -> tuple[Definition, ...]:
    path = path_of(*plugin_path(version, "_alerting", "monitors", "_search"))
    asked = {"size": _AT_MOST, "query": {"exists": {"field": "monitor"}}}
    if version.engine == "opensearch":
        asked["query"] = {"match_all": {}}  # it looks among monitors by itself
    try:
        reply = domain.connection.read_object("POST", path, body=asked)
    except Refused as error:
        if "alerting-config" in error.reply.text:
            return ()  # the index that holds them is made with the first one
        raise
    hits = child(reply, "hits")
    found = tuple(_monitor(hit) for hit in children(hits, "hits"))
    if whole(child(hits, "total").get("value", 0)) > len(found):
        raise ValueError("the reply lists fewer monitors than it counts")
    return tuple(each for each in found if "name" in each.body)


def _monitor(hit: Json) -> Definition:
    held = required_object(hit["_source"])
    body = required_object(held.get("monitor", held))
    if "name" in body:
        text(body["name"])
    return Definition(body, key=text(hit["_id"]), guard=_guard(hit))


def _guard(hit: Json) -> dict[str, str]:
    """The parameters by which an update of this document is refused if it has changed since."""
    if "_seq_no" not in hit:
        return {}
    return {"if_seq_no": str(whole(hit["_seq_no"])), "if_primary_term": str(whole(hit["_primary_term"]))}


def create_monitor(version: Version, body: Json) -> Request:
    """The request that makes a monitor; the domain gives it an id."""
    return Request("POST", path_of(*plugin_path(version, "_alerting", "monitors")), body)


def update_monitor(version: Version, key: str, body: Json, guard: dict[str, str]) -> Request:
    """The request that changes a monitor."""
    return Request("PUT", path_of(*plugin_path(version, "_alerting", "monitors", key)), body, guard)
