"""One search on both sides: what is the same passes, what is not is named, unknown is no success."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from support.building import a_domain
from support.fake_domain import FakeDomain, ReceivedRequest, engine_error, ok

from configs.verify import QueryConditions
from domains.engine.comparison import searches
from domains.errors import DomainError
from tasks.queries.comparing import BEYOND, ComparedSearch, compare_search
from tasks.queries.recorded import RecordedQuery
from tasks.queries.sides import sides_of
from tasks.records.queries import QueryResult
from tasks.records.resolution import SelectedIndex

INDEX = SelectedIndex(
    name="orders",
    target="moved-orders",
    uuid="",
    open=True,
    shards=1,
    replicas=0,
    bytes=0,
    documents=0,
    created="",
)
NAMES = {"source": "orders", "target": "moved-orders"}
FOX = {"query": {"match": {"title": "fox"}}}


def answer(
    side: str, *scores: tuple[str, float | list[Any]], total: Any = None, **parts: Any
) -> dict[str, Any]:
    """One answer of `_msearch`, with these hits."""
    hits: list[dict[str, Any]] = []
    for id_, by in scores:
        sort = {"sort": by, "_score": None} if isinstance(by, list) else {"_score": by}
        hits.append({"_index": NAMES[side], "_id": id_, **sort})
    count = {"value": len(hits), "relation": "eq"} if total is None else total
    shards = {"total": 1, "successful": 1, "failed": 0}
    found = {"took": 3, "timed_out": False, "_shards": shards, "hits": {"total": count, "hits": hits}}
    return {**found, **parts}


@pytest.fixture
def compared(source: FakeDomain, target: FakeDomain) -> Callable[..., ComparedSearch]:
    """Compare a search with these answers."""

    def comparing(left: Any, right: Any, body: Any = None, **conditions: Any) -> ComparedSearch:
        for side, said in ((source, left), (target, right)):
            side.on("POST /_msearch", ok({"responses": [said]}) if isinstance(said, dict) else said)
        end = time.monotonic() + 30
        both = (each.without_retries(end) for each in (a_domain(source), a_domain(target, "target")))
        sides = sides_of(*both, [INDEX])
        query = RecordedQuery("line 1", "recorded", ("orders",), FOX if body is None else body)
        wanted = QueryConditions.model_validate(conditions)
        return compare_search(sides, query, [INDEX], wanted, 10_000)

    return comparing


def result(found: ComparedSearch) -> QueryResult:
    """Its result."""
    return found.result


def asked(request: ReceivedRequest) -> tuple[Any, Any]:
    """Header and body of a request with one search."""
    head, body = request.body.decode().splitlines()
    return json.loads(head), json.loads(body)


def test_equal_answers_are_equal_under_other_names(compared: Any, target: FakeDomain) -> None:
    hits = (("a", 3.0), ("b", 2.0))
    found = result(compared(answer("source", *hits), answer("target", *hits)))
    assert (found.outcome, found.overlap, found.rbo, found.changes) == ("equal", 1, 1, ())
    recorded, ranked = map(asked, target.requests)
    assert recorded[0] == ranked[0] and recorded[0]["index"] == ["moved-orders"]
    assert recorded[0]["preference"] == "snapferry" and recorded[0]["request_cache"] is False
    assert recorded[1] == FOX, "the search as it was recorded comes first"
    assert ranked[1] == {**FOX, "size": 10 + BEYOND, "_source": False}


def test_an_order_inside_of_a_tie_is_no_difference(compared: Any) -> None:
    left = answer("source", ("a", 3.0), ("b", 2.0), ("c", 2.0))
    right = answer("target", ("a", 3.0), ("c", 2.0), ("b", 2.0))
    assert result(compared(left, right, rbo=1.0, overlap=1.0)).outcome == "equal"
    by_doc = {**FOX, "sort": ["_doc"]}
    left, right = answer("source", ("a", [1]), ("b", [2])), answer("target", ("b", [7]), ("a", [9]))
    assert result(compared(left, right, by_doc, rbo=1.0)).outcome == "equal", "_doc is no order of documents"


def test_what_moves_is_named_and_fails_only_below_the_conditions(compared: Any) -> None:
    left = answer("source", ("a", 3.0), ("b", 2.0), ("c", 1.0))
    right = answer("target", ("b", 3.5), ("a", 3.0), ("d", 1.0))
    found = result(compared(left, right))
    assert found.outcome == "different" and found.overlap == pytest.approx(2 / 3, abs=1e-3)
    kinds = {each.id: (each.kind, each.source_rank, each.target_rank) for each in found.changes}
    assert kinds == {
        "a": ("moved", 1, 2),
        "b": ("moved", 2, 1),
        "c": ("lost", 3, None),
        "d": ("gained", None, 3),
    }
    assert {each.index for each in found.changes} == {"orders"}
    assert found.score_difference == pytest.approx(0.429)
    assert result(compared(left, right, overlap=0.6, rbo=0.2)).outcome == "equal"


def test_field_values_are_compared_instead_of_scores_where_a_search_is_sorted(compared: Any) -> None:
    body = {**FOX, "sort": [{"n": "desc"}]}
    left, right = answer("source", ("a", [9]), ("b", [8])), answer("target", ("b", [9]), ("a", [8]))
    found = compared(left, right, body)
    assert result(found).outcome == "different" and not found.ranked_by_score
    assert result(found).score_difference is None


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ({"value": 7, "relation": "eq"}, {"value": 7, "relation": "eq"}, True),
        ({"value": 7, "relation": "eq"}, {"value": 8, "relation": "eq"}, False),
        ({"value": 10000, "relation": "gte"}, {"value": 10003, "relation": "gte"}, True),
        ({"value": 10000, "relation": "gte"}, {"value": 9000, "relation": "eq"}, False),
        ({"value": 12000, "relation": "eq"}, {"value": 10000, "relation": "gte"}, True),
        (7, {"value": 7, "relation": "eq"}, True),
    ],
)
def test_totals_differ_where_they_cannot_be_of_the_same_hits(
    compared: Any, left: Any, right: Any, same: bool
) -> None:
    hit = ("a", 1.0)
    found = result(compared(answer("source", hit, total=left), answer("target", hit, total=right)))
    assert (found.outcome, found.parts) == (("equal", ()) if same else ("different", ("total hits",)))


def test_aggregations_and_suggestions_are_compared_without_ranks(compared: Any, target: FakeDomain) -> None:
    body = {"size": 0, "aggs": {"n": {"sum": {"field": "n"}}}}
    left = answer("source", aggregations={"n": {"value": 0.1 + 0.2}}, suggest={"s": [{"text": "a"}]})
    same = answer("target", aggregations={"n": {"value": 0.3}}, suggest={"s": [{"text": "a"}]})
    found = result(compared(left, same, body))
    assert (found.outcome, found.overlap, found.rbo) == ("equal", None, None)
    assert asked(target.requests[-1])[1]["size"] == 0
    other = answer("target", aggregations={"n": {"value": 1.0}}, suggest={"s": [{"text": "b"}]})
    assert result(compared(left, other, body)).parts == ("aggregations", "suggestions")


def test_documents_in_aggregations_are_those_of_the_source(compared: Any) -> None:
    def of(side: str) -> dict[str, Any]:
        top = {"hits": {"hits": [{"_index": NAMES[side], "_id": "a", "_score": 1.0}]}}
        return answer(side, aggregations={"best": top})

    assert result(compared(of("source"), of("target"), {"size": 0})).outcome == "equal"


def test_a_search_that_only_the_target_refuses_is_different_and_other_failures_are_not_compared(
    compared: Any,
) -> None:
    good = answer("source", ("a", 1.0))
    cause = {"type": "query_shard_exception", "reason": "no analyzer for [alice]"}
    error = {"type": "search_phase_execution_exception", "reason": "all failed", "root_cause": [cause]}
    refused = {"error": error, "status": 400}
    found = result(compared(good, refused))
    assert found.outcome == "different"
    assert found.problem == (
        "target: refused: search_phase_execution_exception, query_shard_exception (status 400)"
    )
    assert result(compared(refused, refused)).outcome == "not compared"
    partial = answer("target", ("a", 1.0), _shards={"total": 2, "successful": 1, "failed": 1})
    assert "1 of 2 shards answered" in result(compared(good, partial)).problem
    late = answer("target", ("a", 1.0), timed_out=True)
    assert result(compared(late, good)).outcome == "not compared"
    whole = result(compared(good, engine_error(400, "parsing_exception", "unknown query [alice]")))
    assert "HTTP 400 parsing_exception" in whole.problem and "alice" not in whole.problem
    denied = result(compared(engine_error(403, "security_exception", "no permissions"), good))
    assert denied.outcome == "not compared" and "no permissions" in denied.problem


def test_a_domain_that_does_not_answer_is_no_difference(compared: Any) -> None:
    with pytest.raises(DomainError):
        compared(answer("source"), engine_error(503, "cluster_block_exception", "no master"))


def test_a_tie_longer_than_what_is_fetched_is_told_and_not_judged(compared: Any) -> None:
    left = answer("source", *((f"a{n}", 1.0) for n in range(10 + BEYOND)))
    right = answer("target", *((f"b{n}", 1.0) for n in range(10 + BEYOND)))
    found = result(compared(left, right))
    assert found.outcome == "equal" and "all of its first documents tie" in found.notes[0]
    assert (found.overlap, found.rbo, found.unranked) == (None, None, True)
    assert not found.says_nothing, "the exact number of hits is the same"
    bound = {"total": {"value": 10000, "relation": "gte"}}
    left["hits"] |= bound
    right["hits"] |= bound
    assert result(compared(left, right)).says_nothing


@pytest.mark.parametrize(
    ("body", "parts", "says_nothing"),
    [
        (FOX, {}, True),
        (FOX, {"aggregations": {"n": {"value": 0.0}, "top": {"buckets": []}, "max": {"value": None}}}, True),
        (FOX, {"suggest": {"s": [{"text": "fxo", "offset": 0, "length": 3, "options": []}]}}, True),
        (FOX, {"suggest": {"s": [{"text": "fxo", "length": 3, "options": [{"text": "fox"}]}]}}, False),
        (FOX, {"aggregations": {"n": {"value": 4.0}}}, False),
        ({"size": 0}, {"total": 7}, False),
        ({"size": 0}, {"total": {"value": 10000, "relation": "gte"}}, True),
    ],
)
def test_a_search_without_anything_that_could_differ_says_nothing(
    compared: Any, body: Any, parts: Any, says_nothing: bool
) -> None:
    found = result(compared(answer("source", **parts), answer("target", **parts), body))
    assert (found.outcome, found.says_nothing, found.overlap) == ("equal", says_nothing, None)
    assert found.unranked == (body is FOX)
    assert any("it says nothing" in note for note in found.notes) == says_nothing


BUSY: dict[str, Any] = {
    "a full queue": {"error": {"type": "es_rejected_execution_exception"}, "status": 429},
    "no copy of a shard": {"error": {"type": "search_phase_execution_exception"}, "status": 503},
    "a shard that fails once": answer(
        "target",
        _shards={
            "total": 2,
            "successful": 1,
            "failed": 1,
            "failures": [{"reason": {"type": "node_disconnected_exception"}}],
        },
    ),
    "a slow shard": answer("target", ("a", 1.0), timed_out=True),
}


@pytest.mark.parametrize("problem", BUSY.values(), ids=BUSY.keys())
def test_a_problem_that_passes_is_asked_about_again(
    source: FakeDomain, target: FakeDomain, problem: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searches, "PAUSES_S", (0.01, 0.01, 0.01))
    good = answer("target", ("a", 1.0))
    target.on("POST /_msearch", *(ok({"responses": [each]}) for each in (problem, problem, good)))
    found = search_with_retries(source, target)
    assert (found.outcome, len(target.requests)) == ("equal", 4), (
        "two repetitions, then the one for its ranks"
    )

    target.on("POST /_msearch", ok({"responses": [problem]}))
    before = len(target.requests)
    found = search_with_retries(source, target)
    assert (found.outcome, len(target.requests) - before) == ("not compared", 4), "busy is no difference"


def test_a_refusal_is_not_asked_about_again_and_no_pause_goes_beyond_the_end(
    source: FakeDomain, target: FakeDomain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searches, "PAUSES_S", (60.0,))
    shards = {"total": 2, "successful": 1, "failed": 1}
    failures = [{"reason": {"type": "query_shard_exception", "reason": "alice"}}]
    lasting = answer("target", _shards={**shards, "failures": failures})
    target.on("POST /_msearch", ok({"responses": [lasting]}))
    found = search_with_retries(source, target)
    assert found.problem == "target: 1 of 2 shards answered: query_shard_exception"
    assert (found.outcome, len(target.requests)) == ("different", 1)

    target.on("POST /_msearch", ok({"responses": [BUSY["a full queue"]]}))
    before, began = len(target.requests), time.monotonic()
    found = search_with_retries(source, target, seconds=30)
    assert (found.outcome, len(target.requests) - before) == ("not compared", 1)
    assert time.monotonic() - began < 30


def search_with_retries(source: FakeDomain, target: FakeDomain, seconds: float = 30) -> QueryResult:
    """One search, between domains that repeat what they read; the source answers well."""
    source.on("POST /_msearch", ok({"responses": [answer("source", ("a", 1.0))]}))
    end = time.monotonic() + seconds
    sides = sides_of(a_domain(source).ending_at(end), a_domain(target, "target").ending_at(end), [INDEX])
    query = RecordedQuery("line 1", "recorded", ("orders",), FOX)
    return compare_search(sides, query, [INDEX], QueryConditions(), 10_000).result
