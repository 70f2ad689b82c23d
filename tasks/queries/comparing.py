"""Run one recorded search on both sides, and say in what the answers differ. Reads only."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from configs.verify import QueryConditions
from domains.engine.comparison.searches import Hit, SearchAnswer
from domains.http.json_replies import Json, is_object
from tasks.queries.ranking.changes import Document, changes, score_difference
from tasks.queries.ranking.likeness import Likeness, likeness
from tasks.queries.ranking.ties import Key, Ranking, ranking
from tasks.queries.recorded import RecordedQuery
from tasks.queries.saying import says_something
from tasks.queries.sides import SearchedSide, SearchedSides
from tasks.records.queries import QueryOutcome, QueryResult, RankChange
from tasks.records.resolution import SelectedIndex
from tasks.verification.queries import same_values

BEYOND = 50
"""Hits that are fetched beyond the compared ranks, so that a tie that these cut can be seen to its end."""
CHANGES = 20
"""Documents that a result names, at most."""
_ENGINES_SIZE = 10
_NOT_COMPARED = {"docvalue_fields", "fields", "highlight", "script_fields", "stored_fields"}
_UNORDERED = {"_doc", "_shard_doc"}
NOTHING = "it says nothing: there is no rank, no exact total and no aggregation that could differ"
APPROXIMATE = "its terms aggregation is approximate: each shard gives only its largest buckets"


@dataclass(frozen=True)
class ComparedSearch:
    """One search, compared.

    Args:
        indices: those that it was run on.
        ranked_by_score: whether scores decide its ranks.
        changes: every document that is not where it was.
    """

    query: RecordedQuery
    indices: tuple[SelectedIndex, ...]
    result: QueryResult
    ranked_by_score: bool = False
    changes: tuple[RankChange, ...] = ()

    def with_result(self, **values: object) -> "ComparedSearch":
        """The same with other values in its result."""
        return replace(self, result=self.result.model_copy(update=values))


def compare_search(
    sides: SearchedSides,
    query: RecordedQuery,
    indices: Sequence[SelectedIndex],
    conditions: QueryConditions,
    window: int,
) -> ComparedSearch:
    """Run the search as recorded on both sides, then for its ranks, one side right after the other.

    The first run also warms both sides. Only the second one is compared.

    Args:
        indices: at least one.
        window: hits that each of them lets a search return.

    Raises:
        DomainError: transient errors only.
    """
    recorded = [side.run(indices, query.header, query.body) for side in (sides.source, sides.target)]
    broken = _broken(query, *recorded)
    if broken:
        return ComparedSearch(query, tuple(indices), broken)
    depth, body = _for_ranks(query.body, conditions.top, window)
    source, target = (side.run(indices, query.header, body) for side in (sides.source, sides.target))
    broken = _broken(query, source, target)
    if broken:
        return ComparedSearch(query, tuple(indices), broken)
    return _compared(sides, query, tuple(indices), conditions, (source, target), depth, body)


def _for_ranks(body: Json, top: int, window: int) -> tuple[int, Json]:
    """How many ranks are compared, and the search that fetches them and a little more, without contents."""
    size = _whole(body.get("size"), _ENGINES_SIZE)
    start = _whole(body.get("from"), 0)
    depth = min(size, top)
    fetched = min(depth + BEYOND, max(depth, window - start)) if depth else 0
    kept = {key: value for key, value in body.items() if key not in _NOT_COMPARED}
    return depth, {**kept, "size": fetched, "_source": False}


def _whole(value: object, usual: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else usual


def _broken(query: RecordedQuery, source: SearchAnswer, target: SearchAnswer) -> QueryResult | None:
    """The result of a search that a side does not answer in full; None where both do."""
    if not source.problem and not target.problem:
        return None
    problem = "; ".join(
        f"{side}: {each.problem}" for side, each in (("source", source), ("target", target)) if each.problem
    )
    only_target = target.problem and not source.problem and not target.passes
    return _result(query, "different" if only_target else "not compared", problem=problem)


def _result(query: RecordedQuery, outcome: QueryOutcome, **values: object) -> QueryResult:
    said = {"place": query.place, "index": ",".join(query.index) or "*", "seen": query.seen}
    return QueryResult.model_validate({"notes": query.notes, **said, "outcome": outcome, **values})


def _compared(
    sides: SearchedSides,
    query: RecordedQuery,
    indices: tuple[SelectedIndex, ...],
    conditions: QueryConditions,
    answers: tuple[SearchAnswer, SearchAnswer],
    depth: int,
    body: Json,
) -> ComparedSearch:
    both = (sides.source, sides.target)
    fetched = _whole(body["size"], 0)
    source, target = (_ranking(side, each, fetched, body) for side, each in zip(both, answers, strict=True))
    found = likeness(source, target, depth)
    scores = tuple(_scores(side, each) for side, each in zip(both, answers, strict=True))
    moved = changes(source, target, found.depth, (scores[0], scores[1])) if depth else []
    parts = tuple(_other_parts(sides, *answers))
    alike = found.overlap >= conditions.overlap and found.rbo >= conditions.rbo
    same = (alike or not depth) and not parts
    says_nothing = same and not found.depth and not any(map(says_something, answers))
    notes = (*query.notes, *_notes(found, answers), *([NOTHING] if says_nothing else []))
    result = _result(
        query,
        "equal" if same else "different",
        unranked=same and depth > 0 and not found.depth,
        says_nothing=says_nothing,
        overlap=round(found.overlap, 4) if found.depth else None,
        rbo=round(found.rbo, 4) if found.depth else None,
        source_total=_total(answers[0]),
        target_total=_total(answers[1]),
        changes=tuple(moved[:CHANGES]),
        more=max(0, len(moved) - CHANGES),
        score_difference=_rounded(score_difference(*scores)),
        parts=parts,
        notes=notes,
    )
    return ComparedSearch(query, indices, result, _is_by_score(body), tuple(moved))


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.3g}")


def _ranking(side: SearchedSide, answer: SearchAnswer, fetched: int, body: Json) -> Ranking[Document]:
    found = [(side.document(hit), _key(hit, body)) for hit in answer.hits]
    return ranking(list(dict(found).items()), whole=len(answer.hits) < fetched)


def _key(hit: Hit, body: Json) -> Key:
    """What a hit is sorted by, without an order of the engine's own, which differs from copy to copy."""
    if not hit.sort:
        return (hit.score,)
    fields = _sort_fields(body)
    if len(fields) != len(hit.sort):
        return hit.sort
    return tuple(value for name, value in zip(fields, hit.sort, strict=True) if name not in _UNORDERED)


def _sort_fields(body: Json) -> list[str]:
    said: object = body.get("sort")
    listed = cast("list[object]", said) if isinstance(said, list) else [] if said is None else [said]
    found: list[str] = []
    for each in listed:
        found += list(each) if is_object(each) else [str(each)]
    return found


def _is_by_score(body: Json) -> bool:
    fields = _sort_fields(body)
    return not fields or fields[0] == "_score"


def _scores(side: SearchedSide, answer: SearchAnswer) -> Mapping[Document, float | None]:
    return {side.document(hit): hit.score for hit in answer.hits}


def _total(answer: SearchAnswer) -> str:
    if answer.total is None:
        return ""
    return str(answer.total) if answer.exact else f"at least {answer.total}"


def _other_parts(sides: SearchedSides, source: SearchAnswer, target: SearchAnswer) -> Iterator[str]:
    if not _same_total(source, target):
        yield "total hits"
    if not same_values(_named(source.aggregations, sides.source), _named(target.aggregations, sides.target)):
        yield "aggregations"
    if not same_values(source.suggest, target.suggest):
        yield "suggestions"


def _same_total(source: SearchAnswer, target: SearchAnswer) -> bool:
    """Whether both totals may be of the same hits: a lower bound depends on where a side stopped counting."""
    if source.total is None or target.total is None:
        return source.total is target.total
    if source.exact and target.exact:
        return source.total == target.total
    if source.exact != target.exact:
        exact, bound = (source, target) if source.exact else (target, source)
        return (exact.total or 0) >= (bound.total or 0)
    return True


def _named(value: object, side: SearchedSide) -> object:
    """Aggregations with the indices under their names on the source: `top_hits` holds documents."""
    on_source = {here: name for name, here in side.names.items()}
    if is_object(value):
        named = {key: _named(each, side) for key, each in value.items()}
        here = value.get("_index")
        return {**named, "_index": on_source.get(here, here)} if isinstance(here, str) else named
    if isinstance(value, list):
        return [_named(each, side) for each in cast("list[object]", value)]
    return value


def _notes(found: Likeness, answers: Sequence[SearchAnswer]) -> Iterator[str]:
    if found.undecided:
        yield (
            f"after rank {found.depth}, more documents tie than were fetched; which these are is chance"
            if found.depth
            else "all of its first documents tie, with more than were fetched; which these are is chance"
        )
    if any(_is_approximate(each.aggregations) for each in answers):
        yield APPROXIMATE


def _is_approximate(value: object) -> bool:
    if is_object(value):
        errs = value.get("doc_count_error_upper_bound", 0)
        return (isinstance(errs, int) and errs > 0) or any(map(_is_approximate, value.values()))
    return isinstance(value, list) and any(map(_is_approximate, cast("list[object]", value)))
