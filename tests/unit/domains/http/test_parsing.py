"""JSON of replies: parsed as it is, entry by entry where there are many, and refused where it is none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.http.bodies import BadBody, LongBody
from domains.http.json_replies import text
from domains.http.parsing import digest, entries, parse, parse_lossless

pytestmark = pytest.mark.slow

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NUMBERS = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(TEXTS, below, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(TEXTS, VALUES, max_size=5)
INDENTS = st.sampled_from([None, 0, 2, "\t"])


def kept(within: tuple[str, ...], body: bytes) -> dict[str, Any]:
    """The entries of a reply, each as it is."""
    return entries(within, lambda _, value: value).parse(body)


@given(OBJECTS, INDENTS, st.booleans())
def test_entries_are_those_of_the_whole_document(document: Any, indent: Any, escaped: bool) -> None:
    body = json.dumps(document, indent=indent, ensure_ascii=escaped).encode()
    assert kept((), body) == document == parse(body)


@given(OBJECTS, OBJECTS, OBJECTS)
def test_entries_are_found_among_other_parts(before: Any, wanted: Any, after: Any) -> None:
    document = {"_before": before, "a": {"x": after, "b": wanted, "y": after}, "_after": after}
    assert kept(("a", "b"), json.dumps(document).encode()) == wanted
    assert kept(("a", "nowhere"), json.dumps(document).encode()) == {}


@given(OBJECTS, st.data())
def test_a_document_that_was_cut_or_changed_never_crashes(document: Any, data: Any) -> None:
    body = bytearray(json.dumps(document).encode())
    place = data.draw(st.integers(0, len(body) - 1))
    changed = bytes(body[:place]) + data.draw(st.binary(max_size=3)) + bytes(body[place + 1 :])
    for read in (parse, lambda text: kept((), text)):
        try:
            read(changed)
        except BadBody:
            continue


@pytest.mark.parametrize(
    "body",
    [
        b"[1]", b'"x"', b"", b"{", b'{"a"}', b'{"a":}', b'{"a":1,,"b":2}', b'{"a":1}x', b'{"a":1 "b":2}',
        b'{1:2}', b'{"a":1,"a":2}', b'{"a":{"b":1,"b":2}}', b'{"a":[1}}', b'{"a":"x', b'{"a":nul}',
        b'{"a":' + b"[" * 2000,
    ],
)  # fmt: skip
def test_what_is_no_object_has_no_entries(body: bytes) -> None:
    with pytest.raises(BadBody):
        kept((), body)


@pytest.mark.parametrize("digits", ["1" * 19, str(2**64 - 1), str(-(2**63)), "0", "-7"])
def test_whole_numbers_of_the_engine_stay_whole(digits: str) -> None:
    assert parse(b'{"a":%s}' % digits.encode()) == {"a": int(digits)}


def test_half_a_surrogate_pair_is_no_name_but_may_be_in_a_mapping() -> None:
    """2.19.4 returns such a field as it was written."""
    reply = parse(b'{"a\\ud800": "b\\ud800"}')
    assert reply == {"a\ud800": "b\ud800"}
    with pytest.raises(ValueError, match="surrogates"):
        text(reply["a\ud800"])


def test_what_becomes_too_large_in_memory_is_not_parsed() -> None:
    dense = b'{"a":[' + b"{}," * 1_500_000 + b"{}]}"
    with pytest.raises(LongBody, match="memory"):
        parse(dense)
    with pytest.raises(LongBody, match="memory"):
        kept((), dense)
    assert kept(("b",), dense) == {}


def test_a_document_too_deep_for_a_digest_is_an_error_of_its_own() -> None:
    deep = parse_lossless('{"a":' * 600 + "1" + "}" * 600)
    with pytest.raises(ValueError, match="nested too deeply"):
        digest(deep)
