"""Sequence number figures: counts and sums that show whether two copies hold the same documents."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from domains.domain import Domain
from domains.engine.catalog import path_pieces
from domains.engine.comparison.msearch import header, no_pipeline, problem_of, run_searches
from domains.engine.every_index import read_every_index
from domains.http.documented import documented
from domains.http.json_replies import Json, child, children, whole
from domains.http.requests import path_of
from domains.versions import Version

_TIMEOUT_S = 120.0
EXACT = 2**53
"""Sums come as doubles: from here on they are not exact."""
BEYOND = EXACT
"""Above every sequence number."""
_EVERYTHING: Json = {"size": 0, "query": {"match_all": {}}, "track_total_hits": True}
_SUM_AND_MAXIMUM: Json = {"sum": {"sum": {"field": "_seq_no"}}, "max": {"max": {"field": "_seq_no"}}}


@dataclass(frozen=True)
class SeqNoFigures:
    """The figures of one index, one of its shards, or a range of a shard's operations.

    Args:
        count: live top-level documents.
        sum, maximum: of their sequence numbers; None at level counts, and without documents.
        vague: whether the sum exceeds the engine's exact range; the sum is None then.
        problem: why the figures are unreliable; empty when they are reliable.
    """

    count: int = 0
    sum: int | None = None
    maximum: int | None = None
    vague: bool = False
    problem: str = ""


@dataclass(frozen=True)
class FiguresQuery:
    """A search for figures of an index, or of one of its shards.

    Args:
        shard: None for the index as a whole.
        edges: bounds of adjacent ranges of sequence numbers, each excluding its upper edge; empty: no ranges.
        without: sequence numbers whose documents are left out.
    """

    index: str
    shard: int | None = None
    edges: tuple[int, ...] = ()
    without: tuple[int, ...] = ()


@documented
def counts(domain: Domain, version: Version, names: Sequence[str]) -> dict[str, SeqNoFigures]:
    """Count the live documents of each index; all shards must answer. Refresh first: searches lag behind."""
    body = _EVERYTHING | no_pipeline(version)
    answers = run_searches(domain, [(header(version, name), body) for name in names])
    return {name: _counted(answer, False) for name, answer in zip(names, answers, strict=True)}


@documented
def operations(
    domain: Domain, version: Version, queries: Sequence[FiguresQuery]
) -> dict[FiguresQuery, SeqNoFigures]:
    """Read count, sum and maximum of `_seq_no` of each shard's live documents, from its primary.

    Sequence numbers survive snapshot and restore, so equal figures mean that the same operations arrived.
    docs/verification.md explains what this proves and what it does not.
    """
    body = {"aggs": _SUM_AND_MAXIMUM} | no_pipeline(version)
    searches = [(header(version, q.index, q.shard), _without(_EVERYTHING, q.without) | body) for q in queries]
    answers = run_searches(domain, searches)
    return {query: _figures(answer) for query, answer in zip(queries, answers, strict=True)}


@documented
def figures_by_range(
    domain: Domain, version: Version, queries: Sequence[FiguresQuery]
) -> list[tuple[SeqNoFigures, ...]]:
    """Read the same figures for each range between a query's edges, one search a shard.

    Where the edges span 0 to `BEYOND`, a document outside all ranges is a problem.
    """
    searches = [
        (header(version, q.index, q.shard), _without(_spreading(q.edges), q.without) | no_pipeline(version))
        for q in queries
    ]
    answers = run_searches(domain, searches)
    return [_in_ranges(answer, len(query.edges) - 1) for query, answer in zip(queries, answers, strict=True)]


def _spreading(edges: tuple[int, ...]) -> Json:
    whole = edges[0] == 0 and edges[-1] == BEYOND
    within = {"range": {"_seq_no": {"gte": edges[0], "lt": edges[-1]}}}
    ranges = [{"from": low, "to": high} for low, high in pairwise(edges)]
    in_ranges = {"range": {"field": "_seq_no", "ranges": ranges}, "aggs": _SUM_AND_MAXIMUM}
    return _EVERYTHING | ({} if whole else {"query": within}) | {"aggs": {"ranges": in_ranges}}


def _without(body: Json, numbers: tuple[int, ...]) -> Json:
    """The same search without the documents of these numbers."""
    if not numbers:
        return body
    but = {"filter": [body["query"]], "must_not": [{"terms": {"_seq_no": list(numbers)}}]}
    return body | {"query": {"bool": but}}


def _in_ranges(answer: Json, number: int) -> tuple[SeqNoFigures, ...]:
    counted = _counted(answer, True)
    if counted.problem:
        return (counted,) * number
    buckets = children(child(answer, "aggregations", "ranges"), "buckets")
    found = tuple(_summed(whole(bucket["doc_count"]), bucket) for bucket in buckets)
    if len(found) != number:
        said = "the answer lacks the requested ranges of sequence numbers"
        return (SeqNoFigures(problem=said),) * number
    if sum(figures.count for figures in found) != counted.count:
        return (SeqNoFigures(problem="some documents have no sequence number"),) * number
    return found


def _figures(answer: Json) -> SeqNoFigures:
    counted = _counted(answer, True)
    return counted if counted.problem else _summed(counted.count, child(answer, "aggregations"))


def _counted(answer: Json, of_one_shard: bool) -> SeqNoFigures:
    problem = problem_of(answer, of_one_shard=of_one_shard)
    return SeqNoFigures(problem=problem) if problem else SeqNoFigures(whole(answer["hits"]["total"]["value"]))


def _summed(count: int, aggregations: Json) -> SeqNoFigures:
    if not {"sum", "max"} <= aggregations.keys():
        return SeqNoFigures(problem="the answer lacks the requested sequence numbers")
    total = _exact(aggregations, "sum")
    vague = total is not None and total >= EXACT
    return SeqNoFigures(
        count, total if count and not vague else None, _maximum(aggregations) if count else None, vague
    )


def _maximum(aggregations: Json) -> int | None:
    value = child(aggregations, "max").get("value")
    return None if value is None else whole(value)


def _exact(aggregations: Json, name: str) -> int | None:
    value: object = child(aggregations, name).get("value")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"expected a number, got {type(value).__name__}")
    return int(value)  # a sum may be beyond 64 bits: it is vague then


@dataclass(frozen=True)
class ShardStats:
    """A primary shard's own statistics, available for closed indices too.

    Args:
        documents: Lucene documents, nested ones included.
        max_seq_no: number of the last operation, deletes included; −1 before the first one.
    """

    documents: int
    max_seq_no: int


@documented
def shard_stats(domain: Domain, names: Sequence[str]) -> dict[str, dict[int, ShardStats]]:
    """Read the statistics of these indices' primaries, open or closed: index → shard → statistics."""
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
                whole(number): ShardStats(whole(copy["docs"]["count"]), whole(copy["seq_no"]["max_seq_no"]))
                for number, copies in entry["shards"].items()
                for copy in copies
                if copy["routing"]["primary"] and "docs" in copy and "seq_no" in copy
            }
    return found


@documented
def closed_sizes(domain: Domain) -> dict[str, int]:
    """Read the bytes of every closed index's primaries, which the catalog lacks. One request; reads only."""

    def read(every: str) -> Json:
        return domain.connection.read_object(
            "GET",
            path_of(every, "_stats", "store"),
            timeout_s=_TIMEOUT_S,
            forbid_closed_indices="false",
            expand_wildcards="all",  # hidden ones, too
            ignore_unavailable="true",
            filter_path="indices.*.primaries.store.size_in_bytes",
        )

    found = child(read_every_index(domain, read).reply, "indices").items()
    return {name: whole(entry["primaries"]["store"]["size_in_bytes"]) for name, entry in found}
