"""Acceptance queries: answered on both sides, and nothing but a full answer is as it should be."""

import json
from typing import Any

import pytest
from support.building import a_domain, selected
from support.engine import FakeEngine
from support.fake_domain import FakeDomain, Reply, engine_error, html, ok

from configs.plan import VerifySettings
from domains.errors import DomainError
from tasks.records.verification import Finding, Verdict, VerificationRecord
from tasks.verification.comparison import Comparison
from tasks.verification.content.compare import content

ALL = {"match_all": {}}


def answer(count: int, aggregations: Any = None, **changes: Any) -> dict[str, Any]:
    """One answer of `_msearch`."""
    found = {"aggregations": aggregations} if aggregations is not None else {}
    hits = {"total": {"value": count, "relation": "eq"}}
    shards = {"total": 2, "successful": 2, "failed": 0}
    return {"timed_out": False, "_shards": shards, "hits": hits, **found, **changes}


@pytest.fixture
def sides(source: FakeDomain, target: FakeDomain) -> tuple[FakeDomain, FakeDomain]:
    """Two domains."""
    FakeEngine(source, "source")
    FakeEngine(target, "target")
    return source, target


def asked(sides: Any, query: dict[str, Any], *answers: Any, indices: Any = ()) -> Finding:
    """What one query comes to, with these answers of the source and the target."""
    for side, said in zip(sides, answers, strict=False):
        side.on("POST /_msearch", said if isinstance(said, Reply) else ok({"responses": [said]}))
    entry = {"index": "orders", "query": ALL, **query}
    settings = VerifySettings.model_validate({"level": "counts", "queries": [entry]})
    source, target = a_domain(sides[0]), a_domain(sides[1], "target")
    (found,) = content(Comparison(source, target, tuple(indices), settings)).general
    assert (found.what, found.place) == ("query", entry["index"])
    return found


@pytest.mark.parametrize(
    ("expect", "count", "outcome"),
    [
        (5, 5, "equal"),
        (5, 4, "different"),
        (0, 0, "equal"),
        ({"min": 3}, 3, "equal"),
        ({"min": 3}, 2, "different"),
        ({"max": 3}, 4, "different"),
        ({"min": 3, "max": 5}, 5, "equal"),
        ({"min": 3, "max": 5}, 6, "different"),
    ],
)
def test_a_number_is_expected_of_the_target(sides: Any, expect: Any, count: int, outcome: str) -> None:
    assert asked(sides, {"expect": expect}, answer(99), answer(count)).outcome == outcome


def test_what_is_expected_is_told_beside_what_is_found(sides: Any) -> None:
    found = asked(sides, {"expect": {"min": 3, "max": 5}}, answer(4), answer(2))
    assert (
        found.detail == "it finds 2 documents on the target (4 on the source), not at least 3 and at most 5"
    )


@pytest.mark.parametrize(
    ("left", "right", "outcome"),
    [
        (answer(3), answer(3), "equal"),
        (answer(3), answer(4), "different"),
        (answer(3, {"a": {"value": 1.5}}), answer(3, {"a": {"value": 1.5}}), "equal"),
        (answer(3, {"a": {"value": 0.1 + 0.2}}), answer(3, {"a": {"value": 0.3}}), "equal"),
        (answer(3, {"a": {"value": 1.5}}), answer(3, {"a": {"value": 1.5001}}), "different"),
        (answer(3, {"a": {"value": None}}), answer(3, {"a": {"value": 0.0}}), "different"),
        (answer(3, {"a": {"buckets": [1]}}), answer(3, {"a": {"buckets": [1, 2]}}), "different"),
        (answer(3, {"a": {}}), answer(3, {"b": {}}), "different"),
    ],
)
def test_both_sides_answer_alike(sides: Any, left: Any, right: Any, outcome: str) -> None:
    query = {"equal": True, "aggs": {"a": {"sum": {"field": "n"}}}}
    assert asked(sides, query, left, right).outcome == outcome


@pytest.mark.parametrize(
    "bad",
    [
        answer(3, timed_out=True),
        answer(3, _shards={"total": 2, "successful": 1, "failed": 1}),
        answer(3, hits={"total": {"value": 3, "relation": "gte"}}),
        {"error": {"type": "index_not_found_exception", "reason": "no such index [orders]"}},
        engine_error(400, "parsing_exception", "unknown query [x]"),
        engine_error(403, "security_exception", "no permissions"),
        Reply(200, "[]"),
        ok({"responses": []}),
    ],
)
@pytest.mark.parametrize("side", [0, 1])
def test_half_an_answer_is_not_taken_for_one(sides: Any, bad: Any, side: int) -> None:
    answers: list[Any] = [answer(3), answer(3)]
    answers[side] = bad
    found = asked(sides, {"equal": True}, *answers)
    assert found.outcome == "not compared"
    assert found.detail.startswith(("source: ", "target: ")[side])
    assert not found.detail.startswith(("source: source", "target: target"))


def test_what_the_source_cannot_answer_does_not_matter_where_only_the_target_is_asked(sides: Any) -> None:
    bad = {"error": {"type": "index_not_found_exception", "reason": "no such index [orders]"}}
    assert asked(sides, {"expect": 3}, bad, answer(3)).outcome == "equal"
    assert asked(sides, {"expect": 3}, answer(3), bad).outcome == "not compared"


def test_what_passes_by_itself_is_an_error(sides: Any, clock: Any) -> None:
    with pytest.raises(DomainError):
        asked(sides, {"expect": 3}, answer(3), html(503))


def header_and_body(side: FakeDomain) -> tuple[dict[str, Any], dict[str, Any]]:
    (request,) = side.asked("POST /_msearch")
    header, body = map(json.loads, request.body.splitlines())
    return header, body


def test_a_query_is_asked_as_it_is_without_search_pipelines(sides: Any) -> None:
    aggregations = {"a": {"max": {"field": "n"}}}
    asked(sides, {"index": "ord*", "equal": True, "aggs": aggregations}, answer(1), answer(1))
    for side in sides:
        header, body = header_and_body(side)
        assert header["index"] == ["ord*"]
        assert (body["query"], body["aggs"], body["size"]) == (ALL, aggregations, 0)
        assert (body["search_pipeline"], body["track_total_hits"]) == ({}, True)


def test_indices_that_were_renamed_are_asked_under_their_names_on_the_target(sides: Any) -> None:
    moved = [selected("orders-1", target="x-orders-1"), selected("orders-2"), selected("people")]
    asked(sides, {"index": "orders-*", "expect": 1}, answer(1), answer(1), indices=moved)
    assert [header_and_body(side)[0]["index"] for side in sides] == [
        ["orders-1", "orders-2"],
        ["x-orders-1", "orders-2"],
    ]


def test_a_query_that_is_not_answered_as_it_should_be_fails_the_verification() -> None:
    verdict = Verdict(source="a", target="a", outcome="equal", source_count=1, target_count=1)
    common = {"level": "counts", "verdicts": (verdict,), "skipped": (), "at": "2026-01-01T00:00:00Z"}
    for outcome, passes in (("equal", True), ("different", False), ("not compared", False)):
        query = {"what": "query", "outcome": outcome}
        assert VerificationRecord.model_validate({**common, "general": (query,)}).passed is passes
        template = {"what": "template", "outcome": outcome}
        assert VerificationRecord.model_validate({**common, "general": (template,)}).passed
