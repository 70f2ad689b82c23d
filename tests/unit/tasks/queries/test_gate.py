"""The gate as a whole: what its searches run on, what it comes to, and nothing compared is no success."""

import json
from pathlib import Path
from typing import Any

import pytest
from support.building import a_catalog, a_domain, a_plan, an_index, selected
from support.engine import FakeEngine, FakeIndex
from support.fake_domain import FakeDomain, ReceivedRequest, Reply, ok

from configs.loading.loader import load_plan
from configs.verify import QueriesSettings, QueryConditions
from tasks.queries.gate import QueryGate, compare_file, compare_queries
from tasks.queries.in_verification import problem_of_file
from tasks.queries.latency import latency, p95
from tasks.queries.names import Scope
from tasks.queries.sources.read import read_queries
from tasks.records.queries import Cause, QueryComparison

CATALOG = a_catalog(
    an_index("orders-1", aliases=("orders",)),
    an_index("orders-2", aliases=("orders",)),
    an_index("people"),
    an_index("old", open=False),
    an_index(".hidden"),
    streams={"logs": [".ds-logs-000001"]},
)
SCOPE = Scope(
    (selected("orders-1", target="r-orders-1"), selected("people"), selected(".ds-logs-000001")), CATALOG
)


@pytest.mark.parametrize(
    ("expressions", "names", "others"),
    [
        (["people"], ["people"], 0),
        (["orders"], ["orders-1"], 1),
        (["orders-*"], ["orders-1"], 1),
        (["*", "-orders*"], ["people", ".ds-logs-000001"], 0),
        (["logs"], [".ds-logs-000001"], 0),
        ([], ["orders-1", "people", ".ds-logs-000001"], 1),
        (["_all", "-people"], ["orders-1", ".ds-logs-000001"], 1),
        (["gone"], [], 0),
        (["old"], [], 0),
        ([".hidden"], [], 1),
    ],
)
def test_an_expression_means_what_it_means_to_the_source(
    expressions: list[str], names: list[str], others: int
) -> None:
    found, rest = SCOPE.meant(expressions)
    assert ({index.name for index in found}, rest) == (set(names), others)


def replies(scores: dict[str, list[tuple[str, float]]], explained: dict[str, Any] | None = None) -> Any:
    """Answers of `_msearch` by index; explanations where the search asks for them."""

    def reply(request: ReceivedRequest) -> Reply:
        head, body = map(json.loads, request.body.decode().splitlines())
        (name,) = head["index"]
        hits = [{"_index": name, "_id": each, "_score": score} for each, score in scores[name]]
        if body.get("explain"):
            hits = [{**hit, "_explanation": (explained or {})[hit["_id"]]} for hit in hits]
        total = {"value": len(hits), "relation": "eq"}
        shards = {"total": 1, "successful": 1, "failed": 0}
        found = {"took": 4, "timed_out": False, "_shards": shards, "hits": {"total": total, "hits": hits}}
        return ok({"responses": [found]})

    return reply


def explanation(count: int) -> dict[str, Any]:
    """One whose statistics count so many documents."""
    name = "N, total number of documents with field"
    return {
        "value": 1.0,
        "description": "weight(a:b in 3)",
        "details": [{"value": count, "description": name}],
    }


class Gate:
    """A gate between two fake domains, for one index."""

    def __init__(self, source: FakeDomain, target: FakeDomain, folder: Path) -> None:
        self.domains = {"source": source, "target": target}
        for side, domain in self.domains.items():
            FakeEngine(domain, side, FakeIndex("orders"), FakeIndex("people"))
        self.file = folder / "searches.ndjson"
        self.searched("orders")

    def searched(self, *names: str) -> None:
        """Record a search for each of these indices."""
        lines = ({"index": name, "body": {"query": {"match_all": {}}}} for name in names)
        self.file.write_text("\n".join(map(json.dumps, lines)))

    def answers(self, side: str, *hits: tuple[str, float], counted: int = 10, deleted: int = 0) -> None:
        """What a side finds in `orders`."""
        explained = {id_: explanation(counted) for id_, _ in hits}
        domain = self.domains[side]
        domain.on("POST /_msearch", replies({"orders": list(hits)}, explained))
        shards = {"0": [{"docs": {"deleted": deleted}}]}
        stats = {"indices": {"orders": {"shards": shards}}}
        domain.on("GET /orders/_stats/docs", ok(stats))
        made = {"mappings": {}, "settings": {"index.number_of_shards": "1"}, "aliases": {}}
        domain.on("GET /orders", ok({"orders": made}))

    def made(self, timing: Any = "judged", **conditions: Any) -> QueryGate:
        """The gate."""
        source, target = a_domain(self.domains["source"]), a_domain(self.domains["target"], "target")
        wanted = QueryConditions.model_validate(conditions)
        return QueryGate(source, target, (selected("orders"),), wanted, timing)

    def run(self, timing: Any = "judged", **conditions: Any) -> QueryComparison:
        """Run it."""
        return compare_queries(self.made(timing, **conditions), read_queries(self.file))


@pytest.fixture
def gate(source: FakeDomain, target: FakeDomain, tmp_path: Path) -> Gate:
    """A gate whose sides agree."""
    made = Gate(source, target, tmp_path)
    for side in ("source", "target"):
        made.answers(side, ("a", 3.0), ("b", 2.0))
    return made


def test_what_is_alike_passes_and_what_does_not_move_is_no_part_of_it(gate: Gate) -> None:
    gate.searched("orders", "people")
    found = gate.run()
    assert found.passed and found.counts == {"equal": 1} and found.not_moving == 1


def test_nothing_compared_is_no_success(gate: Gate) -> None:
    gate.searched("people")
    found = gate.run()
    assert not found.passed and "none of the recorded searches" in found.problem
    assert not QueryComparison(read=None, top=10, least_overlap=0.9, least_rbo=0.95).passed


@pytest.mark.parametrize(
    ("counted", "deleted", "outcome", "cause"),
    [
        (14, 4, "explained", Cause.DELETED),
        (14, 3, "different", Cause.UNKNOWN),
        (14, 0, "different", Cause.UNKNOWN),
        (10, 4, "different", Cause.UNKNOWN),
    ],
)
def test_deleted_documents_are_believed_as_far_as_they_go(
    gate: Gate, counted: int, deleted: int, outcome: str, cause: Cause
) -> None:
    gate.answers("target", ("b", 3.0), ("a", 2.0), counted=counted, deleted=deleted)
    found = gate.run()
    (result,) = found.results
    assert (result.outcome, result.causes) == (outcome, (cause,))
    assert found.passed == (outcome == "explained")


def test_deleted_documents_are_those_of_one_copy_of_a_shard_of_the_index(gate: Gate) -> None:
    copies = [{"docs": {"deleted": 2}}, {"docs": {"deleted": 3}}]
    for side, shards in {"source": {"0": copies}, "target": {"0": copies, "1": copies}}.items():
        gate.answers(side, ("b", 3.0), ("a", 2.0), counted=10)
        gate.domains[side].on("GET /orders/_stats/docs", ok({"indices": {"orders": {"shards": shards}}}))
    scores = [("a", 3.0), ("b", 2.0)]
    for counted, outcome in ((13, "explained"), (14, "different")):
        explained = {id_: explanation(counted) for id_, _ in scores}
        gate.domains["target"].on("POST /_msearch", replies({"orders": scores}, explained))
        found = gate.run()
        (result,) = found.results
        assert (result.outcome, found.passed) == (outcome, outcome == "explained")
        assert "not merged away: 3 on the source, 6 on the target" in result.evidence[0]
    lines = {"index": "orders", "body": {}, "params": {"search_type": "dfs_query_then_fetch"}}
    gate.file.write_text(json.dumps(lines))
    assert gate.run().counts == {"explained": 1}, "its statistics are those of all shards"


@pytest.mark.parametrize("unexplained", ["some", "all"])
def test_what_was_not_explained_is_unknown(gate: Gate, unexplained: str) -> None:
    gate.answers("target", ("b", 3.0), ("a", 2.0), counted=14, deleted=4)
    assert gate.run().counts == {"explained": 1}
    for domain, scores, counted in (
        (gate.domains["source"], [("a", 3.0), ("b", 2.0)], 10),
        (gate.domains["target"], [("b", 3.0), ("a", 2.0)], 14),
    ):
        left_out = {"a", "b"} if unexplained == "all" else {"b"}
        explained = {id_: explanation(counted) for id_, _ in scores}
        domain.on("POST /_msearch", leaving_out(replies({"orders": scores}, explained), left_out))
    found = gate.run()
    (result,) = found.results
    assert not found.passed and result.outcome == "different" and Cause.UNKNOWN in result.causes
    assert any("document b could not be explained on either side" in said for said in result.evidence)


def leaving_out(reply: Any, ids: set[str]) -> Any:
    """The same answers, but for the explanations of these documents."""

    def replied(request: ReceivedRequest) -> Reply:
        made = reply(request)
        hits = made.body["responses"][0]["hits"]
        if b'"explain"' in request.body:
            hits["hits"] = [hit for hit in hits["hits"] if hit["_id"] not in ids]
        return made

    return replied


def test_more_changes_than_are_explained_are_unknown(gate: Gate) -> None:
    ids = [f"d{n:03}" for n in range(102)]
    for side, order, counted in (("source", ids, 10), ("target", ids[::-1], 14)):
        hits = [(id_, float(200 - at)) for at, id_ in enumerate(order)]
        gate.answers(side, *hits, counted=counted, deleted=4)
    gate.file.write_text(json.dumps({"index": "orders", "body": {"size": 150}}))
    assert gate.run(top=40).counts == {"explained": 1}, "80 changes are explained, all of them"
    found = gate.run(top=100)
    assert not found.passed and found.results[0].causes == (Cause.DELETED, Cause.UNKNOWN)
    assert any("and only 100 were explained" in said for said in found.results[0].evidence)


def test_searches_that_say_nothing_are_no_success(gate: Gate) -> None:
    for side in ("source", "target"):
        gate.answers(side)
    found = gate.run()
    assert not found.passed and (found.counts, found.saying_nothing) == ({"equal": 1}, 1)
    assert found.model_copy(update={"counts": {"equal": 2}}).passed, "another one that says something"


def test_deleted_documents_do_not_excuse_another_similarity(gate: Gate) -> None:
    gate.answers("target", ("b", 3.0), ("a", 2.0), counted=14, deleted=4)
    settings = {"index.number_of_shards": "1", "index.similarity.default.b": "0.1"}
    gate.domains["target"].on(
        "GET /orders", ok({"orders": {"mappings": {}, "settings": settings, "aliases": {}}})
    )
    (result,) = gate.run().results
    assert (result.outcome, result.causes) == ("different", (Cause.SIMILARITY, Cause.DELETED))
    assert "index.similarity.default.b is not set on the source, 0.1 on the target" in result.evidence[0]


def test_times_fail_only_where_they_are_judged(gate: Gate) -> None:
    strict = {"p95_ratio": 0.5}
    judged, told, none = (gate.run(timing, **strict) for timing in ("judged", "told", "none"))
    assert judged.is_too_slow and not judged.passed
    assert told.latency and told.latency.is_slower and told.passed
    assert none.latency is None and none.untimed and none.passed
    assert gate.run().latency is None and not gate.run().untimed


@pytest.mark.parametrize(("timing", "outcome"), [("judged", "not compared"), ("told", "equal")])
def test_a_search_that_cannot_be_timed_fails_where_times_are_judged(
    gate: Gate, timing: str, outcome: str
) -> None:
    scores = {"orders": [("a", 3.0), ("b", 2.0)]}
    refused = {"error": {"type": "illegal_argument_exception", "reason": "alice"}, "status": 400}
    twice, then = [replies(scores)] * 2, ok({"responses": [refused]})
    gate.domains["target"].on("POST /_msearch", *twice, then)
    found = gate.run(timing, p95_ratio=1.5)
    (result,) = found.results
    told = result.problem if timing == "judged" else result.notes[0]
    assert told == "it could not be timed: target: refused: illegal_argument_exception (status 400)"
    assert (result.outcome, found.latency, found.passed) == (outcome, None, timing == "told")
    assert found.untimed == "no search could be timed on both sides"
    assert found.untimed_fails == (timing == "judged")


def test_times_below_the_floor_are_alike() -> None:
    assert p95([*range(1, 101)]) == 95
    fast = latency([1, 2, 3], [9, 15, 19], 1.5, fails=True)
    assert fast and fast.ratio == 1 and not fast.is_slower
    slow = latency([20] * 20, [20] * 18 + [90] * 2, 1.5, fails=True)
    assert slow and (slow.target_p95_ms, slow.ratio, slow.is_slower) == (90, 4.5, True)


def test_a_file_that_is_not_there_fails_a_verification_and_is_told_before(gate: Gate, tmp_path: Path) -> None:
    settings = QueriesSettings.model_validate({"from": str(tmp_path / "gone")})
    found = compare_file(gate.made(), settings)
    assert not found.passed and "gone cannot be read" in found.problem
    relative = a_plan(queries={"from": "searches.ndjson"})
    assert "this plan is no file that it could be relative to" in problem_of_file(relative)
    assert problem_of_file(a_plan(queries={"from": str(gate.file)})) == problem_of_file(a_plan()) == ""


def test_the_file_is_beside_the_plan(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(
        a_plan(queries={"from": "searches.ndjson"}).model_dump_json(exclude_none=True)
    )
    plan = load_plan(tmp_path / "plan.yaml")
    assert plan.queries and plan.queries.from_ == str(tmp_path / "searches.ndjson")
