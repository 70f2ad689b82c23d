"""Read shard marks: the position of each shard of an index."""

from collections.abc import Callable, Collection, Iterable
from typing import Any

from domains.domain import Domain
from domains.engine.catalog import path_pieces
from domains.engine.every_index import read_every_index
from domains.http.documented import documented
from domains.http.json_replies import Json, child, number, required_object, whole
from domains.http.requests import path_of
from domains.shard_mark import Mark

_TIMEOUT_S = 120.0
_HISTORY = "commit.user_data.history_uuid"
_COPY = "indices.*.shards.*"
_STATS = ",".join(f"{_COPY}.{key}" for key in ("routing.primary", "seq_no", _HISTORY))
_WRITES = "indices.*.primaries.indexing.index_total,indices.*.primaries.indexing.delete_total"
_TERMS = "metadata.indices.*.primary_terms"


@documented
def marks(domain: Domain, names: Collection[str]) -> dict[str, tuple[Mark, ...]]:
    """Read the marks of these indices, open or closed, in order of shards. Two requests; reads only.

    A missing index, or one with a primary that does not report its position, is left out.
    """
    wanted = frozenset(names)

    def of_wanted(name: str, entry: Any) -> Any:
        return entry if name in wanted else None

    told = read_every_index(domain, lambda every: _stats(domain, every, of_wanted)).reply
    terms = domain.connection.read_entries(
        "/_cluster/state/metadata",
        of_wanted,
        within=("metadata", "indices"),
        timeout_s=_TIMEOUT_S,
        filter_path=_TERMS,
    )
    found = {
        name: _marks(stats, numbered)
        for name in names
        if (stats := told.get(name)) and (numbered := terms.get(name))
    }
    return {name: each for name, each in found.items() if each}


@documented
def writes_so_far(domain: Domain, names: Iterable[str]) -> dict[str, int]:
    """Count the operations that the indices' primaries have taken since they were started. Reads only.

    Two readings that differ mean that somebody writes. Closed and missing indices are left out.
    """
    found: dict[str, int] = {}
    for piece in path_pieces(names):
        reply = domain.connection.read_object(
            "GET",
            path_of(",".join(piece), "_stats", "indexing"),
            timeout_s=_TIMEOUT_S,
            ignore_unavailable="true",
            expand_wildcards="all",
            filter_path=_WRITES,
        )
        for name, entry in child(reply, "indices").items():
            done = child(required_object(entry), "primaries", "indexing")
            found[name] = number(done, "index_total") + number(done, "delete_total")
    return found


def _stats(domain: Domain, every: str, each: Callable[[str, Any], Any]) -> Json:
    return domain.connection.read_entries(
        path_of(every, "_stats", "docs"),
        each,
        within=("indices",),
        timeout_s=_TIMEOUT_S,
        level="shards",
        forbid_closed_indices="false",
        expand_wildcards="all",
        ignore_unavailable="true",
        filter_path=_STATS,
    )


def _marks(told: Json, terms: Json) -> tuple[Mark, ...]:
    """The marks of all shards; empty if one is missing."""
    by_shard: dict[int, Mark] = {}
    numbered = terms["primary_terms"]
    for key, copies in child(told, "shards").items():
        for copy in copies:
            if copy["routing"]["primary"] and "seq_no" in copy and key in numbered:
                by_shard[whole(key)] = _mark(whole(key), copy, numbered[key])
    return tuple(by_shard[shard] for shard in sorted(by_shard)) if len(by_shard) == len(numbered) else ()


def _mark(shard: int, copy: Json, term: int) -> Mark:
    return Mark(
        shard=shard,
        max_seq_no=whole(copy["seq_no"]["max_seq_no"]),
        global_checkpoint=whole(copy["seq_no"]["global_checkpoint"]),
        primary_term=whole(term),
        history=str(child(copy, "commit", "user_data").get("history_uuid") or ""),
    )
