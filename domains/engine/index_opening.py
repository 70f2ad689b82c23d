"""What makes restored indices serve: opened, with their settings and their aliases."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from domains.domain import Domain
from domains.engine.catalog import path_pieces
from domains.errors import UnexpectedReply
from domains.http.documented import documented
from domains.http.json_replies import Json, child, is_object, number
from domains.http.requests import Request, path_of

OPENING_SETTINGS = ("number_of_replicas", "auto_expand_replicas", "refresh_interval")
"""Settings, without `index.`, that a copy does not have while it only waits."""
_ALIASES_AT_ONCE = 500
_MOVING = ("initializing_shards", "relocating_shards", "number_of_pending_tasks", "delayed_unassigned_shards")


def open_requests(names: Iterable[str]) -> Iterator[Request]:
    """Open closed indices; those that are open stay so. May be repeated. Does not wait for their shards."""
    query = {"wait_for_active_shards": "0"}
    return (Request("POST", path_of(",".join(piece), "_open"), None, query) for piece in path_pieces(names))


@documented
def opening_settings(domain: Domain) -> dict[str, dict[str, str]]:
    """Of every index, open or closed, those of the settings in `OPENING_SETTINGS` that it has. Reads only."""
    keys = ",".join(f"*.settings.index.{key}" for key in (*OPENING_SETTINGS, "number_of_shards"))
    reply = domain.connection.read_object("GET", "/_all/_settings", expand_wildcards="all", filter_path=keys)
    found = {name: child(entry, "settings", "index") for name, entry in reply.items()}
    return {
        name: {f"index.{key}": str(told[key]) for key in OPENING_SETTINGS if key in told}
        for name, told in found.items()
    }


@documented
def aliases(domain: Domain) -> dict[str, dict[str, Json]]:
    """Every index's aliases with filter, routing and write index, as the domain has them. Reads only."""
    reply = domain.connection.read_object("GET", "/_all/_alias", expand_wildcards="all")
    return {name: dict(child(entry, "aliases")) for name, entry in reply.items()}


def alias_requests(wanted: Iterable[tuple[str, str, Json]]) -> Iterator[Request]:
    """Give indices their aliases, all of a request at once. May be repeated.

    Args:
        wanted: index, alias, and what belongs to it, as `aliases` tells it.
    """
    return _actions([{"add": {"index": index, "alias": alias, **more}} for index, alias, more in wanted])


def alias_removal_requests(doomed: Iterable[tuple[str, str]]) -> Iterator[Request]:
    """Take aliases from indices: index and alias. One that is not there makes its request fail."""
    return _actions([{"remove": {"index": index, "alias": alias}} for index, alias in doomed])


def _actions(actions: Sequence[Json]) -> Iterator[Request]:
    for start in range(0, len(actions), _ALIASES_AT_ONCE):
        yield Request("POST", "/_aliases", {"actions": actions[start : start + _ALIASES_AT_ONCE]})


def require_acknowledged(domain: Domain, asked: str, reply: object) -> None:
    """Raises UnexpectedReply unless the domain acknowledges what was asked."""
    if not is_object(reply) or reply.get("acknowledged") is not True:
        raise UnexpectedReply(f"{domain.side}: {asked}", "the domain does not acknowledge it", transient=True)


@dataclass(frozen=True)
class Health:
    """Args:
    indices: every open index: `green`, `yellow` or `red`.
    moving: shards that are on their way: being made, moved, or waited for.
    """

    indices: dict[str, str]
    moving: int


@documented
def health(domain: Domain) -> Health:
    """How complete the domain's indices are. Reads only."""
    told = ",".join(("indices.*.status", *_MOVING))
    reply = domain.connection.read_object("GET", "/_cluster/health", level="indices", filter_path=told)
    indices = {name: str(entry["status"]) for name, entry in child(reply, "indices").items()}
    return Health(indices, sum(number(reply, key) for key in _MOVING))
