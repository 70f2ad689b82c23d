"""The log of the cutover's writers: which acknowledged writes are missing."""

from __future__ import annotations

import pytest
from support.write_log import Write, WriteLog, outcome_of


@pytest.mark.parametrize(
    ("status", "kind", "outcome"),
    [
        (201, "", "acknowledged"),
        (200, "", "acknowledged"),
        (403, "cluster_block_exception", "refused"),
        (400, "index_closed_exception", "refused"),
        (404, "index_not_found_exception", "refused"),
        (403, "security_exception", "unknown"),
        (429, "rejected_execution_exception", "unknown"),
        (504, "HTTP 504", "unknown"),
    ],
)
def test_a_write_is_refused_only_where_nothing_can_have_been_done(
    status: int, kind: str, outcome: str
) -> None:
    assert outcome_of(status, kind) == outcome


def booked(*entries: tuple[str, int | None, str]) -> WriteLog:
    page = WriteLog()
    for id, value, outcome in entries:
        page.note(Write(id, value), outcome)  # pyright: ignore[reportArgumentType]
    return page


@pytest.mark.parametrize(
    ("entries", "found", "wrong"),
    [
        ([("a", 1, "acknowledged")], {"a": [1]}, []),
        ([("a", 1, "acknowledged")], {}, ["a: absent, acknowledged 1"]),
        ([("a", 1, "acknowledged"), ("a", 2, "acknowledged")], {"a": [1]}, ["a: 1, acknowledged 2"]),
        ([("a", 1, "acknowledged"), ("a", None, "acknowledged")], {}, []),
        ([("a", 1, "acknowledged"), ("a", None, "acknowledged")], {"a": [1]},
         ["a: 1, acknowledged absent"]),
        ([("a", 1, "acknowledged"), ("a", 2, "refused")], {"a": [1]}, []),
        ([("a", 1, "acknowledged"), ("a", 2, "refused")], {"a": [2]}, ["a: 2, acknowledged 1"]),
        ([("a", 1, "refused")], {"a": [1]}, ["a: 1, acknowledged absent"]),
        ([("a", 1, "acknowledged"), ("a", 2, "unknown")], {"a": [1]}, []),
        ([("a", 1, "acknowledged"), ("a", 2, "unknown")], {"a": [2]}, []),
        ([("a", 1, "acknowledged"), ("a", 2, "unknown")], {}, ["a: absent, acknowledged 1 or 2"]),
        ([("a", 1, "unknown")], {}, []),
        ([("a", 1, "acknowledged")], {"a": [1, 2]}, ["a: 1 or 2, acknowledged 1"]),
    ],
)  # fmt: skip
def test_the_book_tells_what_is_not_as_it_was_acknowledged(
    entries: list[tuple[str, int | None, str]], found: dict[str, list[int]], wrong: list[str]
) -> None:
    assert list(booked(*entries).wrong(found)) == wrong


def test_the_book_knows_how_many_documents_there_must_be() -> None:
    page = booked(("a", 1, "acknowledged"), ("b", 2, "acknowledged"), ("a", None, "acknowledged"))
    assert page.live == 1
    page.note(Write("c", 3), "unknown")
    assert page.live is None
