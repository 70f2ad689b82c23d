"""The query gate on a screen and in files: the worst search first, with the documents and the cause."""

from datetime import timedelta
from typing import Any

from support.real_runs import KINDS, real_report

from reports.page.page import page_parts
from reports.views.fitting import text_of
from reports.views.queries import queries_document, queries_view, sections
from reports.words import queries as words
from tasks.records.queries import (
    Cause,
    Latency,
    QueriesRead,
    QueryComparison,
    QueryResult,
    RankChange,
    Unusable,
    worst_first,
)

READ = QueriesRead(
    file="/srv/searches.log",
    digest="sha256:0",
    kinds={"slow log": 3, "recorded": 1},
    entries=5,
    distinct=3,
    merged=1,
    sampled_out=0,
    unusable=(Unusable(place="line 5", why="its source is cut off"),),
    unusable_count=1,
)
LOST = RankChange(index="books", id="41", kind="lost", source_rank=2, source_score=2.5)
MOVED = RankChange(
    index="books", id="7", kind="moved", source_rank=3, target_rank=1, source_score=2.1, target_score=0.9
)
EQUAL = QueryResult(place="line 3", index="books", seen=9, outcome="equal", overlap=1, rbo=1)
EXPLAINED = QueryResult(
    place="line 2", index="books", seen=1, outcome="explained", overlap=1, rbo=0.9, causes=(Cause.DELETED,)
)
DIFFERENT = QueryResult(
    place="line 1",
    index="books",
    seen=2,
    outcome="different",
    overlap=0.7,
    rbo=0.71,
    changes=(LOST, MOVED),
    causes=(Cause.SIMILARITY,),
    evidence=("books: index.similarity.default.b is not set on the source, 0.0 on the target",),
)


def comparison(*results: QueryResult, **changes: Any) -> QueryComparison:
    """A comparison with these results."""
    counts: dict[str, int] = {}
    for each in results:
        counts[each.outcome] = counts.get(each.outcome, 0) + 1
    values = {"read": READ, "top": 10, "least_overlap": 0.9, "least_rbo": 0.95, "counts": counts}
    return QueryComparison.model_validate({**values, "results": tuple(worst_first(results)), **changes})


def test_the_worst_search_is_shown_first_with_its_documents_and_its_cause() -> None:
    shown = text_of(queries_view(comparison(EQUAL, EXPLAINED, DIFFERENT)), 120)
    rows = [line for line in shown.splitlines() if line.startswith("line ")]
    assert rows[0].split() == ["line", "1,", "books", "different", "2", "0.70", "0.71", "1", "0", "1"]
    assert "line 3" not in shown, "what is equal is counted"
    assert "cause: another similarity; books: index.similarity.default.b is not set" in shown
    assert "document 41: lost, rank 2 on the source" in shown
    assert "document 7: moved from rank 3 to 1 (score 2.1 and 0.9)" in shown
    assert "line 2: cause: deleted documents that are not merged away yet" in shown
    assert "searches.log: 5 entries (1 recorded, 3 slow log), 3 different, 1 repeated, 1 not usable" in shown
    assert "not usable: line 5: its source is cut off" in shown
    assert shown.rstrip().endswith(
        "2 of 3 recorded searches rank alike, 1 ranks otherwise: query gate failed"
    )
    assert "line 3, books" in text_of(queries_view(comparison(EQUAL), every=True), 120)


def test_a_slow_target_is_told_as_what_it_is() -> None:
    values = {"runs": 30, "source_p95_ms": 20, "target_p95_ms": 90, "ratio": 4.5, "most": 1.5}
    judged, told = (Latency(**values, fails=fails) for fails in (True, False))
    assert words.latency(judged).endswith("ratio 4.50 of at most 1.5: too slow")
    assert words.latency(told).endswith("of at most 1.5: slower than the plan allows")
    assert words.conclusion(comparison(EQUAL, latency=judged)).endswith("the target is too slow")
    assert queries_document(comparison(EQUAL, latency=told))["passed"] is True


def test_what_could_not_be_compared_is_in_the_headline() -> None:
    nothing = EQUAL.model_copy(update={"says_nothing": True, "unranked": True})
    record = comparison(nothing, EQUAL, unranked=1, saying_nothing=1)
    assert words.conclusion(record) == (
        "2 of 2 recorded searches rank alike, 1 without a rank to compare, 1 with nothing to compare at all"
    )
    assert record.passed and not comparison(nothing, unranked=1, saying_nothing=1).passed
    untimed = comparison(EQUAL, untimed="no search could be timed", untimed_fails=True)
    assert not untimed.passed and words.conclusion(untimed).endswith("alike, no search could be timed")
    assert "no search could be timed" not in list(words.notes(untimed)), "told once"


def test_files_have_every_listed_search_and_every_document() -> None:
    searches, documents = sections(comparison(EQUAL, DIFFERENT))
    assert [row[:3] for row in searches.rows] == [
        ("line 1, books", "different", "2"),
        ("line 3, books", "equal", "9"),
    ]
    assert [row[2] for row in documents.rows] == [words.change(LOST), words.change(MOVED)]


def test_a_failing_verification_names_the_first_documents() -> None:
    said = words.failure(comparison(EQUAL, DIFFERENT))
    assert said.startswith(
        "1 of 2 recorded searches rank alike, 1 ranks otherwise; line 1, books: document 41"
    )
    assert "could not compare: no file" in words.failure(comparison(problem="no file"))


def test_the_time_of_a_gate_is_told_against_the_window() -> None:
    assert words.expected(1, 3, timedelta(minutes=1)).endswith("for about 3.0 s")
    assert "more than half of it" in words.expected(400, 40, timedelta(minutes=1))


def test_the_page_has_the_searches_and_the_documents() -> None:
    report = real_report(next(iter(KINDS))).model_copy(update={"queries": comparison(EQUAL, DIFFERENT)})
    parts = page_parts(report)
    assert "Recorded searches" in parts["part-searches"] and "another similarity" in parts["part-searches"]
    assert (
        "Documents that rank otherwise" in parts["part-ranks"] and words.change(LOST) in parts["part-ranks"]
    )
