"""Open restored indices, with the settings and aliases that they need to serve requests."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from domains.domain import Domain
from domains.engine.catalog import every_alias, path_pieces
from domains.engine.every_index import every_setting
from domains.errors import UnexpectedReply
from domains.http.documented import documented
from domains.http.json_replies import Json, child, is_object, number, required_object, text
from domains.http.requests import Request, path_of

OPENING_SETTINGS = ("number_of_replicas", "auto_expand_replicas", "refresh_interval")
"""Settings, without `index.`, that a seeded copy gets only when it is opened."""
_ALIASES_AT_ONCE = 500
_MOVING = ("initializing_shards", "relocating_shards", "number_of_pending_tasks", "delayed_unassigned_shards")


def open_requests(names: Iterable[str]) -> Iterator[Request]:
    """Requests that open indices, without waiting for their shards. May be repeated; open ones stay open."""
    query = {"wait_for_active_shards": "0"}
    return (Request("POST", path_of(",".join(piece), "_open"), None, query) for piece in path_pieces(names))


@documented
def opening_settings(domain: Domain) -> dict[str, dict[str, str]]:
    """Read the `OPENING_SETTINGS` that each index, open or closed, has. Reads only."""
    wanted = [f"index.{key}" for key in OPENING_SETTINGS]
    parts = (f"*.settings.index*{key}" for key in (*OPENING_SETTINGS, "number_of_shards"))
    told = every_setting(domain, ",".join(parts))
    found = {name: child(entry, "settings") for name, entry in told.items()}
    return {name: {key: str(has[key]) for key in wanted if key in has} for name, has in found.items()}


@documented
def aliases(domain: Domain) -> dict[str, dict[str, Json]]:
    """Read every index's aliases with their filter, routing and write index. Reads only."""
    return {name: _objects(child(entry, "aliases")) for name, entry in every_alias(domain).items()}


def _objects(listed: Json) -> dict[str, Json]:
    return {name: required_object(entry) for name, entry in listed.items()}


def alias_requests(wanted: Iterable[tuple[str, str, Json]]) -> Iterator[Request]:
    """Requests that add aliases; each is atomic. May be repeated.

    Args:
        wanted: index, alias, and its definition as `aliases` returns it.
    """
    return _actions([{"add": {"index": index, "alias": alias, **more}} for index, alias, more in wanted])


def alias_removal_requests(doomed: Iterable[tuple[str, str]]) -> Iterator[Request]:
    """Requests that remove aliases, given as index and alias. A missing alias makes its request fail."""
    return _actions([{"remove": {"index": index, "alias": alias}} for index, alias in doomed])


def switch_request(
    added: Iterable[tuple[str, str, Json]], removed: Iterable[tuple[str, str]], deleted: Iterable[str]
) -> Request:
    """The request that adds aliases, removes others and deletes indices, all at once or not at all.

    Args:
        added: index, alias, and its definition as `aliases` returns it.
        removed: index and alias.
        deleted: indices, whose names the added aliases may take.
    """
    actions: list[Json] = [{"remove_index": {"index": index}} for index in deleted]
    actions += [{"remove": {"index": index, "alias": alias}} for index, alias in removed]
    actions += [{"add": {"index": index, "alias": alias, **more}} for index, alias, more in added]
    return Request("POST", "/_aliases", {"actions": actions})


def _actions(actions: Sequence[Json]) -> Iterator[Request]:
    for start in range(0, len(actions), _ALIASES_AT_ONCE):
        yield Request("POST", "/_aliases", {"actions": actions[start : start + _ALIASES_AT_ONCE]})


def require_acknowledged(domain: Domain, asked: str, reply: object) -> None:
    """Raise UnexpectedReply unless the domain acknowledges the request."""
    if not is_object(reply) or reply.get("acknowledged") is not True:
        raise UnexpectedReply(
            f"{domain.label}: {asked}",
            "the domain did not acknowledge it",
            hint="run the same command again: it checks what took effect",
            transient=True,
        )


@dataclass(frozen=True)
class Health:
    """The health of a domain's indices.

    Args:
        indices: every open index: `green`, `yellow` or `red`.
        moving: shards that are initializing, relocating or waiting for a node.
    """

    indices: dict[str, str]
    moving: int


@documented
def health(domain: Domain) -> Health:
    """Read the health of every open index. Reads only."""
    told = ",".join(("indices.*.status", *_MOVING))
    reply = domain.connection.read_object("GET", "/_cluster/health", level="indices", filter_path=told)
    indices = {name: text(entry["status"]) for name, entry in child(reply, "indices").items()}
    return Health(indices, sum(number(reply, key) for key in _MOVING))
