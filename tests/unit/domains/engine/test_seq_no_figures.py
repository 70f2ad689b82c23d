"""Figures: either they can be relied on, or they come with a problem. There is nothing between.

The other side is a fake: a real engine does not give half answers on request.
"""

import json
from typing import Any

import pytest
from support.building import a_domain
from support.fake_domain import FakeDomain, Reply, engine_error, ok

from domains.engine.comparison.seq_no_figures import (
    BEYOND,
    FiguresQuery,
    SeqNoFigures,
    ShardStats,
    counts,
    figures_by_range,
    operations,
    shard_stats,
)
from domains.errors import DomainError, UnexpectedReply
from domains.versions import version_of

V3 = version_of("opensearch", "3.6.0")


def answer(
    count: int = 3, total: float | None = 30.0, maximum: float | None = 12.0, **changes: Any
) -> dict[str, Any]:
    """One good answer of `_msearch`."""
    return {
        "took": 1,
        "timed_out": False,
        "_shards": {"total": 1, "successful": 1, "skipped": 0, "failed": 0},
        "hits": {"total": {"value": count, "relation": "eq"}, "max_score": None, "hits": []},
        "aggregations": {"sum": {"value": total}, "max": {"value": maximum}},
        "status": 200,
        **changes,
    }


def told(fake: FakeDomain, *answers: Any) -> FakeDomain:
    return fake.on("POST /_msearch", ok({"took": 1, "responses": list(answers)}))


def asked_of(fake: FakeDomain, found: Any, shard: int | None = 0) -> SeqNoFigures:
    told(fake, found)
    query = FiguresQuery("a", shard)
    return operations(a_domain(fake), V3, [query])[query]


def test_a_good_answer_gives_its_figures(source: FakeDomain) -> None:
    assert asked_of(source, answer()) == SeqNoFigures(3, 30, 12)


def test_an_empty_shard_has_no_sum(source: FakeDomain) -> None:
    assert asked_of(source, answer(0, 0.0, None)) == SeqNoFigures(0, None, None)


def shards(**changes: int) -> dict[str, Any]:
    return {"_shards": {"total": 1, "successful": 1, "skipped": 0, "failed": 0, **changes}}


UNRELIABLE: dict[str, tuple[dict[str, Any], str]] = {
    "timed out": ({"timed_out": True}, "timed out"),
    "a shard failed": (shards(failed=1), "1 of 1 shards"),
    "a shard is silent": (shards(total=2), "1 of 2 shards"),
    "no shard at all": (shards(total=0, successful=0), "0 of 0 shards"),
    "two shards for one": (shards(total=2, successful=2), "2 answered"),
    "a lower bound": ({"hits": {"total": {"value": 10000, "relation": "gte"}}}, "lower bound"),
    "a sum is missing": ({"aggregations": {"max": {"value": 1.0}}}, "lacks the requested sequence numbers"),
    "an error": ({"error": {"type": "index_closed_exception", "reason": "closed"}, "status": 400}, "closed"),
    "an error in words": ({"error": "IndexClosed", "status": 400}, "IndexClosed"),
}


@pytest.mark.parametrize("name", UNRELIABLE)
def test_what_cannot_be_relied_on_is_a_problem_and_no_figure(source: FakeDomain, name: str) -> None:
    changes, said = UNRELIABLE[name]
    figures = asked_of(source, answer(**changes))
    assert said in figures.problem
    assert (figures.count, figures.sum, figures.maximum) == (0, None, None)


@pytest.mark.parametrize("total", [2.0**53, 1e300])
def test_a_sum_that_a_double_does_not_hold_is_no_sum(source: FakeDomain, total: float) -> None:
    assert asked_of(source, answer(3, total, 12.0)) == SeqNoFigures(3, None, 12, vague=True)
    assert asked_of(source, answer(3, 2.0**53 - 1, 12.0)) == SeqNoFigures(3, 2**53 - 1, 12)


@pytest.mark.parametrize("lacking", ["aggregations", "hits", "_shards"])
def test_an_answer_that_lacks_a_part_gives_no_figures(source: FakeDomain, lacking: str) -> None:
    found = answer()
    del found[lacking]
    try:
        assert asked_of(source, found).problem
    except UnexpectedReply:
        return  # the whole reply is refused: no figures either


def test_whole_indices_are_counted_over_all_their_shards(source: FakeDomain) -> None:
    told(source, answer(7, **shards(total=5, successful=5)), answer(1, **shards(total=5, successful=4)))
    found = counts(a_domain(source), V3, ["a", "b"])
    assert found["a"].count == 7
    assert not found["a"].problem
    assert found["b"].problem


@pytest.mark.parametrize("given", [0, 1, 3])
def test_another_number_of_answers_is_no_answer(source: FakeDomain, given: int) -> None:
    told(source, *[answer()] * given)
    with pytest.raises(UnexpectedReply, match=f"2 searches, {given} answers"):
        operations(a_domain(source), V3, [FiguresQuery("a", 0), FiguresQuery("a", 1)])


@pytest.mark.parametrize(
    "bad", [engine_error(400, "x", "y"), Reply(200, "<html/>", type="text/html"), ok([]), ok({"took": 1})]
)
def test_a_reply_that_is_none_is_an_error(source: FakeDomain, bad: Reply) -> None:
    source.on(".*", bad)
    with pytest.raises(DomainError):
        operations(a_domain(source), V3, [FiguresQuery("a", 0)])


def lines_of(fake: FakeDomain) -> list[dict[str, Any]]:
    return [json.loads(line) for asked in fake.requests for line in asked.body.decode().splitlines()]


def searching(fake: FakeDomain) -> FakeDomain:
    """Answers each search with its place in the request as the count."""

    def reply(asked: Any) -> Reply:
        number = len(asked.body.decode().splitlines()) // 2
        return ok({"responses": [answer(i) for i in range(number)]})

    return fake.on("POST /_msearch", reply)


def test_many_searches_go_in_pieces_and_keep_their_order(source: FakeDomain) -> None:
    searching(source)
    queries = [FiguresQuery(f"i{n}", n % 3) for n in range(1120)]
    found = operations(a_domain(source), V3, queries)
    assert [figures.count for figures in found.values()] == [*range(500), *range(500), *range(120)]
    assert list(found) == queries
    assert len(source.requests) == 3


@pytest.mark.parametrize(
    ("engine", "number", "primary", "pipeline"),
    [
        ("elasticsearch", "7.10.2", False, False),
        ("opensearch", "1.3.20", False, False),
        ("opensearch", "2.7.0", True, False),
        ("opensearch", "2.9.0", True, True),
        ("opensearch", "2.19.4", True, True),
        ("opensearch", "3.6.0", True, True),
    ],
)
def test_each_engine_is_asked_what_it_understands(
    source: FakeDomain, engine: Any, number: str, primary: bool, pipeline: bool
) -> None:
    searching(source)
    operations(a_domain(source), version_of(engine, number), [FiguresQuery("a", 2)])
    header, body = lines_of(source)
    assert header["preference"] == ("_shards:2|_primary" if primary else "_shards:2")
    assert header["ignore_unavailable"] is False
    assert ("search_pipeline" in body) is pipeline
    assert body["track_total_hits"] is True
    assert body["size"] == 0


# ranges


def bucket(count: int = 1, total: float = 5.0, maximum: float | None = 5.0) -> dict[str, Any]:
    return {"doc_count": count, "sum": {"value": total}, "max": {"value": maximum}}


def in_ranges(
    fake: FakeDomain, found: Any, edges: tuple[int, ...] = (0, 6, BEYOND)
) -> tuple[SeqNoFigures, ...]:
    told(fake, found)
    return figures_by_range(a_domain(fake), V3, [FiguresQuery("a", 0, edges)])[0]


def ranged(*buckets: Any, count: int = 3) -> dict[str, Any]:
    return answer(count, aggregations={"ranges": {"buckets": list(buckets)}})


def test_each_range_gives_its_figures(source: FakeDomain) -> None:
    found = in_ranges(source, ranged(bucket(), bucket(2, 17.0, 9.0)))
    assert found == (SeqNoFigures(1, 5, 5), SeqNoFigures(2, 17, 9))
    assert in_ranges(source, ranged(bucket(3, 6.0, 3.0), bucket(0, 0.0, None)))[1] == SeqNoFigures()


def test_ranges_that_reach_everywhere_are_of_all_documents(source: FakeDomain) -> None:
    in_ranges(source, ranged(bucket(3), bucket(0)))
    in_ranges(source, ranged(bucket(3), bucket(0)), (3, 6, 9))
    (_, whole), (_, part) = (map(json.loads, each.body.decode().splitlines()) for each in source.requests)
    assert whole["query"] == {"match_all": {}}
    assert part["query"] == {"range": {"_seq_no": {"gte": 3, "lt": 9}}}
    ranges = part["aggs"]["ranges"]["range"]["ranges"]
    assert [(each["from"], each["to"]) for each in ranges] == [(3, 6), (6, 9)]


def test_ranges_that_are_not_all_there_give_no_figures(source: FakeDomain) -> None:
    for bad in (
        ranged(bucket()),
        ranged(bucket(), bucket()),
        {**ranged(bucket(3), bucket(0)), "timed_out": True},
        ranged({"doc_count": 3}, bucket(0)),
    ):
        assert any(figures.problem for figures in in_ranges(source, bad))


# closed indices


def copy(primary: bool, count: int = 3, seq: int = 9, **changes: Any) -> dict[str, Any]:
    return {
        "routing": {"primary": primary},
        "docs": {"count": count},
        "seq_no": {"max_seq_no": seq},
        **changes,
    }


def test_closed_indices_tell_their_primaries_figures(source: FakeDomain) -> None:
    shards_of_a = {"0": [copy(True), copy(False, 99)], "1": [copy(False, 99), copy(True, 4, -1)]}
    source.on("GET /a,b/_stats/docs", ok({"indices": {"a": {"shards": shards_of_a}, "b": {"shards": {}}}}))
    found = shard_stats(a_domain(source), ["a", "b"])
    assert found == {"a": {0: ShardStats(3, 9), 1: ShardStats(4, -1)}, "b": {}}
    assert source.requests[0].query["forbid_closed_indices"] == "false"


def test_a_shard_without_figures_is_absent(source: FakeDomain) -> None:
    half = {"0": [{"routing": {"primary": True}, "docs": {"count": 1}}], "1": [copy(True)]}
    source.on("GET /a/_stats/docs", ok({"indices": {"a": {"shards": half}}}))
    assert shard_stats(a_domain(source), ["a"]) == {"a": {1: ShardStats(3, 9)}}


def test_an_index_that_is_gone_is_absent(source: FakeDomain) -> None:
    source.on("GET /a/_stats/docs", ok({}))
    assert shard_stats(a_domain(source), ["a"]) == {}
