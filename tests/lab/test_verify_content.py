"""Level content, acceptance queries, and two domains compared without a plan, on real engines."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from migrations import Desk, Ended, engine

SETTINGS = {"number_of_shards": 2, "number_of_replicas": 0}
NESTED = {"properties": {"lines": {"type": "nested", "properties": {"n": {"type": "long"}}}}}
TOTAL = {"total": {"sum": {"field": "n"}}}


def put_raw(desk: Desk, side: str, path: str, text: str) -> None:
    """A document as this text has it."""
    domain = desk.lab.domain(side)
    headers = {"content-type": "application/json", **domain.operator}
    reply = requests.put(domain.engine_url + path, data=text.encode(), headers=headers, timeout=60)
    assert reply.ok, reply.text


@pytest.fixture
def copied(desk: Desk) -> Desk:
    """An index with routed and nested documents, and an empty one, moved by a plan that asks for contents."""
    index = {"settings": SETTINGS, "mappings": NESTED, "aliases": {"shop": {"filter": {"term": {"n": 1}}}}}
    engine(desk.lab, "source", "PUT", "/orders", index)
    for number in range(12):
        routing = "?routing=r" if number % 3 == 0 else ""
        put_raw(
            desk, "source", f"/orders/_doc/{number}{routing}", f'{{"n": {number}, "lines": [{{"n": 1}}]}}'
        )
    put_raw(desk, "source", "/orders/_doc/exact", '{"n": 1.10, "note": "\\u00e9"}')
    query = {"index": "orders", "query": {"range": {"n": {"gte": 1}}}, "equal": True, "aggs": TOTAL}
    some = {"index": "shop", "query": {"match_all": {}}, "expect": {"min": 1, "max": 2}}
    verify = {"level": "content", "sample": 1.0, "queries": [query, some]}
    engine(desk.lab, "source", "PUT", "/empty")  # without a mapping
    desk.write(indices={"include": ["orders", "empty"]}, verify=verify)
    ended = desk.run("migrate", "--execute")
    assert ended.code == 0, str(ended)
    return desk


def the_verdict(ended: Ended) -> dict[str, Any]:
    """Of the index that has documents."""
    (verdict,) = [each for each in ended.json["verdicts"] if each["source"] != "empty"]
    return verdict


def test_every_difference_of_contents_is_named(copied: Desk) -> None:
    equal = copied.run("verify", "--json")
    assert equal.code == 0, str(equal)
    assert "13 documents compared" in the_verdict(equal)["detail"]
    assert [each["outcome"] for each in equal.json["general"]] == ["equal", "equal"]

    # a write on each side under one number: the figures of operations stay equal
    put_raw(copied, "source", "/orders/_doc/exact", '{"n": 1.1}')
    put_raw(copied, "target", "/orders/_doc/exact", '{"n": 1.10}')
    by_operations = copied.run("verify", "--level", "operations", "--json")
    assert (by_operations.code, the_verdict(by_operations)["documents"]) == (0, [])
    found = copied.run("verify", "--json")
    (document,) = the_verdict(found)["documents"]
    assert (found.code, document["id"], document["kind"]) == (4, "exact", "other content")
    assert "document exact" in copied.run("verify").out

    lab = copied.lab
    engine(lab, "target", "PUT", "/orders/_mapping", {"properties": {"new": {"type": "ip"}}})
    engine(lab, "target", "PUT", "/orders/_settings", {"index.max_result_window": 5})
    engine(lab, "target", "PUT", "/orders/_alias/shop", {})
    engine(lab, "target", "DELETE", "/orders/_doc/3?routing=r")
    engine(lab, "target", "PUT", "/orders/_doc/surplus", {"n": 100})
    template = {"index_patterns": ["ord*"], "template": {"settings": {"number_of_replicas": 0}}}
    engine(lab, "source", "PUT", "/_index_template/for-orders", template)
    try:
        found = copied.run("verify", "--json")
    finally:
        engine(lab, "source", "DELETE", "/_index_template/for-orders")
    verdict = the_verdict(found)
    for said in (
        "mapping: properties.new.type is absent on the source, ip on the target",
        "setting: index.max_result_window is absent on the source, 5 on the target",
        "alias: shop is absent on the source, {} on the target",
    ):
        assert said in verdict["detail"], verdict["detail"]
    named = {(each["id"], each["routing"]): each["kind"] for each in verdict["documents"]}
    assert named == {
        ("exact", None): "other content",
        ("3", "r"): "missing on the target",
        ("surplus", None): "surplus on the target",
    }
    general = [(each["what"], each["place"], each["outcome"]) for each in found.json["general"]]
    assert general == [
        ("query", "orders", "different"),
        ("query", "shop", "different"),
        ("template", "for-orders", "different"),
    ]


def test_two_domains_are_compared_without_a_plan(copied: Desk) -> None:
    lab = copied.lab
    places = ("--source", lab.source.endpoint, "--target", lab.target.endpoint)
    regions = ("--source-region", lab.source.region, "--target-region", lab.target.region)
    alone = (*places, *regions, "--indices", "ord*", "--level", "content")
    equal = copied.command("verify", *alone)
    assert equal.code == 0, str(equal)
    put_raw(copied, "target", "/orders/_doc/1", '{"n": 2}')
    differing = copied.command("verify", *alone, "--sample", "1.0", "--json")
    (document,) = the_verdict(differing)["documents"]
    assert (differing.code, document["id"], document["kind"]) == (4, "1", "other content")
    renamed = copied.command("verify", *alone, "--rename", "orders=sales", "--json")
    assert (renamed.code, the_verdict(renamed)["outcome"]) == (4, "not compared")
    unsigned = copied.command("verify", *places, "--indices", "orders")
    assert unsigned.code == 3, str(unsigned)
    assert copied.command("verify", *places, "--indices", "orders", "--sample", "1").code == 2


def test_an_index_that_keeps_no_sources_is_not_compared(desk: Desk) -> None:
    for side in ("source", "target"):
        index = {"settings": SETTINGS, "mappings": {"_source": {"excludes": ["secret"]}}}
        engine(desk.lab, side, "PUT", "/parts", index)
    desk.write(indices={"include": ["parts"]}, verify={"level": "content"})
    ended = desk.run("verify", "--json")
    assert (ended.code, the_verdict(ended)["outcome"]) == (4, "not compared")
    assert "source: its mapping keeps only a part of _source" in the_verdict(ended)["detail"]
