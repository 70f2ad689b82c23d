"""What only the copy has is found exactly where it contains the source's set; elsewhere it is refused."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.building import selected
from support.rounds import a_copy, a_mark

from domains.engine.comparison.seq_no_figures import SeqNoFigures
from domains.engine.raw_documents import Numbers, RawDocument
from domains.versions import version_of
from tasks.tail.comparison import LEAF, Known, Narrowed, Span, edges, listed_in_full, narrow, to_write
from tasks.tail.places import CannotFollow, FollowedIndex, Place
from tasks.tail.touched import Touched
from tasks.tail.zones import EXACT_STEP, SurplusFinder, Versions, Zone, exact_bounds

pytestmark = pytest.mark.slow

V3 = version_of("opensearch", "3.6.0")
BASE = 3 * EXACT_STEP


class InMemory(SurplusFinder):
    """Finds the surplus of one set of sequence numbers over another, both in memory, with sums as doubles."""

    def __init__(self, copy: set[int], source: set[int], touched: Touched) -> None:
        nothing: Any = None
        index = FollowedIndex(selected("a"), a_copy("a"), (), page=500)
        super().__init__(nothing, Versions(V3, V3), touched, index)
        self._m = _Sides()  # type: ignore[assignment]
        self._sets = {"source": sorted(source), "target": sorted(copy)}
        self.listed: set[int] = set()

    def _engine_figures(self, domain: Any, place: Place, bounds: Sequence[int]) -> list[SeqNoFigures]:
        return [figures(self._between(domain, low, high)) for low, high in pairwise(bounds)]

    def _read(self, domain: Any, place: Place, numbers: Numbers) -> list[RawDocument]:
        spans = (*numbers.spans, *((n, n + 1) for n in numbers.single))
        wanted = {n for low, high in spans for n in self._between(domain, low, high)}
        self.listed |= wanted
        assert len(wanted) <= 5_000, "more than a search returns"
        return [RawDocument(str(n), None, 1, n, 1) for n in sorted(wanted)]

    def _between(self, side: str, low: int, high: int) -> list[int]:
        numbers = self._sets[side]
        return numbers[bisect_left(numbers, low) : bisect_left(numbers, high)]


class _Sides:
    source, target = "source", "target"


def figures(numbers: Iterable[int]) -> SeqNoFigures:
    """As an engine tells them: sums are doubles, and vague from 2^53 on."""
    found = list(numbers)
    total = int(float(sum(found)))
    vague = total >= 2**53
    return SeqNoFigures(len(found), None if vague or not found else total, max(found, default=None), vague)


def a_place(base: int = BASE) -> Place:
    return Place(0, "a", "a", 0, a_mark(base - 1))


def surplus(copy: set[int], source: set[int], *, by_sums: bool = True) -> list[int]:
    """Numbers of zone 1 that only the copy has, as found; each once, in order."""
    finder = InMemory(copy, source, Touched())
    found = [known.source_seq_no or 0 for known in finder.in_first_zone(a_place(), by_sums=by_sums)]
    assert found == sorted(set(found))
    return found


NUMBERS = st.sets(
    st.integers(0, 300)
    | st.integers(EXACT_STEP - 50, EXACT_STEP + 50)
    | st.integers(0, BASE - 1)
    | st.integers(BASE - 200, BASE - 1),
    max_size=250,
)


@given(NUMBERS, st.data())
def test_exactly_what_the_source_lacks_is_found_where_the_copy_contains_it(copy: set[int], data: Any) -> None:
    gone = data.draw(st.sets(st.sampled_from(sorted(copy)))) if copy else set()
    for by_sums in (True, False):
        assert surplus(copy, copy - gone, by_sums=by_sums) == sorted(gone)


def test_in_a_dense_shard_one_document_too_many_is_named_without_listing() -> None:
    copy = set(range(5_000))
    finder = InMemory(copy, copy - {4_321}, Touched())
    (found,) = finder.in_first_zone(a_place())
    assert found.source_seq_no == 4_321
    assert finder.listed == {4_321}


def test_many_are_found_in_a_dense_shard() -> None:
    copy = set(range(20_000))
    gone = set(range(0, 20_000, 7)) | set(range(9_000, 9_900))
    assert surplus(copy, copy - gone) == sorted(gone)


@given(NUMBERS, NUMBERS)
def test_without_containment_no_list_is_exact_and_a_missing_document_is_not_covered_up(
    copy: set[int], source: set[int]
) -> None:
    """By lists, a document that only the source has is noticed wherever the figures of its range differ."""
    if len(source) > len(copy):
        with pytest.raises(CannotFollow):
            surplus(copy, source, by_sums=False)
        return
    try:
        found = surplus(copy, source, by_sums=False)
    except CannotFollow as refused:
        assert source - copy, str(refused)
    else:
        assert set(found) <= copy - source, "nothing that the source has is named"


def test_a_document_that_only_the_source_has_is_a_broken_history() -> None:
    with pytest.raises(CannotFollow, match="1 document in shard 0"):
        surplus({1, 2, 3}, {1, 2, 3, 4})
    with pytest.raises(CannotFollow, match="operation 9 in shard 0"):
        surplus({1, 2, 3}, {1, 9})


def test_one_missing_and_two_gone_name_a_live_document_by_their_sums_and_none_by_lists() -> None:
    """Gone 5 and 7, missing 8: the sums differ by 4, which is alive on both sides."""
    copy, source = {4, 5, 7, 10}, {4, 8, 10}
    assert surplus(copy, source) == [4], "a candidate only: what the source has is never deleted"
    with pytest.raises(CannotFollow, match="operation 8"):
        surplus(copy, source, by_sums=False)


def test_equal_counts_and_sums_of_different_sets_are_why_zone_2_compares_sets() -> None:
    """Gone 4 and 7, missing 5 and 6: no figures of a range that holds all four can tell."""
    assert narrow((0, 8), [figures({4, 7})], [figures({5, 6})], by_sums=True) == Narrowed()
    assert surplus({4, 7}, {5, 6}, by_sums=False) == []


def test_a_range_of_equal_counts_and_other_sums_is_looked_into() -> None:
    narrowed = narrow((0, 8, 16), [figures({1}), figures({9})], [figures({2}), figures({9})], by_sums=True)
    assert narrowed == Narrowed(leaves=(Span(0, 8, 1),))
    with pytest.raises(CannotFollow, match="operation 2"):
        surplus({1, 9}, {2, 9})


def test_sums_beyond_the_exact_range_are_split() -> None:
    """A dense shard reaches a sum of 2^53 at 2^27 operations; no range of the bounds can, below 2^31."""
    assert exact_bounds(0, 10) == (0, 10)
    assert exact_bounds(7, 7 + 2 * EXACT_STEP) == (7, 7 + EXACT_STEP, 7 + 2 * EXACT_STEP)
    bounds = exact_bounds(0, 2**31)
    assert (bounds[0], bounds[-1]) == (0, 2**31)
    assert max((high - low) * high for low, high in pairwise(bounds)) <= 2**53


def test_figures_that_are_not_exact_name_nothing_and_prove_nothing() -> None:
    vague, fewer = (SeqNoFigures(count, None, 5, vague=True) for count in (3, 2))
    assert narrow((0, 100), [vague], [fewer], by_sums=True).numbers == ()
    assert narrow((0, 100), [SeqNoFigures(3, 9, 5)], [SeqNoFigures(2, 7, 5)], by_sums=True).numbers == (2,)
    zone = Zone((0, 100), (vague,))
    assert "too large to be exact" in zone.problem
    assert (
        Zone((0, 100), (SeqNoFigures(problem="1 of 2 shards answered"),)).problem == "1 of 2 shards answered"
    )


def test_a_zone_is_the_same_only_range_by_range() -> None:
    zone = Zone((0, 4, 8), (SeqNoFigures(1, 3, 3), SeqNoFigures(1, 5, 5)))
    assert zone.count == 2
    assert zone.is_same([SeqNoFigures(1, 3, 3), SeqNoFigures(1, 5, 5)])
    assert not zone.is_same([SeqNoFigures(1, 2, 2), SeqNoFigures(1, 6, 6)]), "equal count and sum over all"
    assert not zone.is_same([SeqNoFigures(2, 8, 5), SeqNoFigures()])


# zone 2: the table of what is known, against the source


def a_table(pairs: dict[str, int]) -> Touched:
    touched = Touched()
    documents = [(RawDocument(id, None, 1, number, 1, "{}"), number + 1, 1) for id, number in pairs.items()]
    touched.written(0, documents, 1)
    return touched


@given(st.sets(st.integers(BASE, BASE + 2_000), max_size=200), st.data())
def test_what_the_source_deleted_of_zone_2_is_found(known: set[int], data: Any) -> None:
    """A document that was brought over and is deleted later leaves no operation to be read."""
    gone = data.draw(st.sets(st.sampled_from(sorted(known)))) if known else set()
    finder = InMemory(set(), known - gone, a_table({str(n): n for n in known}))
    for by_sums in (True, False):
        found = finder.in_second_zone(a_place(), BASE + 2_000, by_sums=by_sums)
        assert {each.source_seq_no for each in found} == gone
    assert list(finder.in_second_zone(a_place(), BASE - 1)) == []


def test_a_document_of_zone_2_that_was_never_seen_is_no_surplus() -> None:
    finder = InMemory(set(), {BASE + 1, BASE + 2}, a_table({"1": BASE + 1}))
    with pytest.raises(CannotFollow):
        list(finder.in_second_zone(a_place(), BASE + 5))


# the pure parts


@given(st.integers(0, 2**31), st.integers(1, 2**22), st.integers(1, 10_000))
def test_a_span_is_split_without_gap_or_overlap(low: int, width: int, more: int) -> None:
    found = edges(Span(low, low + width, 10, more))
    assert (found[0], found[-1]) == (low, low + width)
    assert list(found) == sorted(set(found))
    assert len(found) > 2 or width == 1, "so that it comes to an end"


@given(st.lists(st.integers(0, LEAF), max_size=600), st.integers(LEAF, 5_000))
def test_leaves_are_listed_each_once_in_groups_that_one_search_returns(counts: list[int], most: int) -> None:
    leaves = [Span(n * 10, n * 10 + 10, count) for n, count in enumerate(counts)]
    groups = list(listed_in_full(leaves, most))
    assert [leaf for group in groups for leaf in group] == leaves
    assert all(len(group) <= 200 and sum(leaf.count for leaf in group) <= most for group in groups)


@pytest.mark.parametrize(
    ("known", "same"),
    [
        ({}, True),
        ({"version": 3}, False),
        ({"routing": "r"}, False),
        ({"routing": ""}, False),
        ({"digest": b"other"}, False),
        ({"source_seq_no": 9, "target_seq_no": 9, "target_term": 9}, True),
    ],
)
def test_a_document_is_the_same_by_routing_version_and_every_byte(known: dict[str, Any], same: bool) -> None:
    """The version can climb back to the same number, so that equal versions alone prove nothing."""
    document = RawDocument("1", None, 2, 7, 1, '{"a": 1.10}')
    there = Known(**{"id": "1", "routing": None, "version": 2, "digest": document.digest, **known})
    assert there.is_same(document) is same
    assert to_write([document], {"1": there}) == ([] if same else [document])
    assert to_write([document], {}) == [document]


def test_the_digest_is_of_the_exact_text() -> None:
    texts = ['{"a":1.1}', '{"a":1.10}', '{"a": 1.1}', '{"a":1.1} ', '{"a":"\\ud83d"}']
    assert len({RawDocument("1", None, 1, 1, 1, text).digest for text in texts}) == len(texts)
