"""Rankings with ties: equal ones are 1, whatever the order inside of a tie; others less, most at the top."""

from collections.abc import Sequence

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tasks.queries.ranking.changes import changes
from tasks.queries.ranking.likeness import likeness, overlap, rbo
from tasks.queries.ranking.ties import Ranking, ranking

pytestmark = pytest.mark.slow


def ranked(*groups: Sequence[str] | str, whole: bool = True) -> Ranking[str]:
    """A ranking of these groups of documents, with falling scores."""
    found = [(each, (100.0 - at,)) for at, group in enumerate(groups) for each in group]
    return ranking(found, whole=whole)


@st.composite
def rankings(draw: st.DrawFn) -> list[list[str]]:
    """Groups of documents, some of them ties."""
    documents = draw(st.lists(st.sampled_from("abcdefghijklmnop"), unique=True, max_size=14))
    cuts = draw(st.lists(st.booleans(), min_size=len(documents), max_size=len(documents)))
    groups: list[list[str]] = []
    for document, starts in zip(documents, cuts, strict=True):
        if starts or not groups:
            groups.append([])
        groups[-1].append(document)
    return groups


depths = st.integers(1, 16)


@given(rankings(), rankings(), depths)
def test_both_measures_are_symmetric_and_between_0_and_1(
    one: list[list[str]], other: list[list[str]], depth: int
) -> None:
    left, right = ranked(*one), ranked(*other)
    for measure in (overlap, rbo):
        value = measure(left, right, depth)
        assert 0 <= value <= 1
        assert value == pytest.approx(measure(right, left, depth))


@given(rankings(), depths, st.randoms())
def test_an_order_inside_of_ties_makes_no_difference(
    groups: list[list[str]], depth: int, random: object
) -> None:
    shuffled = [random.sample(group, len(group)) for group in groups]  # type: ignore[attr-defined]
    left, right = ranked(*groups), ranked(*shuffled)
    assert overlap(left, right, depth) == 1
    assert rbo(left, right, depth) == pytest.approx(1)
    assert changes(_pairs(left), _pairs(right), depth, ({}, {})) == []


@given(rankings(), rankings(), depths)
def test_rankings_without_a_common_document_have_nothing_in_common(
    one: list[list[str]], other: list[list[str]], depth: int
) -> None:
    assume(one and other)
    left, right = ranked(*one), ranked(*[[each.upper() for each in group] for group in other])
    assert overlap(left, right, depth) == rbo(left, right, depth) == 0


@given(st.integers(4, 14), st.data())
def test_an_exchange_weighs_less_the_lower_it_is(length: int, data: st.DataObject) -> None:
    documents = [chr(ord("a") + at) for at in range(length)]
    high = data.draw(st.integers(0, length - 3))
    low = data.draw(st.integers(high + 1, length - 2))

    def exchanged(at: int) -> Ranking[str]:
        made = list(documents)
        made[at], made[at + 1] = made[at + 1], made[at]
        return ranked(*made)

    whole = ranked(*documents)
    assert rbo(whole, exchanged(high), length) < rbo(whole, exchanged(low), length) < 1


@given(st.lists(st.booleans(), min_size=10, max_size=10))
def test_each_further_document_in_common_is_worth_more(common: list[bool]) -> None:
    assume(not all(common))
    at = common.index(False)
    fewer = [chr(ord("a") + n) if same else str(n) for n, same in enumerate(common)]
    more = [*fewer[:at], chr(ord("a") + at), *fewer[at + 1 :]]
    whole = ranked(*"abcdefghij")
    assert rbo(whole, ranked(*more), 10) > rbo(whole, ranked(*fewer), 10)
    assert overlap(whole, ranked(*more), 10) > overlap(whole, ranked(*fewer), 10)


def test_rbo_without_ties_is_the_published_one() -> None:
    """By hand: agreements 0, 1, 2/3 with p = 0.9."""
    made = rbo(ranked("a", "b", "c"), ranked("b", "a", "d"), 3)
    assert made == pytest.approx(2 / 3 * 0.9**3 + 0.1 / 0.9 * (0 * 0.9 + 1 * 0.81 + 2 / 3 * 0.729))


def test_a_tie_that_is_cut_is_interchangeable() -> None:
    assert likeness(ranked("a", "bcde"), ranked("a", "edcb"), 2).overlap == 1
    left, right = ranked("a", "bcd"), ranked("a", "c", "d", "b")
    assert likeness(left, right, 2).overlap == 1, "c may be the second on both sides"
    assert likeness(left, right, 2).rbo < 1, "but only one side is certain of it"


def test_a_ranking_that_ends_early_lacks_what_the_other_has() -> None:
    found = likeness(ranked("a", "b"), ranked("a", "b", "c", "d"), 10)
    assert (found.overlap, found.depth) == (0.5, 4) and found.rbo < 1
    assert likeness(ranked(), ranked(), 10).overlap == 1
    assert likeness(ranked(), ranked("a"), 10).rbo == 0


def test_a_tie_longer_than_what_was_fetched_is_undecided_only_where_both_sides_have_it() -> None:
    both = likeness(ranked("a", "bcd", whole=False), ranked("a", "efg", whole=False), 3)
    assert (both.overlap, both.rbo, both.depth, both.undecided) == (1, 1, 1, True)
    one = likeness(ranked("a", "bcd", whole=False), ranked("a", "efg"), 3)
    assert not one.undecided and one.overlap == pytest.approx(1 / 3)
    other = ranking([("a", (100.0,)), *((each, (98.5,)) for each in "efg")], whole=False)
    assert not likeness(ranked("a", "bcd", whole=False), other, 3).undecided, "another score is another tie"


def test_scores_that_differ_by_rounding_tie() -> None:
    left = ranking([("a", (7.1234567,)), ("b", (7.1234565,)), ("c", (7.1,))], whole=True)
    assert [sorted(group.documents) for group in left.groups] == [["a", "b"], ["c"]]


def test_what_is_lost_gained_and_moved_is_named_with_its_ranks() -> None:
    found = changes(_pairs(ranked("a", "b", "c")), _pairs(ranked("b", "a", "d")), 3, ({}, {}))
    assert [(each.id, each.kind, each.source_rank, each.target_rank) for each in found] == [
        ("a", "moved", 1, 2),
        ("b", "moved", 2, 1),
        ("c", "lost", 3, None),
        ("d", "gained", None, 3),
    ]


def _pairs(found: Ranking[str]) -> Ranking[tuple[str, str]]:
    listed = [(("orders", each), group.key) for group in found.groups for each in group.documents]
    return ranking(listed, whole=found.whole)
