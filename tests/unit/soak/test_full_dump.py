"""Full dumps: a document's bytes are cut from a reply as they are, and every difference has its line."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.full_dump import Dump, Live, differences
from tests.support.raw_engine import bytes_of, elements, member, members, text_of

ONE = Live("1", "", 3, b'{"price":1.10}')
OTHER = Live("1", "north", 1, b"{}")


def dumped(*documents: Live, lucene: int = 2) -> Dump:
    return Dump("orders", tuple(sorted(documents)), lucene)


def test_a_source_is_cut_out_byte_by_byte() -> None:
    sources = [
        b' {\n "price" : 1.10 }\n',
        b'{"huge":1e400,"text":"} ] , \\" \\u00e9"}',
        '{"値":[{},[]]}'.encode(),
        b'{"broken":"\xff"}',
    ]
    listed = b",".join(b'{"_id":"1","_source":%s}' % source for source in sources)
    text = text_of(b'{"took":1,"hits":{"total":{"value":4},"hits":[%s]}}' % listed)
    hits = member(text, "hits", member(text, "hits"))
    found = [
        bytes_of(text[start:end])
        for at, _ in elements(text, hits)
        for name, start, end in members(text, at)
        if name == "_source"
    ]
    assert found == sources


@pytest.mark.parametrize(
    ("target", "line"),
    [
        (dumped(ONE), 'orders: only the source has "1" (routing north), version 1'),
        (dumped(ONE, OTHER, Live("2", "", 1, b"{}")), 'orders: only the target has "2", version 1'),
        (dumped(replace(ONE, version=4), OTHER), 'orders: "1": version 3 on the source, 4 on the target'),
        (
            dumped(replace(ONE, source=b'{"price":1.1}'), OTHER),
            """orders: "1": the same JSON in other bytes from byte 12 on: b'price":1.10}' / b'price":1.1}'""",
        ),
        (
            dumped(replace(ONE, source=b'{"price":2.10}'), OTHER),
            """orders: "1": content from byte 9 on: b'{"price":1.10}' / b'{"price":2.10}'""",
        ),
        (dumped(ONE, OTHER, OTHER), 'orders: the target has "1" (routing north) 2 times'),
        (
            dumped(ONE, OTHER, lucene=1),
            "orders: 2 documents with the nested ones on the source, 1 on the target",
        ),
        (dumped(replace(ONE, routing="x"), OTHER), 'orders: only the source has "1", version 3'),
    ],
)
def test_every_difference_has_its_line(target: Dump, line: str) -> None:
    assert line in differences(dumped(ONE, OTHER), target)
    assert differences(target, target) == [] or "times" in line
