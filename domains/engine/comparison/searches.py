"""Run a search as a client would, and read its hits with what they are sorted by."""

import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from domains.domain import Domain
from domains.engine.catalog import path_pieces
from domains.engine.comparison.msearch import run_searches
from domains.engine.comparison.search_problems import search_problem
from domains.http.documented import documented
from domains.http.json_replies import Json, child, children, is_object, number, required_object, text, whole
from domains.http.requests import path_of

PREFERENCE = "snapferry"
"""The same on both sides and every time, so that the same copies of the shards answer."""
_TIMEOUT_S = 60.0
PAUSES_S = (0.5, 1.0, 2.0)
"""Seconds before each repetition of a search whose problem passes: a busy node, a shard that moves."""


@dataclass(frozen=True)
class Hit:
    """One hit.

    Args:
        score: None where the search is sorted by fields.
        sort: the values that it is sorted by; empty where that is the score.
        explanation: how the score came about, if it was asked for.
    """

    index: str
    id: str
    score: float | None
    sort: tuple[object, ...] = ()
    explanation: Json = field(default_factory=dict[str, object])


@dataclass(frozen=True)
class SearchAnswer:
    """What a domain answers to a search.

    Args:
        total: hits in all; None if it does not count them.
        exact: whether `total` is that number, or there are at least so many.
        problem: why the answer is not a whole one, without the engine's words; then all else is empty.
        passes: whether that problem may pass by itself.
    """

    took_ms: int = 0
    total: int | None = None
    exact: bool = True
    hits: tuple[Hit, ...] = ()
    aggregations: Json = field(default_factory=dict[str, object])
    suggest: Json = field(default_factory=dict[str, object])
    problem: str = ""
    passes: bool = False


@documented
def run_search(domain: Domain, names: Sequence[str], header: Json, body: Json) -> SearchAnswer:
    """Run one search on these indices, without the request cache. Reads only.

    A problem that may pass is asked about up to three times more, as far as the connection has time for it.

    Args:
        names: indices that must be there and open.
        header: what `_msearch` takes beside the indices, such as `routing`.
    """
    line: Json = {"ignore_unavailable": False, "expand_wildcards": "open", "request_cache": False}
    line |= {"preference": PREFERENCE, **header, "index": list(names)}
    for pause in PAUSES_S:
        found = _asked(domain, line, body)
        if not found.passes or not domain.connection.may_repeat_after(pause):
            return found
        time.sleep(pause)
        domain.connection.requests.add_repeat()
    return _asked(domain, line, body)


def _asked(domain: Domain, line: Json, body: Json) -> SearchAnswer:
    (found,) = run_searches(domain, [(line, body)], timeout_s=_TIMEOUT_S)
    problem = search_problem(found)
    if problem:
        return SearchAnswer(problem=problem.said, passes=problem.passes)
    total, exact = _total(found)
    return SearchAnswer(
        took_ms=number(found, "took"),
        total=total,
        exact=exact,
        hits=tuple(_hits(found)),
        aggregations=child(found, "aggregations"),
        suggest=child(found, "suggest"),
    )


@documented
def deleted_documents(domain: Domain, names: Collection[str]) -> dict[str, tuple[int, ...]]:
    """Count the documents of each open index that are deleted, or replaced, and not merged away. Reads only.

    Returns:
        For each index the number of each shard: that of the copy with the most, as each copy merges for
        itself and any of them may answer. Indices that are missing are left out.
    """
    found: dict[str, tuple[int, ...]] = {}
    for piece in path_pieces(names):
        reply = domain.connection.read_object(
            "GET",
            path_of(",".join(piece), "_stats", "docs"),
            timeout_s=_TIMEOUT_S,
            level="shards",
            ignore_unavailable="true",
            filter_path="indices.*.shards.*.docs.deleted",
        )
        for name, entry in child(reply, "indices").items():
            shards = child(required_object(entry), "shards")
            found[name] = tuple(
                max(number(child(copy, "docs"), "deleted") for copy in children(shards, shard))
                for shard in sorted(shards)
            )
    return found


def _hits(found: Json) -> Iterator[Hit]:
    for hit in children(child(found, "hits"), "hits"):
        score: Any = hit.get("_score")
        sort: object = hit.get("sort")
        yield Hit(
            index=text(hit["_index"]),
            id=text(hit["_id"]),
            score=None if score is None else float(score),
            sort=tuple(cast("list[object]", sort)) if isinstance(sort, list) else (),
            explanation=child(hit, "_explanation"),
        )


def _total(found: Json) -> tuple[int | None, bool]:
    """The number of hits; Elasticsearch 6 gives it alone, later engines with its relation."""
    said: object = child(found, "hits").get("total")
    if is_object(said):
        return whole(said["value"]), said.get("relation") == "eq"
    return (None, True) if said is None else (whole(said), True)
