"""Level operations on shards in memory: whatever is not the same is found, named, and explained or not.

Real engines answer in tests/lab/test_verify.py.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from support.building import selected
from support.shards import Engine, Shard, sides

from configs.plan import VerifySettings
from domains.engine.comparison.seq_no_figures import BEYOND, SeqNoFigures
from domains.engine.shard_stats import marks
from domains.shard_mark import Mark
from tasks.records.verification import DocumentDifference, Verdict
from tasks.verification.comparison import Comparison
from tasks.verification.operations import compare, drill_down
from tasks.verification.operations.drill_down import Budget, Found, Span
from tasks.verification.operations.ranges import Pair, Place
from tasks.verification.operations.verdicts import judged

pytestmark = pytest.mark.slow

QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
NAMES = st.tuples(st.sampled_from("abcdefgh"), st.sampled_from([None, "r"]))
WRITES = st.lists(st.tuples(NAMES, st.sampled_from(["write", "write", "write", "delete"])), max_size=40)


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few documents are many: the descent goes down several levels."""
    monkeypatch.setattr(drill_down, "LEAF", 2)
    monkeypatch.setattr(drill_down, "WAYS", 3)


def done(shard: Shard, writes: list[Any]) -> Shard:
    for name, how in writes:
        getattr(shard, how)(*name)
    return shard


def marked(*shards: Shard) -> tuple[Mark, ...]:
    engine: Any = sides(Engine({"a": list(shards)}), Engine({})).source
    return marks(engine, ["a"])["a"]


def compared(
    source: list[Shard], target: list[Shard], known: tuple[Mark, ...] = (), **how: Any
) -> tuple[Verdict, Engine, Engine]:
    """The verdict, and both engines."""
    left, right = Engine({"a": source}, how.get("window")), Engine({"b": target}, how.get("window"))
    both = sides(left, right)
    index = selected("a", target="b", shards=len(source))
    c = Comparison(both.source, both.target, (index,), VerifySettings(level="operations"), None, {"a": known})
    budget = how.get("budget") or Budget()
    (verdict,) = compare.compared(c, both, [index], compare.marks_now(c), budget, "verify")
    return verdict, left, right


def truth(source: list[Shard], target: list[Shard]) -> dict[Any, tuple[int | None, int | None]]:
    """Every document that differs, with both its numbers."""
    found: dict[Any, tuple[int | None, int | None]] = {}
    for number, (one, other) in enumerate(zip(source, target, strict=True)):
        for name in one.documents.keys() | other.documents.keys():
            left, right = one.documents.get(name), other.documents.get(name)
            if left != right:
                found[(number, *name)] = (left, right)
    return found


def named(documents: tuple[DocumentDifference, ...]) -> dict[Any, tuple[int | None, int | None]]:
    found = {(d.shard, d.id, d.routing): (d.source_seq_no, d.target_seq_no) for d in documents}
    assert len(found) == len(documents), "each is named once"
    return found


def _of_shard(number: int, writes: list[Any]) -> list[Any]:
    """An id and a routing are always of one shard."""
    return [((f"{number}{name}", routing), how) for (name, routing), how in writes]


@QUICK
@given(before=st.tuples(WRITES, WRITES), foreign=st.tuples(WRITES, WRITES), with_marks=st.booleans())
def test_whatever_others_did_to_the_target_is_found_and_named(
    narrow: None, before: Any, foreign: Any, with_marks: bool
) -> None:
    source = [done(Shard(), _of_shard(n, writes)) for n, writes in enumerate(before)]
    known = marked(*source) if with_marks else ()
    target = [done(shard.copy(), _of_shard(n, foreign[n])) for n, shard in enumerate(source)]
    verdict, _, _ = compared(source, target, known)
    expected = truth(source, target)
    assert verdict.outcome == ("different" if expected else "equal"), verdict
    assert verdict.more == max(0, len(expected) - 20)
    assert named(verdict.documents).items() <= expected.items()
    assert len(verdict.documents) + verdict.more == len(expected)
    for document in verdict.documents:
        one, other = document.source_seq_no, document.target_seq_no
        kind = {(True, False): "missing on the target", (False, True): "surplus on the target"}
        assert document.kind == kind.get((one is not None, other is not None), "other operation")


def history(first: Any, under_way: Any, later: Any) -> tuple[Shard, Shard, tuple[Mark, ...]]:
    """A source that is written to all the time, its copy, and its mark from before the copy.

    What was under way while the copy was made is in it, or not.
    """
    source = done(Shard(), first)
    known = marked(source)
    target = source.copy()
    for (name, how), is_in_it in under_way:
        getattr(source, how)(*name)
        if is_in_it:
            target.last = source.last
            target.documents.pop(name, None)
            if how == "write":
                target.documents[name] = source.last
    return done(source, later), target, known


UNDER_WAY = st.lists(
    st.tuples(st.tuples(NAMES, st.sampled_from(["write", "delete"])), st.booleans()), max_size=12
)


@QUICK
@given(first=WRITES, under_way=UNDER_WAY, later=WRITES)
def test_what_the_source_did_since_is_told_from_a_difference(
    narrow: None, first: Any, under_way: Any, later: Any
) -> None:
    source, target, known = history(first, under_way, later)
    verdict, _, _ = compared([source], [target], known)
    expected = truth([source], [target])
    assert verdict.outcome == ("bracketed" if expected else "equal"), verdict
    assert verdict.documents == ()
    assert not expected or re.search(rf"\b{len(under_way) + len(later)} operations?:", verdict.detail)


@QUICK
@given(first=WRITES, under_way=UNDER_WAY, later=WRITES, data=st.data())
def test_a_loss_is_no_later_operation(
    narrow: None, first: Any, under_way: Any, later: Any, data: st.DataObject
) -> None:
    source, target, known = history(first, under_way, later)
    checkpoint = known[0].global_checkpoint
    untouched = sorted((n for n, at in source.documents.items() if at <= checkpoint), key=str)
    assume(untouched)
    name = data.draw(st.sampled_from(untouched))
    getattr(target, data.draw(st.sampled_from(["delete", "write"])))(*name)
    left, right = ([n for n, _ in shard.told(0, checkpoint + 1)] for shard in (source, target))
    assume((len(left), sum(left)) != (len(right), sum(right)))  # docs/verification.md: equal by chance
    verdict, _, _ = compared([source], [target], known)
    assert verdict.outcome == "different"
    assert (0, *name) in named(verdict.documents)


def test_what_the_source_did_since_is_counted() -> None:
    source = many(10)
    known, target = marked(source), source.copy()
    for name, how in (("d00003", "write"), ("new", "write"), ("d00005", "delete"), ("d00003", "write")):
        getattr(source, how)(name)
    verdict, _, _ = compared([source], [target], known)
    assert "4 operations: 1 document written, 1 updated, 1 deleted" in verdict.detail


def test_the_same_number_for_two_documents_is_never_explained() -> None:
    source, target, known = history([(("a", None), "write")], [], [(("b", None), "write")])
    target.write("c")
    verdict, _, _ = compared([source], [target], known)
    assert verdict.outcome == "different"
    assert set(named(verdict.documents)) == {(0, "b", None), (0, "c", None)}


def test_an_operation_that_the_source_never_had_is_never_explained() -> None:
    source, target, known = history([(("a", None), "write")], [], [(("b", None), "write")])
    target.last = 7
    target.write("c")
    verdict, _, _ = compared([source], [target], known)
    assert (verdict.outcome, [d.id for d in verdict.documents]) == ("different", ["c"])


def test_a_target_that_is_newer_is_never_explained() -> None:
    under_way = [((("b", None), "write"), True)]
    source, target, known = history([(("a", None), "write")], under_way, [(("z", None), "delete")])
    target.write("b")
    verdict, _, _ = compared([source], [target], known)
    assert verdict.outcome == "different"
    assert named(verdict.documents) == {(0, "b", None): (1, 2)}


def test_figures_that_no_document_accounts_for_are_not_taken_for_equal() -> None:
    source = many(5)
    (mark,) = marked(source)
    source.write("late")
    (now,) = marked(source)
    place = Place(selected("a"), 0, mark)
    parts = (
        Pair(0, 5, SeqNoFigures(4, 9, 4), SeqNoFigures(5, 10, 4)),
        Pair(5, BEYOND, SeqNoFigures(1, 5, 5), SeqNoFigures()),
    )
    assert judged(place, parts, Found(), now, now).outcome == "not compared"
    assert judged(place, parts, Found(), now, None).outcome == "not compared"
    assert judged(place, parts, Found(problem="denied"), now, now).outcome == "different"


# what a mark is worth


def many(count: int = 50) -> Shard:
    return done(Shard(), [((f"d{n:05}", None), "write") for n in range(count)])


def test_equal_shards_take_one_search_each_side_and_no_document_is_read() -> None:
    source = [many(), many()]
    verdict, left, right = compared(source, [shard.copy() for shard in source], marked(*source))
    assert (verdict.outcome, verdict.source_count, verdict.shards) == ("equal", 100, 2)
    assert left.requests == ["GET /_all/_stats/docs", "GET /_cluster/state/metadata", "POST /_msearch"]
    assert right.requests == ["POST /_msearch"]


def test_another_history_is_not_compared() -> None:
    source = many()
    known = marked(source)
    source.history = "forced"
    verdict, _, _ = compared([source], [source.copy()], known)
    assert verdict.outcome == "not compared"
    assert "history" in verdict.detail


@pytest.mark.parametrize("kept", [0, 1])
def test_marks_of_some_shards_only_are_no_marks_of_the_index(kept: int) -> None:
    source = [many(), many()]
    known = marked(*source)[kept : kept + 1]
    verdict, _, _ = compared(source, [shard.copy() for shard in source], known)
    assert verdict.outcome == "not compared"
    assert "marks of 1" in verdict.detail


def test_another_primary_is_told_and_does_not_hide_equality() -> None:
    source = many()
    known = marked(source)
    source.term = 2
    verdict, _, _ = compared([source], [source.copy()], known)
    assert verdict.outcome == "equal"
    assert "another primary" in verdict.detail and "from 1 to 2" in verdict.detail


# sums beyond doubles


@pytest.mark.parametrize("with_marks", [True, False])
def test_sums_that_are_not_exact_are_taken_of_smaller_ranges(with_marks: bool) -> None:
    source = replace(many(2000), offset=2**45)
    target = source.copy()
    known = marked(source) if with_marks else ()
    verdict, left, _ = compared([source], [target], known)
    assert verdict.outcome == "equal"
    assert left.most_hits == 0, "no document is read for it"
    target.delete("d01200")
    verdict, _, _ = compared([source], [target], known)
    assert [(d.id, d.kind) for d in verdict.documents] == [("d01200", "missing on the target")]


def test_what_only_an_exact_sum_shows_is_found_in_large_shards() -> None:
    """Count and maximum agree: each side lacks another document."""
    source = replace(many(2000), offset=2**45)
    target = source.copy()
    source.delete("d00100")
    target.delete("d01200")
    verdict, _, _ = compared([source], [target])
    assert verdict.outcome == "different"
    assert {(d.id, d.kind) for d in verdict.documents} == {
        ("d00100", "surplus on the target"),
        ("d01200", "missing on the target"),
    }


# bounds


def rewritten(count: int) -> tuple[Shard, Shard]:
    """Every document of the copy was written again."""
    source = many(count)
    return source, done(source.copy(), [(name, "write") for name in source.documents])


@pytest.mark.usefixtures("narrow")
def test_where_everything_differs_some_are_named_and_the_rest_is_not_looked_at() -> None:
    source, target = rewritten(3000)
    verdict, left, right = compared([source], [target])
    assert (verdict.outcome, len(verdict.documents)) == ("different", 20)
    assert "more differs than was read" in verdict.detail
    assert verdict.more < 3000 - 20
    assert len(left.requests) + len(right.requests) < 100
    assert all(d.kind == "other operation" for d in verdict.documents)


def test_later_operations_that_are_too_many_to_look_at_are_no_explanation() -> None:
    source = many(3000)
    known, target = marked(source), source.copy()
    done(source, [(name, "write") for name in target.documents])
    assert compared([source], [target], known)[0].outcome == "bracketed"
    verdict, _, _ = compared([source], [target], known, budget=Budget(searches=1))
    assert verdict.outcome == "different"
    assert "3000 later operations, and more differs than the limits allow to read" in verdict.detail
    assert verdict.documents == ()


def test_a_small_result_window_is_kept_to(narrow: None) -> None:
    source, target = rewritten(12)
    verdict, _, _ = compared([source], [target], window=1)
    assert len(verdict.documents) == 12


@given(low=st.integers(0, 10**6), width=st.integers(1, 10**12))
def test_a_span_is_cut_without_a_gap(low: int, width: int) -> None:
    edges = Span(low, low + width, 1).edges
    assert (edges[0], edges[-1]) == (low, low + width)
    assert list(edges) == sorted(set(edges))
    assert len(edges) <= drill_down.WAYS + 1
