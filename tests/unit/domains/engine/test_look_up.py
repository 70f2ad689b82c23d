"""Single documents are looked up by id and routing, with and without their sources."""

from __future__ import annotations

import pytest
from support.building import a_domain
from support.fake_domain import FakeDomain, ReceivedRequest, Reply, ok

from domains.engine.raw_documents import look_up
from domains.versions import version_of

V3 = version_of("opensearch", "3.6.0")


def engine(asked: ReceivedRequest) -> Reply:
    """One document with a routing: without a source, an engine tells its routing only when asked."""
    with_source = asked.query["_source"] == "true"
    told = "_routing" if with_source else asked.query.get("stored_fields", "")
    document = {"_id": "1", "found": True, "_version": 1, "_seq_no": 4, "_primary_term": 1}
    document |= {"_routing": "r"} if told == "_routing" else {}
    document |= {"_source": {"n": 1}} if with_source else {}
    return ok({"docs": [document for _ in asked.json["docs"]]})


@pytest.mark.parametrize("sources", [True, False])
def test_a_document_with_a_routing_is_found_under_it_and_under_no_other(
    source: FakeDomain, sources: bool
) -> None:
    source.on("POST /a/_mget", engine)
    keys = [("1", "r"), ("1", "other"), ("1", None)]
    found = look_up(a_domain(source), V3, "a", keys, sources=sources)
    assert list(found) == [("1", "r")]
