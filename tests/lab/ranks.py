"""A version that scores otherwise: the searches that rank otherwise on it are found, with the ids and why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from migrations import Desk, Ended, documents, engine

NAME = "boosted-books"
TITLES = ["fox", *("fox and " + "word " * n for n in range(1, 40, 3)), *["no such animal"] * 26]
"""Few of many titles have the term, so that its weight is more than 1; each is longer than the one before."""
PLAIN = {"query": {"match": {"title": "fox"}}}
BOOSTED: dict[str, Any] = {
    "query": {"bool": {"should": [PLAIN["query"], {"constant_score": {"filter": {"term": {"new": True}}}}]}}
}
"""What customers see: new books come first, unless another one fits far better."""


def require_ranks_told(desk: Desk) -> None:
    """Moves an index from OpenSearch 2 to 3, where BM25 gives a text less weight than a constant.

    Since Lucene 8 BM25 has no constant factor k1 + 1; OpenSearch kept it until 3.0, and has it still as the
    similarity `LegacyBM25`. A search of text alone ranks as before.
    """
    index = {"settings": {"number_of_shards": 1, "number_of_replicas": 0}}
    engine(desk.lab, "source", "PUT", f"/{NAME}", index)
    for number, title in enumerate(TITLES):
        book = {"title": title, "new": title.startswith("no") and number % 5 == 0}
        engine(desk.lab, "source", "PUT", f"/{NAME}/_doc/{number}", book)
    engine(desk.lab, "source", "POST", f"/{NAME}/_refresh")
    searches = desk.folder / "ranks.ndjson"
    searches.write_text("\n".join(json.dumps({"index": NAME, "body": body}) for body in (PLAIN, BOOSTED)))
    desk.write(name="ranks", indices={"include": [NAME]})
    moved = desk.run("migrate", "--execute")
    assert moved.code == 0, str(moved)
    assert documents(desk.lab, "target", NAME) == len(TITLES)

    found = _compared(desk, searches)
    assert found.code == 4, str(found)
    boosted, plain = found.json["results"]
    assert (boosted["place"], boosted["outcome"]) == ("line 2", "different"), str(found)
    assert (plain["outcome"], plain["rbo"]) == ("equal", 1.0), str(found)
    assert boosted["causes"] == ["similarity"]
    assert "the score is made by another formula" in boosted["evidence"][-1]
    best = {side: _best(desk, side) for side in ("source", "target")}
    changed = {each["id"] for each in boosted["changes"]}
    assert changed == {id_ for id_ in best["source"] | best["target"] if _place(best, id_)}, str(found)

    score_by(desk, NAME, type="LegacyBM25")  # what a user can do about it
    same = _compared(desk, searches)
    assert (same.code, same.json["counts"]) == (0, {"equal": 2}), str(same)


def _compared(desk: Desk, searches: Path) -> Ended:
    return desk.run("compare-queries", "--from", str(searches), "--json", "--p95-ratio", "100")


def _best(desk: Desk, side: str) -> dict[str, float]:
    """The best ten and their scores, as a client gets them."""
    hits = engine(desk.lab, side, "POST", f"/{NAME}/_search", BOOSTED)["hits"]["hits"]
    return {hit["_id"]: hit["_score"] for hit in hits}


def _place(best: dict[str, dict[str, float]], id_: str) -> bool:
    """Whether a document has another place on the target: another number of documents before it."""
    before = {
        side: sum(score > found[id_] for score in found.values()) if id_ in found else None
        for side, found in best.items()
    }
    return before["source"] != before["target"]


def score_by(desk: Desk, index: str, **similarity: Any) -> None:
    """Let the target score by this similarity from now on."""
    engine(desk.lab, "target", "POST", f"/{index}/_close")
    engine(desk.lab, "target", "PUT", f"/{index}/_settings", {"index.similarity.default": similarity})
    engine(desk.lab, "target", "POST", f"/{index}/_open?wait_for_active_shards=1")
