"""Documents by their numbers: all of them or an error, page by page, and what each has now.

The other side is a fake; real engines answer in tests/lab/test_verify.py.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.building import a_domain
from support.fake_domain import FakeDomain, engine_error, ok
from support.shards import V3, Engine, Shard, sides

from domains.engine.comparison.documents import Key, SeqNoRange, last_seq_nos, list_documents, page_sizes
from domains.errors import DomainError, UnexpectedReply


def holding(*names: tuple[str, str | None]) -> Engine:
    shard = Shard()
    for name in names:
        shard.write(*name)
    return Engine({"a": [shard]}, window=1000)


def domain_of(engine: Engine) -> Any:
    return sides(engine, engine).source


@given(count=st.integers(0, 30), page=st.integers(1, 12), low=st.integers(0, 30), high=st.integers(0, 30))
def test_every_document_in_reach_is_listed_whatever_the_page(
    count: int, page: int, low: int, high: int
) -> None:
    engine = holding(*((f"d{n}", "r" if n % 3 else None) for n in range(count)))
    whole, part = SeqNoRange("a", 0, 0, 100, page), SeqNoRange("a", 0, low, high, page)
    found = list_documents(domain_of(engine), V3, [whole, part])
    everything = {Key(f"d{n}", "r" if n % 3 else None): n for n in range(count)}
    assert found == [everything, {key: n for key, n in everything.items() if low <= n < high}]
    assert engine.most_hits <= page


def test_several_pages_take_one_request_each(source: FakeDomain) -> None:
    engine = holding(*((f"d{n}", None) for n in range(10)))
    list_documents(domain_of(engine), V3, [SeqNoRange("a", 0, 0, 10, 4), SeqNoRange("a", 0, 0, 5, 4)])
    assert engine.requests == ["POST /_msearch"] * 3


@pytest.mark.parametrize(
    "bad",
    [
        {"timed_out": True, "_shards": {"total": 1, "successful": 1, "failed": 0}, "hits": {"hits": []}},
        {"timed_out": False, "_shards": {"total": 1, "successful": 0, "failed": 1}, "hits": {"hits": []}},
        {"timed_out": False, "_shards": {"total": 2, "successful": 2, "failed": 0}, "hits": {"hits": []}},
        {"error": {"type": "index_closed_exception", "reason": "closed"}},
        {"timed_out": False, "_shards": {"total": 1, "successful": 1, "failed": 0}},
    ],
)
def test_half_a_list_is_an_error(source: FakeDomain, bad: Any) -> None:
    source.on("POST /_msearch", ok({"responses": [bad]}))
    with pytest.raises(UnexpectedReply):
        list_documents(a_domain(source), V3, [SeqNoRange("a", 0, 0, 10, 4)])


def test_numbers_are_told_by_id_and_routing() -> None:
    engine = holding(("x", None), ("y", "r"))
    wanted = [("a", Key("x")), ("a", Key("y", "r")), ("a", Key("y")), ("a", Key("z"))]
    assert last_seq_nos(domain_of(engine), wanted) == [0, 1, None, None]
    assert last_seq_nos(domain_of(engine), []) == []


def test_many_are_looked_up_a_thousand_at_a_time() -> None:
    engine = holding(("x", None))
    assert last_seq_nos(domain_of(engine), [("a", Key("x"))] * 2500) == [0] * 2500
    assert engine.requests == ["POST /_mget"] * 3


NOT_FOUND = {"_id": "x", "found": False}


@pytest.mark.parametrize(
    "docs",
    [
        [{"_id": "x", "error": {"type": "index_not_found_exception", "reason": "no such index"}}],
        [{"_id": "another", "found": False}],
        [NOT_FOUND, NOT_FOUND],
        [],
        [{"_id": "x"}],
        [{"_id": "x", "found": True}],
    ],
)
def test_a_document_that_could_not_be_looked_up_is_not_taken_for_absent(
    source: FakeDomain, docs: Any
) -> None:
    source.on("POST /_mget", ok({"docs": docs}))
    with pytest.raises(UnexpectedReply):
        last_seq_nos(a_domain(source), [("a", Key("x"))])


def test_page_sizes_are_what_the_indices_allow(source: FakeDomain) -> None:
    told = {"a": {"settings": {"index.max_result_window": "50"}}, "b": {"settings": {}}}
    source.on("GET /a,b,c/_settings/index.max_result_window", ok(told))
    assert page_sizes(a_domain(source), ["a", "b", "c"]) == {"a": 50, "b": 10_000, "c": 10_000}
    source.on("GET .*", engine_error(403, "security_exception", "no permissions"))
    with pytest.raises(DomainError):
        page_sizes(a_domain(source), ["a"])
