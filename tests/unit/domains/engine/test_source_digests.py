"""Contents as they were sent: nothing of a document is lost before it is compared."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.building import a_domain
from support.fake_domain import FakeDomain, Reply, ok

from domains.engine.comparison.source_digests import look_up, page
from domains.errors import UnexpectedReply
from domains.http.bodies import ReplyTooLong
from domains.http.parsing import digest, parse_lossless
from domains.versions import version_of

NEW = version_of("opensearch", "3.6.0")
OLD = version_of("elasticsearch", "7.10.2")
LARGE = 10**6


def same(left: str, right: str) -> bool:
    return digest(parse_lossless(left)) == digest(parse_lossless(right))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ('{"n": 1.10}', '{"n": 1.1}'),
        ('{"n": 1}', '{"n": 1.0}'),
        ('{"n": 1}', '{"n": "1"}'),
        ('{"n": 1e400}', '{"n": 1e401}'),
        ('{"n": 9007199254740993}', '{"n": 9007199254740992.0}'),
        ('{"n": -0}', '{"n": 0}'),
        ('{"n": null}', "{}"),
        ('{"a": 1, "b": 2}', '{"b": 2, "a": 1}'),
        ('{"a": 1, "a": 2}', '{"a": 2}'),
        ('{"a": 1, "a": 2}', '{"a": 2, "a": 1}'),
        ('{"a": [1]}', '{"a": 1}'),
        ('{"a": [["b", 1]]}', '{"a": {"b": 1}}'),
        ('{"a": {"o": [["b", 1]]}}', '{"a": {"b": 1}}'),
        ('{"a": {"n": "1"}}', '{"a": 1}'),
        ('{"a": "é"}', '{"a": "e\u0301"}'),
    ],
)
def test_what_json_tells_apart_is_told_apart(left: str, right: str) -> None:
    assert not same(left, right)
    assert same(left, left) and same(right, right)


@pytest.mark.parametrize(
    ("left", "right"),
    [('{"a":1}', '{ "a" :\n 1 }'), (r'{"a":"\u0041\/\ud83d\ude00"}', '{"a":"A/😀"}'), ("{}", "{ }")],
)
def test_spaces_and_ways_to_write_a_character_are_no_difference(left: str, right: str) -> None:
    assert same(left, right)


def test_a_lone_half_of_a_character_has_a_digest() -> None:
    assert not same(r'{"a":"\ud800"}', r'{"a":"\ud801"}')


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES, VALUES)
def test_two_documents_have_one_digest_only_when_they_are_one_text(left: Any, right: Any) -> None:
    one, other = (json.dumps({"v": value}) for value in (left, right))
    assert same(one, other) is (one == other)


def hit(number: int, key: str, source: str, routing: str | None = None) -> str:
    routed = f'"_routing": {json.dumps(routing)}, ' if routing is not None else ""
    return f'{{"_index": "a", "_id": {json.dumps(key)}, {routed}"_source": {source}, "sort": [{number}]}}'


def answer(*hits: str, successful: int = 1, total: int = 1, timed_out: str = "false") -> Reply:
    shards = f'{{"total": {total}, "successful": {successful}, "failed": 0}}'
    text = f'{{"timed_out": {timed_out}, "_shards": {shards}, "hits": {{"hits": [{", ".join(hits)}]}}}}'
    return Reply(200, text)


def asked_of(fake: FakeDomain, version: Any = NEW, longest: int = LARGE) -> Any:
    within = [(0, 9), (20, None)]
    return page(a_domain(fake), version, "a", 1, within=within, size=5, longest=longest).documents


def test_a_page_is_read_from_the_primary_without_pipelines(source: FakeDomain) -> None:
    source.on("POST /a/_search", answer(hit(3, "x", '{"n": 1.10}'), hit(20, "y", "{}", "here")))
    found = asked_of(source)
    assert [(each.key, each.seq_no) for each in found] == [(("x", None), 3), (("y", "here"), 20)]
    (asked,) = source.requests
    assert asked.query["preference"] == "_shards:1|_primary"
    assert asked.query["allow_partial_search_results"] == "false"
    assert (asked.json["search_pipeline"], asked.json["size"]) == ({}, 5)
    ranges = [each["range"]["_seq_no"] for each in asked.json["query"]["bool"]["filter"][0]["bool"]["should"]]
    assert ranges == [{"gte": 0, "lte": 9}, {"gte": 20}]
    asked_of(source, OLD)
    assert source.requests[1].query["preference"] == "_shards:1"
    assert "search_pipeline" not in source.requests[1].json


@pytest.mark.parametrize(
    "bad",
    [
        answer(successful=0),
        answer(total=2, successful=2),
        answer(timed_out="true"),
        answer('{"_id": "x", "sort": [1]}'),
        answer('{"_id": "x", "_source": {}, "sort": []}'),
        Reply(200, "[]"),
        Reply(200, '{"took": 1'),
        Reply(200, '{"a":' * 3000 + "1" + "}" * 3000),
    ],
)
def test_half_an_answer_is_none(source: FakeDomain, bad: Reply) -> None:
    source.on("POST /a/_search", bad)
    with pytest.raises(UnexpectedReply):
        asked_of(source)


def test_a_reply_that_is_too_long_is_not_held(source: FakeDomain) -> None:
    source.on("POST /a/_search", answer(hit(1, "x", json.dumps({"t": "x" * 3_000_000}))))
    with pytest.raises(ReplyTooLong):
        asked_of(source, longest=1000)
    assert len(asked_of(source, longest=4_000_000)) == 1


def test_other_replies_of_the_same_connection_are_parsed_as_ever(source: FakeDomain) -> None:
    source.on("POST /a/_search", answer(hit(1, "x", "{}"))).on("GET /", ok({"n": 1.1}))
    domain = a_domain(source)
    page(domain, NEW, "a", 0, within=[(0, None)], size=1, longest=LARGE)
    assert domain.connection.read("GET", "/") == {"n": 1.1}


def test_documents_are_looked_up_by_id_and_routing(source: FakeDomain) -> None:
    docs = [
        '{"_id": "x", "found": true, "_seq_no": 4, "_source": {"n": 1}}',
        '{"_id": "y", "_routing": "there", "found": true, "_seq_no": 5, "_source": {}}',
        '{"_id": "z", "found": false}',
    ]
    source.on("POST /a/_mget", Reply(200, f'{{"docs": [{", ".join(docs)}]}}'))
    keys = [("x", None), ("y", "here"), ("z", None)]
    found = look_up(a_domain(source), NEW, "a", keys, longest=LARGE)
    assert {key: each.seq_no for key, each in found.items()} == {("x", None): 4}
    (asked,) = source.requests
    assert asked.json["docs"][1] == {"_id": "y", "routing": "here"}
    assert asked.query["realtime"] == "false"


@pytest.mark.parametrize(
    "docs", ['[{"_id": "x", "error": {"type": "t", "reason": "r"}}]', "[]", '[{"_id": "x", "found": true}]']
)
def test_a_document_that_cannot_be_looked_up_is_not_taken_for_missing(source: FakeDomain, docs: str) -> None:
    source.on("POST /a/_mget", Reply(200, f'{{"docs": {docs}}}'))
    with pytest.raises(UnexpectedReply):
        look_up(a_domain(source), NEW, "a", [("x", None)], longest=LARGE)
