"""The catalog of a domain: indices, aliases, data streams. Four requests, however many there are.

It is complete although an index refuses to have its metadata read, or the domain refuses to be changed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from domains.domain import Domain
from domains.engine.every_index import hidden_metadata, read_every_index
from domains.errors import Blocked, Missing, Refused, Reply, UnexpectedReply
from domains.http.documented import documented
from domains.http.error_bodies import quoted
from domains.http.json_replies import Json, child, children, is_object, required_object, text, whole
from domains.http.requests import Request, path_of

_PATH_BYTES = 3_500  # of a request line's 4,096
_ALL: dict[str, Any] = {"expand_wildcards": "all", "ignore_unavailable": "true"}
_CAT = "index,uuid,status,health,pri,rep,docs.count,pri.store.size"
_IDENTITY = "*.settings.index.uuid,*.settings.index.version.created"
_READINGS = 3
_UNTOLD = "untold"  # by a domain that does not show it
_STREAMS = "metadata.cluster_uuid,metadata.data_stream"


@dataclass(frozen=True)
class Alias:
    """One alias of one index."""

    name: str
    write_index: bool | None
    filtered: bool


@dataclass(frozen=True)
class Index:
    """One index, as the domain lists it.

    Args:
        name, uuid: its identity; a re-created index has a new uuid.
        open: False when closed.
        shards, replicas: primaries, and copies of each.
        documents: Lucene documents (nested ones count separately); None when closed, or refused.
        bytes: store size of the primaries; None when closed, or refused.
        created_id: `index.version.created`; None when the domain does not say.
        aliases: its aliases.
        stream: the data stream that it backs.
        health: `green`, `yellow` or `red`; empty where the domain does not say.
    """

    name: str
    uuid: str
    open: bool
    shards: int
    replicas: int
    documents: int | None
    bytes: int | None
    created_id: int | None
    aliases: tuple[Alias, ...] = ()
    stream: str | None = None
    health: str = ""


@dataclass(frozen=True)
class Stream:
    """A data stream and its backing indices, oldest first (the last one takes the writes)."""

    name: str
    backing: tuple[str, ...]


@dataclass(frozen=True)
class Catalog:
    """All names on a domain at one moment."""

    indices: dict[str, Index]
    streams: dict[str, Stream]

    @cached_property
    def aliases(self) -> dict[str, tuple[str, ...]]:
        """Alias → the indices it covers."""
        found: dict[str, list[str]] = {}
        for index in self.indices.values():
            for alias in index.aliases:
                found.setdefault(alias.name, []).append(index.name)
        return {name: tuple(sorted(covered)) for name, covered in sorted(found.items())}


@documented
def catalog(domain: Domain) -> Catalog:
    """List every index, alias and data stream, closed and hidden ones included. Reads only.

    The parts are read one after the other. An index that is made, deleted or made anew meanwhile makes them
    disagree: then all of it is read again, and an index that keeps changing is left out.

    Raises:
        UnexpectedReply: one part lacks an index every time, as where the caller may not read all of it.
        DomainError: typed; a caller without read rights is Denied.
    """
    readings = [_read(domain)]
    while (readings[-1].uneven or readings[-1].torn) and len(readings) < _READINGS:
        readings.append(_read(domain))
    last = readings[-1]
    lacking = [name for name in sorted(last.uneven) if len({each.seen(name) for each in readings}) == 1]
    if lacking:
        said = f"{lacking[0]} appeared or disappeared meanwhile, or the caller may not read all of it"
        hint = "run the same command again; if it fails again, check the caller's rights (docs/access.md)"
        raise UnexpectedReply(f"{domain.label}: list of indices", said, hint=hint, transient=True)
    return last.joined()


@dataclass(frozen=True)
class _Reading:
    """One reading of all parts, in the order in which they were read.

    Rows and settings carry each index's UUID. They enclose the other parts: where both have the same UUID,
    aliases and data streams are those of this very index.
    """

    rows: dict[str, Json]
    aliases: Json
    streams: dict[str, Stream]
    settings: Json

    @cached_property
    def uneven(self) -> frozenset[str]:
        """Names about which the parts disagree."""
        told = self.rows.keys() | self.settings.keys() | self.aliases.keys()
        return frozenset(name for name in told if not self._agrees(name))

    @property
    def torn(self) -> bool:
        """Whether a data stream names a backing index that is not listed."""
        return any(name not in self.rows for stream in self.streams.values() for name in stream.backing)

    def _agrees(self, name: str) -> bool:
        listed, set_, has_aliases = self.seen(name)
        return bool(listed) and set_ in {listed, _UNTOLD} and has_aliases

    def seen(self, name: str) -> tuple[str, str, bool]:
        """The UUID by the row and by the settings (empty: missing), and whether the aliases are there."""
        row, entry = self.rows.get(name), self.settings.get(name)
        listed = "" if row is None else str(row["uuid"])
        set_ = "" if entry is None else str(child(entry, "settings", "index").get("uuid") or _UNTOLD)
        return listed, set_, name in self.aliases

    def joined(self) -> Catalog:
        """Everything that the parts agree about."""
        owner = {name: stream.name for stream in self.streams.values() for name in stream.backing}
        indices = {
            name: _index(row, self.settings[name], self.aliases[name], owner)
            for name, row in sorted(self.rows.items())
            if name not in self.uneven
        }
        return Catalog(indices, dict(sorted(self.streams.items())))


def _read(domain: Domain) -> _Reading:
    rows = _rows(domain)
    aliases = every_alias(domain)
    streams = {stream.name: stream for stream in _streams(domain)}
    settings = _of_every_index(domain, "_settings", filter_path=_IDENTITY)
    return _Reading({row["index"]: row for row in rows}, aliases, streams, settings)


def _rows(domain: Domain) -> list[Json]:
    def read(names: str) -> list[Json]:
        path = path_of("_cat", "indices", *(() if names == "_all" else (names,)))
        return domain.connection.read("GET", path, format="json", bytes="b", h=_CAT, **_ALL)

    found = read_every_index(domain, read)
    hidden = hidden_metadata(domain, found.hidden, flat=False)
    return [*found.reply, *(_row(name, entry) for name, entry in hidden.items())]


def _row(name: str, entry: Json) -> Json:
    """The row of an index that refuses to be listed; its size and health are not known."""
    told: Json = entry["settings"]["index"]
    state = "open" if entry["state"] == "open" else "close"
    shards = {"pri": told["number_of_shards"], "rep": told["number_of_replicas"]}
    return {"index": name, "uuid": told["uuid"], "status": state, **shards}


def _of_every_index(domain: Domain, part: str, **query: Any) -> Json:
    """A part of every index, by name; of an index that refuses it, what the cluster state knows."""

    def read(names: str) -> Json:
        path = path_of(names, part)
        return domain.connection.read_entries(path, lambda _, entry: required_object(entry), **query, **_ALL)

    found = read_every_index(domain, read)
    return {**found.reply, **hidden_metadata(domain, found.hidden, flat=False)}


@documented
def every_alias(domain: Domain) -> dict[str, Json]:
    """Read the aliases of every index, open or closed: index → `aliases` → alias → its definition."""
    return _of_every_index(domain, "_alias")


def _index(row: Json, settings: Json, aliases: Json, owner: dict[str, str]) -> Index:
    created = child(settings, "settings", "index", "version").get("created")
    return Index(
        name=text(row["index"]),
        uuid=text(row["uuid"]),
        open=text(row["status"]) == "open",
        shards=whole(row["pri"]),
        replicas=_number(row.get("rep")) or 0,
        documents=_number(row.get("docs.count")),
        bytes=_number(row.get("pri.store.size")),
        created_id=whole(created) if created else None,
        aliases=tuple(
            Alias(name, _flag(entry.get("is_write_index")), "filter" in required_object(entry))
            for name, entry in sorted(child(aliases, "aliases").items())
        ),
        stream=owner.get(row["index"]),
        health=text(row.get("health") or ""),
    )


def _flag(value: object) -> bool | None:
    if value is not None and not isinstance(value, bool):
        raise TypeError(f"expected true or false, got {type(value).__name__}")
    return value


def _number(digits: str | None) -> int | None:
    return whole(digits) if digits else None


def _streams(domain: Domain) -> Iterator[Stream]:
    try:
        reply = domain.connection.read_object("GET", "/_data_stream")
        found: list[Json] = reply["data_streams"]
    except Blocked:  # the engine refuses even to list them while nothing may be changed
        found = list(_streams_in_state(domain))
    except Refused as error:
        if _knows_no_streams(error.reply):
            return
        raise
    for entry in found:
        yield Stream(text(entry["name"]), tuple(text(backing["index_name"]) for backing in entry["indices"]))


def _streams_in_state(domain: Domain) -> Iterator[Json]:
    reply = domain.connection.read_object("GET", "/_cluster/state/metadata", filter_path=_STREAMS)
    reply["metadata"]["cluster_uuid"]  # a reply without it lacks the metadata
    yield from child(reply, "metadata", "data_stream", "data_stream").values()


def _knows_no_streams(reply: Reply) -> bool:
    """Whether an engine without data streams, or the service in front of it, answered this."""
    if reply.type == "invalid_index_name_exception":  # it took the path for an index
        return "_data_stream" in reply.reason and "must not start with '_'" in reply.reason
    return "no handler found" in reply.text or "'/_data_stream' is not allowed" in reply.reason


def path_pieces(names: Iterable[str], limit: int = _PATH_BYTES) -> Iterator[tuple[str, ...]]:
    """Split the names, keeping their order, so that each piece fits a request line once percent-encoded."""
    piece: list[str] = []
    size = 0
    for name in names:
        cost = len(path_of(name))  # without its slash, with a comma
        if piece and size + cost > limit:
            yield tuple(piece)
            piece, size = [], 0
        piece.append(name)
        size += cost
    if piece:
        yield tuple(piece)


def delete(domain: Domain, name: str, *, stream: bool) -> None:
    """Delete one index, or one data stream with its backing indices. Check before you repeat it."""
    domain.connection.send(delete_request(name, stream=stream))


def delete_request(name: str, *, stream: bool) -> Request:
    """The request that `delete` sends."""
    return Request("DELETE", path_of("_data_stream", name) if stream else path_of(name))


def delete_all(domain: Domain, names: Iterable[str]) -> None:
    """Delete exactly these indices, in as few requests as possible. Check before you repeat it.

    Raises:
        Missing: one of a request's names does not exist; none of that request's indices is deleted.
    """
    for request in delete_all_requests(names):
        domain.connection.send(request)


def delete_all_requests(names: Iterable[str]) -> Iterator[Request]:
    """The requests that `delete_all` sends, each with as many names as a request line holds."""
    query = {"expand_wildcards": "none"}
    return (Request("DELETE", path_of(",".join(piece)), None, query) for piece in path_pieces(names))


@documented
def uuids(domain: Domain, names: Iterable[str]) -> dict[str, str]:
    """Read the current UUIDs of these indices; missing indices are left out. Reads only."""
    found: dict[str, str] = {}
    for piece in path_pieces(names):
        path = path_of(",".join(piece), "_settings", "index.uuid")
        reply = domain.connection.read_object("GET", path, ignore_unavailable="true", flat_settings="true")
        found |= {name: text(entry["settings"]["index.uuid"]) for name, entry in reply.items()}
    return found


@documented
def backing_indices(domain: Domain, stream: str) -> tuple[str, ...] | None:
    """List a data stream's current backing indices; None when there is no such stream. Reads only."""
    try:
        reply = domain.connection.read_object("GET", path_of("_data_stream", stream))
    except Missing:
        return None
    return tuple(text(entry["index_name"]) for entry in reply["data_streams"][0]["indices"])


def close(domain: Domain, names: Iterable[str]) -> None:
    """Close indices. May be repeated; closed ones stay closed.

    Raises:
        UnexpectedReply: the domain does not confirm that all of them are closed.
    """
    for request in close_requests(names):
        reply: object = domain.connection.send(request)
        if not is_object(reply) or reply.get("acknowledged") is not True:
            raise UnexpectedReply(f"{domain.label}: close", "the domain did not acknowledge it")
        told = child(reply, "indices")
        opened = [name for name in told if child(told, name).get("closed") is not True]
        if opened:
            raise UnexpectedReply(f"{domain.label}: close", f"not closed: {', '.join(opened[:5])}")


def close_requests(names: Iterable[str]) -> Iterator[Request]:
    """The requests that `close` sends, each with as many names as a request line holds."""
    return (Request("POST", path_of(",".join(piece), "_close")) for piece in path_pieces(names))


@documented
def refresh(domain: Domain, names: Iterable[str]) -> dict[str, str]:
    """Make every operation so far visible to searches. Changes no document; may be repeated.

    Closed and missing indices are skipped: the comparison notices them.

    Returns:
        Indices with a shard that failed to refresh, and why; their figures may be stale.
    """
    failed: dict[str, str] = {}
    for piece in path_pieces(names):
        reply = domain.connection.write(
            "POST", path_of(",".join(piece), "_refresh"), ignore_unavailable="true"
        )
        failures = children(reply["_shards"], "failures")
        for failure in failures:
            failed[str(failure.get("index"))] = quoted(str(failure.get("reason")))
        if reply["_shards"]["failed"] and not failures:
            failed |= dict.fromkeys(piece, "some shard failed to refresh")
    return failed
