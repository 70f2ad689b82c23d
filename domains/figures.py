"""Figures of indices that tell whether two copies hold the same documents."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from domains.catalog import path_pieces
from domains.cluster import Version
from domains.connection import path_of
from domains.documented import documented
from domains.domain import Domain
from domains.errors import UnexpectedReply
from domains.replies import Json, child, children, is_object

_SEARCHES_A_REQUEST = 250
_TIMEOUT_S = 120.0
_EXACT = 2**53  # sums come as doubles


@dataclass(frozen=True)
class Figures:
    """What one search over one index, or one of its shards, said.

    Args:
        count: live top-level documents.
        sum, maximum: of their sequence numbers; None at level counts, and for an empty shard.
        problem: why the figures cannot be relied on; empty when they can.
    """

    count: int = 0
    sum: int | None = None
    maximum: int | None = None
    problem: str = ""


@dataclass(frozen=True)
class Ask:
    """One search to do: an index, and one of its shards (None: the index as a whole)."""

    index: str
    shard: int | None = None


@documented
def counts(domain: Domain, version: Version, names: Sequence[str]) -> dict[str, Figures]:
    """Live documents of each index; all its shards must have answered. Refresh first: searches lag behind."""
    asks = [Ask(name) for name in names]
    return {
        ask.index: figures for ask, figures in _searched(domain, version, asks, {"track_total_hits": True})
    }


@documented
def operations(domain: Domain, version: Version, asks: Sequence[Ask]) -> dict[Ask, Figures]:
    """Count, sum and maximum of `_seq_no` of the live documents of each shard, read from its primary.

    Sequence numbers survive snapshot and restore, so equal figures mean that the same operations arrived;
    what this does and does not prove is said in docs/verification.md.
    """
    body = {
        "track_total_hits": True,
        "aggs": {"sum": {"sum": {"field": "_seq_no"}}, "max": {"max": {"field": "_seq_no"}}},
    }
    return dict(_searched(domain, version, asks, body))


def _searched(
    domain: Domain, version: Version, asks: Sequence[Ask], body: dict[str, Any]
) -> Iterator[tuple[Ask, Figures]]:
    search = json.dumps({"size": 0, "query": {"match_all": {}}, **_no_pipeline(version), **body})
    remaining = iter(asks)
    while piece := list(islice(remaining, _SEARCHES_A_REQUEST)):
        lines = [line for ask in piece for line in (_header(ask, version), search)]
        reply = domain.connection.read_object(
            "POST", "/_msearch", body="\n".join(lines) + "\n", timeout_s=_TIMEOUT_S
        )
        answers = children(reply, "responses")
        if len(answers) != len(piece):
            raise UnexpectedReply(
                f"{domain.side}: POST /_msearch", f"{len(piece)} searches, {len(answers)} answers"
            )
        yield from ((ask, _figures(ask, answer)) for ask, answer in zip(piece, answers, strict=True))


def _header(ask: Ask, version: Version) -> str:
    header: dict[str, Any] = {"index": [ask.index], "ignore_unavailable": False, "expand_wildcards": "all"}
    if ask.shard is not None:
        header["preference"] = f"_shards:{ask.shard}" + (
            "|_primary" if _has_primary_preference(version) else ""
        )
    return json.dumps(header)


def _has_primary_preference(version: Version) -> bool:
    """Elasticsearch 7 dropped `_primary`; OpenSearch brought it back with segment replication (2.x)."""
    return version.engine == "opensearch" and version.generation >= 9


def _no_pipeline(version: Version) -> dict[str, Any]:
    """An empty pipeline, given inline: an index's default search pipeline would filter what is counted."""
    has_pipelines = version.engine == "opensearch" and (version.generation, version.minor) >= (9, 9)
    return {"search_pipeline": {}} if has_pipelines else {}


def _figures(ask: Ask, answer: Json) -> Figures:
    if "error" in answer:
        error: object = answer["error"]
        said = f"{error.get('type')}: {error.get('reason')}" if is_object(error) else str(error)
        return Figures(problem=said)
    shards: dict[str, int] = answer["_shards"]
    if answer.get("timed_out"):
        return Figures(problem="the search timed out on some shard")
    if shards.get("failed") or shards["successful"] != shards["total"] or not shards["total"]:
        return Figures(problem=f"{shards['successful']} of {shards['total']} shards answered")
    if ask.shard is not None and shards["total"] != 1:
        return Figures(problem=f"asked one shard, {shards['total']} answered")
    hits: Json = answer["hits"]["total"]
    if hits["relation"] != "eq":
        return Figures(problem="the domain gave a lower bound instead of a count")
    aggregations = child(answer, "aggregations")
    if ask.shard is not None and not {"sum", "max"} <= aggregations.keys():
        return Figures(problem="the answer lacks the sequence numbers that were asked for")
    total = _exact(aggregations, "sum")
    if total is not None and total >= _EXACT:
        return Figures(problem="the sum of sequence numbers is beyond what the engine computes exactly")
    return Figures(int(hits["value"]), total if hits["value"] else None, _exact(aggregations, "max"))


def _exact(aggregations: Json, name: str) -> int | None:
    value = child(aggregations, name).get("value")
    return None if value is None else int(value)


@dataclass(frozen=True)
class ShardStats:
    """A primary shard's own statistics; also told for closed indices.

    Args:
        documents: Lucene documents, nested ones included.
        max_seq_no: number of the last operation, deletes included; −1 when there was none.
    """

    documents: int
    max_seq_no: int


@documented
def shard_stats(domain: Domain, names: Sequence[str]) -> dict[str, dict[int, ShardStats]]:
    """Statistics of the primaries of these indices, open or closed: index → shard → figures."""
    found: dict[str, dict[int, ShardStats]] = {}
    for piece in path_pieces(names):
        reply = domain.connection.read_object(
            "GET",
            path_of(",".join(piece), "_stats", "docs"),
            level="shards",
            forbid_closed_indices="false",
            expand_wildcards="all",
            ignore_unavailable="true",
            filter_path="indices.*.shards.*.docs.count,indices.*.shards.*.seq_no.max_seq_no,indices.*.shards.*.routing.primary",
        )
        for index, entry in child(reply, "indices").items():
            found[index] = {
                int(number): ShardStats(int(copy["docs"]["count"]), int(copy["seq_no"]["max_seq_no"]))
                for number, copies in entry["shards"].items()
                for copy in copies
                if copy["routing"]["primary"] and "docs" in copy and "seq_no" in copy
            }
    return found


@documented
def closed_sizes(domain: Domain) -> dict[str, int]:
    """Bytes of the primaries of every closed index: lists of indices do not tell them. One request."""
    reply = domain.connection.read_object(
        "GET",
        "/_all/_stats/store",
        timeout_s=_TIMEOUT_S,
        forbid_closed_indices="false",
        expand_wildcards="closed",
        filter_path="indices.*.primaries.store.size_in_bytes",
    )
    found = child(reply, "indices").items()
    return {name: int(entry["primaries"]["store"]["size_in_bytes"]) for name, entry in found}
