"""Replies with documents: each `_source` stays the exact text that came, and what is broken is refused."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.http.bodies import BadBody
from domains.http.raw_json import raw_documents

pytestmark = pytest.mark.slow

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
BLANKS = st.text(st.sampled_from(" \t\r\n"), max_size=3)
NUMBERS = st.sampled_from(
    ["0", "-0", "1.10", "1e400", "-1E-7", "123456789012345678901234567890", "9" * 5_000, "0.0000000001"]
)
ESCAPES = st.sampled_from([r'"\/"', r'"A"', r'"\ud83d"', r'"\ude00\ud83d"', r'"\\"', r'"\""', r'"}]"'])
SCALARS = NUMBERS | ESCAPES | TEXTS.map(json.dumps) | st.sampled_from(["true", "false", "null"])


@st.composite
def written(draw: Any, below: Any) -> str:
    """An array or object in one of the many ways to write it."""
    values = draw(st.lists(below, max_size=3))
    blank = [draw(BLANKS) for _ in range(4)]
    if draw(st.booleans()):
        return "[" + blank[0] + (blank[1] + "," + blank[2]).join(values) + blank[3] + "]"
    keys = [json.dumps(draw(TEXTS)) for _ in values]
    members = (f"{key}{blank[1]}:{blank[2]}{value}" for key, value in zip(keys, values, strict=True))
    return "{" + blank[0] + ",".join(members) + blank[3] + "}"


VALUES = st.recursive(SCALARS, written, max_leaves=8)
SOURCES = st.builds(lambda fields: "{" + fields + "}", VALUES.map(lambda value: f'"a": {value}'))
READ = raw_documents(("hits", "hits"), 1_000_000)


def a_reply(sources: list[str], around: list[str] | None = None) -> str:
    """A reply of `_search` with these documents.

    Args:
        around: four texts between its parts, which are blanks.
    """
    one, two, three, four = around or [""] * 4
    hits = [
        f'{{"_id"{one}:"{n}","_source"{two}:{three}{each}{four},"sort":[{n}]}}'
        for n, each in enumerate(sources)
    ]
    listed = (one + "," + two).join(hits)
    return (
        f'{three}{{"took":1,"_shards":{{"total":1}},{four}"hits":{{"max_score":null,"hits":[{one}{listed}{two}]}}'
        f"{three}}}{four}"
    )


def read(reply: str) -> list[dict[str, Any]]:
    """The documents of a reply."""
    return READ.parse(reply.encode())["hits"]["hits"]


@given(st.lists(SOURCES, max_size=4), st.lists(BLANKS, min_size=4, max_size=4))
def test_the_text_of_each_document_is_exactly_what_came(sources: list[str], around: list[str]) -> None:
    """Blanks around a document are part of it: engines keep and show them."""
    found = read(a_reply(sources, around))
    assert [each["_source"] for each in found] == [f"{around[2]}{each}{around[3]}" for each in sources]
    assert [(each["_id"], each["sort"]) for each in found] == [(str(n), [n]) for n in range(len(sources))]


@given(SOURCES)
def test_an_mget_reply_is_read_the_same_way(source: str) -> None:
    reply = f'{{"docs":[{{"_id":"1","_source":{source},"found":true}},{{"_id":"2","found":false}}]}}'
    found = raw_documents(("docs",), 1_000_000).parse(reply.encode())["docs"]
    assert found == [{"_id": "1", "_source": source, "found": True}, {"_id": "2", "found": False}]


def test_a_source_in_a_source_belongs_to_the_document() -> None:
    source = '{"_source": 1.10, "hits": {"hits": [{"_source": 2.20}]}}'
    (found,) = read(a_reply([source]))
    assert found["_source"] == source


def test_other_parts_of_a_reply_are_plain_values() -> None:
    found = READ.parse(a_reply(['{"a":1}']).encode())
    assert (found["took"], found["_shards"], found["hits"]["max_score"]) == (1, {"total": 1}, None)


@given(st.lists(SOURCES, min_size=1, max_size=2), st.data())
def test_a_reply_that_was_cut_short_is_never_an_answer(sources: list[str], data: Any) -> None:
    whole = a_reply(sources)
    short = whole[: data.draw(st.integers(0, len(whole) - 1))]
    with pytest.raises(BadBody):
        read(short)


@given(SOURCES, st.data())
def test_a_reply_with_a_changed_byte_never_crashes(source: str, data: Any) -> None:
    body = bytearray(a_reply([source]).encode())
    body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    with suppress(BadBody):
        READ.parse(body)


@pytest.mark.parametrize(
    "source",
    [
        '{"a":1 /* why */}', '/* why */ {"a":1}', '{"a":1} // why\n', "\ufeff{}", '{"a":1}{"b":2}', "{'a':1}",
        '{"a":1,}', '{"a" 1}', '{"a":01}', '{"a":"\n"}', "", "{", '{"a":' + "[" * 100_000,
    ],
)  # fmt: skip
def test_a_document_that_is_no_json_is_refused_and_never_mangled(source: str) -> None:
    """Engines store comments, and a mark of the byte order, as they came: such an index goes by a restore."""
    with pytest.raises(BadBody):
        read(a_reply(['{"fine":1}', source]))


@pytest.mark.parametrize(
    "reply",
    [
        "", "[]", "null", '"x"', "{", "{}x", '{"hits":{"hits":{}}}', '{"hits":{"hits":[1]}}', '{"hits":[]}',
        '{"hits":{"hits":[{}]}', '{"hits":{"hits":[]},"hits":{"hits":[]}}',
        '{"hits":{"hits":[{"_id":"1" "b":2}]}}',
        '{"hits":{"hits":[{"_id":"1","_id":"2"}]}}', '{1:2}', '{"a":1 "b":2}',
    ],
)  # fmt: skip
def test_a_reply_that_is_no_list_of_documents_is_refused(reply: str) -> None:
    with pytest.raises(BadBody):
        read(reply)


def test_a_reply_in_another_encoding_is_refused() -> None:
    with pytest.raises(BadBody):
        READ.parse(a_reply(['{"a":"é"}']).encode("latin-1"))
