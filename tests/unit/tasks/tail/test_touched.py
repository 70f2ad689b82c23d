"""The table of what is known of the copies' zone 2: what was seen, and what should have been."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.engine.comparison.seq_no_figures import SeqNoFigures
from domains.engine.raw_documents import RawDocument
from runs.errors import StateUnusable
from tasks.tail.touched import Touched


@pytest.fixture
def table() -> Iterator[Touched]:
    """An empty one."""
    made = Touched()
    yield made
    made.close()


def a_document(id: str, seq_no: int = 1, **more: Any) -> RawDocument:
    values: dict[str, Any] = {"routing": None, "version": 1, "primary_term": 1, "source": "{}", **more}
    return RawDocument(id, seq_no=seq_no, **values)


def ids(found: Any) -> set[str]:
    return {each.id for each in found}


def test_what_is_known_is_told_back_for_each_place_of_its_own(table: Touched) -> None:
    table.written(0, [(a_document("a", 7, routing="r", version=3), 20, 2)], 1)
    table.written(1, [(a_document("a", 8), 30, 1)], 1)
    (known,) = table.known(0, ["a", "b"]).values()
    assert (known.id, known.routing, known.version, known.digest) == (
        "a",
        "r",
        3,
        a_document("a").digest,
    )
    assert (known.source_seq_no, known.target_seq_no, known.target_term) == (7, 20, 2)
    assert (table.count(0), table.count(1), table.count(2)) == (1, 1, 0)
    table.forget(0)
    assert (table.count(0), table.count(1)) == (0, 1)


def test_thousands_are_looked_up_at_once(table: Touched) -> None:
    table.found_on_copy(0, (a_document(str(n), n) for n in range(2_000)))
    assert table.known(0, (str(n) for n in range(-5, 3_000))).keys() == {str(n) for n in range(2_000)}


def test_what_the_copy_has_and_the_source_did_not_show_is_unseen(table: Touched) -> None:
    table.found_on_copy(0, [a_document("kept"), a_document("gone"), a_document("changed")])
    table.seen(0, [a_document("kept", 11)], 1)
    table.written(0, [(a_document("changed", 12), 5, 1), (a_document("new", 13), 6, 1)], 1)
    assert ids(table.unseen(0, 10, 1)) == {"gone"}


def test_only_what_lies_above_the_cursor_should_have_been_seen_again(table: Touched) -> None:
    """A later round lists the source from its cursor on: what it saw before may lie below."""
    table.written(0, [(a_document("below", 11), 5, 1), (a_document("above", 25), 6, 1)], 1)
    assert ids(table.unseen(0, 20, 2)) == {"above"}
    assert ids(table.unseen(0, 20, 1)) == set(), "both were seen in this round"
    table.seen(0, [a_document("above", 30)], 2)
    assert ids(table.unseen(0, 20, 2)) == set()


def test_a_document_that_was_seen_at_a_later_operation_is_found_by_that(table: Touched) -> None:
    table.written(0, [(a_document("a", 11), 5, 1)], 1)
    table.seen(0, [a_document("a", 30)], 2)
    assert ids(table.by_source(0, 11, 12)) == set()
    assert ids(table.by_source(0, 30, 31)) == {"a"}
    assert ids(table.by_source(0, 20, 30)) == set(), "the upper end is excluded"


def test_what_is_deleted_is_forgotten(table: Touched) -> None:
    table.found_on_copy(0, [a_document("a"), a_document("b")])
    table.deleted(0, ["a"])
    assert table.known(0, ["a", "b"]).keys() == {"b"}


def test_after_a_lost_reply_the_operation_on_the_copy_is_known_once_it_was_read_back(table: Touched) -> None:
    table.written(0, [(a_document("a", 11), None, None)], 1)
    assert table.known(0, ["a"])["a"].target_seq_no is None
    assert table.figures(0, (0, 100), side="target") == [SeqNoFigures()]
    table.confirmed(0, [a_document("a", 40, primary_term=3)])
    known = table.known(0, ["a"])["a"]
    assert (known.target_seq_no, known.target_term, known.source_seq_no) == (40, 3, 11)
    assert table.figures(0, (0, 100), side="target") == [SeqNoFigures(1, 40, 40)]


@given(
    st.dictionaries(st.text(max_size=3), st.tuples(st.integers(0, 99), st.integers(0, 99)), max_size=30),
    st.lists(st.integers(0, 100), min_size=2, max_size=6, unique=True).map(sorted),
)
def test_figures_are_counts_sums_and_maxima_of_each_range_and_side(
    known: dict[str, tuple[int, int]], bounds: list[int]
) -> None:
    table = Touched()
    table.written(3, [(a_document(id, left), right, 1) for id, (left, right) in known.items()], 1)
    for side, place in (("source", 0), ("target", 1)):
        expected = []
        for low, high in pairwise(bounds):
            numbers = [pair[place] for pair in known.values() if low <= pair[place] < high]
            total = sum(numbers) if numbers else None
            expected.append(SeqNoFigures(len(numbers), total, max(numbers, default=None)))
        assert table.figures(3, bounds, side=side) == expected
    assert table.figures(2, (0, 100)) == [SeqNoFigures()]


def test_sums_of_the_table_are_exact_beyond_what_engines_can_tell(table: Touched) -> None:
    table.written(0, [(a_document("a", 2**53), 1, 1), (a_document("b", 1), 2, 1)], 1)
    assert table.figures(0, (0, 2**60)) == [SeqNoFigures(2, 2**53 + 1, 2**53)]


@pytest.mark.parametrize(
    "call",
    [
        lambda table: table.found_on_copy(0, (a_document(str(n), source="x" * 50) for n in range(9_000))),
        lambda table: table.known(0, ["a"]),
        lambda table: table.figures(0, (0, 1)),
        lambda table: table.count(0),
    ],
)
def test_a_full_disk_says_what_to_free(call: Callable[[Touched], object]) -> None:
    full = Touched()
    full._database = _Full()  # type: ignore[assignment]
    with pytest.raises(StateUnusable) as caught:
        call(full)
    assert "database or disk is full" in str(caught.value)
    assert "SQLITE_TMPDIR" in (caught.value.hint or "")


class _Full:
    """A database on a disk without room."""

    def execute(self, *_: object) -> Any:
        raise sqlite3.OperationalError("database or disk is full")

    executemany = execute


def test_a_table_that_really_has_no_room_left_says_so(table: Touched) -> None:
    table._database.execute("PRAGMA max_page_count=20")
    with pytest.raises(StateUnusable, match="database or disk is full"):
        table.found_on_copy(0, (a_document(f"{n}" * 20, n) for n in range(9_000)))
