"""The query gate: searches that rank otherwise on the target are found, with the ids and the cause."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
import requests
from migrations import Desk, Ended, engine
from ranks import score_by

TEXT = "quick brown fox jumps over lazy dogs while running foxes jumped the river bank slowly"
MAPPING: dict[str, Any] = {"properties": {"title": {"type": "text"}, "n": {"type": "integer"}}}
SETTINGS = {"number_of_shards": 1, "number_of_replicas": 0}
SLOW = (
    "[2026-11-28T09:15:02,114][WARN ][index.search.slowlog.query] [0f5e7cd4ad2a41] [books][0] took[1.2s], "
    "took_millis[1203], total_hits[9 hits], stats[], search_type[QUERY_THEN_FETCH], total_shards[2], "
    'source[{"query":{"match":{"title":{"query":"quick fox","operator":"OR"}}}}], id[]'
)
CUT = SLOW[: SLOW.index('"operator"')] + "], id[]"
LINES = (
    SLOW,
    json.dumps({"index": "books", "body": {"query": {"match": {"title": "running dogs"}}}}),
    json.dumps({"index": "bo*", "body": {"query": {"match_all": {}}, "sort": [{"n": "desc"}]}}),
    json.dumps({"index": "library", "body": {"size": 0, "aggs": {"sum": {"sum": {"field": "n"}}}}}),
    SLOW.replace("[books][0]", "[books][1]"),
    CUT,
)


def texts() -> list[str]:
    """The titles of the books, always the same: some long, some short."""
    chosen = random.Random(7)
    return [" ".join(chosen.choices(TEXT.split(), k=chosen.randint(2, 30))) for _ in range(120)]


def fill(desk: Desk, side: str, index: str = "books", **changes: Any) -> None:
    """Make the index, with the same documents by the same operations."""
    body = {"settings": SETTINGS, "mappings": MAPPING, "aliases": {"library": {}}} | changes
    engine(desk.lab, side, "PUT", f"/{index}", body)
    write(desk, side, index, range(120))


def write(desk: Desk, side: str, index: str, numbers: range) -> None:
    """Write these documents."""
    lines = "".join(
        f"{json.dumps({'index': {'_id': str(n)}})}\n{json.dumps({'title': text, 'n': n})}\n"
        for n, text in enumerate(texts())
        if n in numbers
    )
    address = f"{desk.lab.domain(side).engine_url}/{index}/_bulk?refresh=true"
    reply = requests.post(address, lines, headers={"content-type": "application/x-ndjson"}, timeout=60)
    assert reply.ok and not reply.json()["errors"], reply.text


@pytest.fixture
def shelves(desk: Desk) -> Desk:
    """The same books on both sides, and recorded searches for them."""
    for side in ("source", "target"):
        fill(desk, side)
    searches(desk).write_text("\n".join(LINES))
    return desk


def searches(desk: Desk) -> Path:
    """Where the recorded searches are: beside the plan."""
    return desk.folder / "searches.log"


def compared(desk: Desk, *options: str) -> Ended:
    """`compare-queries` without a plan."""
    lab = desk.lab
    sides = ("--source", lab.source.endpoint, "--source-region", lab.source.region)
    sides += ("--target", lab.target.endpoint, "--target-region", lab.target.region)
    return desk.command("compare-queries", *sides, "--from", str(searches(desk)), *options)


def test_the_same_data_passes_and_a_search_that_ranks_otherwise_is_found_with_its_ids(shelves: Desk) -> None:
    same = compared(shelves, "--json", "--p95-ratio", "100")
    assert same.code == 0, str(same)
    read = same.json["read"]
    assert (read["entries"], read["distinct"], read["merged"], read["unusable_count"]) == (6, 4, 1, 1)
    assert read["unusable"] == [{"place": "line 6", "why": read["unusable"][0]["why"]}]
    assert same.json["counts"] == {"equal": 4} and same.json["latency"]["runs"] == 12

    score_by(shelves, "books", type="BM25", b=0.0, k1=0.1)
    found = compared(shelves, "--json")
    assert found.code == 4, str(found)
    results = {each["place"]: each for each in found.json["results"]}
    assert {place: each["outcome"] for place, each in results.items()} == {
        "line 1": "different",
        "line 2": "different",
        "line 3": "equal",
        "line 4": "equal",
    }
    first = results["line 1"]
    assert first["causes"] == ["similarity"] and first["seen"] == 2
    assert any(
        "index.similarity.default.b is not set on the source, 0.0" in said for said in first["evidence"]
    )
    lost = [each["id"] for each in first["changes"] if each["kind"] == "lost"]
    assert lost and set(lost) <= set(best(shelves, "source")) - set(best(shelves, "target"))
    shown = compared(shelves)
    assert shown.code == 4 and "2 of 4 recorded searches rank alike, 2 rank otherwise" in shown.out
    assert f"document {lost[0]}: lost, rank " in shown.out and "another similarity" in shown.out


def best(desk: Desk, side: str) -> list[str]:
    """The ids of the best ten, as a client gets them."""
    body = {"query": {"match": {"title": {"query": "quick fox", "operator": "OR"}}}}
    address = f"{desk.lab.domain(side).engine_url}/books/_search"
    hits = requests.post(address, json=body, timeout=60).json()["hits"]["hits"]
    return [hit["_id"] for hit in hits]


def test_another_analyzer_is_found_and_deleted_documents_are_told_apart(shelves: Desk) -> None:
    lab = shelves.lab
    for turn in range(3):
        write(shelves, "target", "books", range(turn * 30, 100))
    stats = requests.get(f"{lab.domain('target').engine_url}/books/_stats/docs", timeout=60).json()
    assert stats["indices"]["books"]["total"]["docs"]["deleted"] > 0, "the engine has merged them away"
    explained = compared(shelves, "--json", "--rbo", "1.0", "--overlap", "1.0")
    assert explained.code == 0, str(explained)
    told = [each for each in explained.json["results"] if each["outcome"] == "explained"]
    assert told and all(each["causes"] == ["deleted documents"] for each in told)
    assert "not merged away: 0 on the source, " in told[0]["evidence"][0]

    engine(lab, "target", "DELETE", "/books")
    stems = {"properties": {**MAPPING["properties"], "title": {"type": "text", "analyzer": "english"}}}
    fill(shelves, "target", mappings=stems)
    found = compared(shelves, "--json")
    assert found.code == 4, str(found)
    first = next(each for each in found.json["results"] if each["place"] == "line 1")
    assert first["outcome"] == "different" and "analysis" in first["causes"]
    assert any("analyzer" in said for said in first["evidence"])
    named = {each["id"] for each in first["changes"] if each["kind"] == "gained"}
    assert named and named <= set(best(shelves, "target")), "foxes are found as well"


def test_a_rehearsal_names_what_a_migration_would_rank_otherwise_and_a_cutover_rolls_back(
    shelves: Desk,
) -> None:
    lab = shelves.lab
    engine(lab, "target", "DELETE", "/books")
    similarity = {"index.similarity.default.type": "BM25", "index.similarity.default.b": 0.0}
    shelves.write(
        indices={"include": ["books"]},
        queries={"from": searches(shelves).name, "compare": {"p95_ratio": 0.001}},
        restore={"index_settings": {**similarity, "index.similarity.default.k1": 0.1}},
    )
    rehearsed = shelves.run("rehearse", "--execute")
    assert rehearsed.code == 4, str(rehearsed)
    assert "2 of 4 recorded searches rank alike, 2 rank otherwise" in rehearsed.out + rehearsed.err
    report = shelves.report()
    queries = report["queries"]
    assert queries["counts"] == {"different": 2, "equal": 2} and queries["latency"]["fails"] is False
    assert [each["causes"] for each in queries["results"][:2]] == [["similarity"]] * 2
    assert report["indices"][0]["verdict"] == "equal", "every document is there"
    written = shelves.run("report", "--format", "markdown").out
    assert "Documents that rank otherwise" in written and "lost, rank" in written

    ended = shelves.run("cutover", "--execute", "--allow-freeze")
    assert ended.code == 4, str(ended)
    assert "the query gate will run 4 recorded searches inside the window" in ended.err
    report = shelves.report()
    assert report["window"]["outcome"] == "put back" and report["window"]["still_blocked"] == []
    assert report["queries"]["counts"] == {"different": 2, "equal": 2} and report["queries"]["untimed"]
    engine(lab, "source", "PUT", "/books/_doc/late", {"title": "a late fox", "n": 500})


def test_what_passes_opens_and_a_file_that_is_gone_is_refused_before_anything_is_changed(
    shelves: Desk,
) -> None:
    lab = shelves.lab
    engine(lab, "target", "DELETE", "/books")
    shelves.write(indices={"include": ["books"]}, queries={"from": searches(shelves).name})
    saved = shelves.folder / "saved.yaml"
    assert shelves.run("plan", "-o", str(saved)).code == 0
    away = searches(shelves).rename(shelves.folder / "away")
    gone = shelves.run("cutover", "--execute", "--allow-freeze")
    assert gone.code == 3 and "searches.log cannot be read" in gone.out, str(gone)
    assert shelves.report()["changes"] == []
    away.rename(searches(shelves)).write_text(LINES[1])
    other = shelves.command("migrate", str(saved), "--execute")
    assert other.code == 3 and "the file that queries.from names has changed" in other.out, str(other)

    searches(shelves).write_text("\n".join(LINES))
    done = shelves.run("cutover", "--execute", "--allow-freeze")
    assert done.code == 0, str(done)
    assert shelves.report()["queries"]["counts"] == {"equal": 4}
    assert "4 of 4 recorded searches rank alike" in shelves.run("verify").out
