"""What is read of every index survives one that hides its metadata, and a domain that may not be changed.

The replies are those that real engines gave (OpenSearch 3.6.0; 7.10.2 and 2.19.4 alike).
"""

from typing import Any

import pytest
from support.building import a_domain, an_index
from support.fake_domain import FakeDomain, ReceivedRequest, Reply, engine_error, ok

from domains.engine.catalog import Stream, catalog
from domains.engine.comparison.metadata_digests import digests
from domains.engine.comparison.seq_no_figures import closed_sizes
from domains.engine.every_index import blocks_in_force, every_definition
from domains.engine.indices.index_opening import aliases, opening_settings
from domains.engine.indices.write_blocks import Blocks, archived_settings, blocks
from domains.engine.shard_stats import marks
from domains.errors import Blocked
from domains.http.block_refusals import Block

REFUSED = engine_error(
    403, "cluster_block_exception", "index [hidden] blocked by: [FORBIDDEN/9/index metadata (api)];"
)
METADATA = {"9": {"description": "index metadata (api)", "levels": ["metadata_read", "metadata_write"]}}
WRITE = {"8": {"description": "index write (api)", "levels": ["write"]}}
FLAT = {
    "index.uuid": "u-hidden",
    "index.number_of_shards": "2",
    "index.number_of_replicas": "0",
    "index.version.created": "137287827",
    "index.blocks.metadata": "true",
    "index.blocks.write": "true",
    "archived.index.x": "1",
}
NESTED = {
    "index": {
        "uuid": "u-hidden",
        "number_of_shards": "2",
        "number_of_replicas": "0",
        "version": {"created": "137287827"},
    }
}
STATE = {"state": "open", "aliases": ["al"], "mappings": {"_doc": {"properties": {"a": {"type": "keyword"}}}}}
PLAIN = {"settings": {"index.number_of_replicas": "1"}, "mappings": {}, "aliases": {"own": {}}}


@pytest.fixture
def hiding(source: FakeDomain) -> FakeDomain:
    """A domain with an index that hides its metadata, and one that does not."""

    def unless_hidden(reply: Any) -> Any:
        return lambda asked: reply if "*,-hidden" in asked.path else REFUSED

    def state(asked: ReceivedRequest) -> Reply:
        settings = FLAT if asked.query.get("flat_settings") else NESTED
        return ok({"metadata": {"indices": {"hidden": {**STATE, "settings": settings}}}})

    row = {"index": "plain", "uuid": "u", "status": "open", "pri": "1", "rep": "1", "docs.count": "3",
           "pri.store.size": "9", "health": "green"}  # fmt: skip
    source.on("GET /_cat/indices.*", unless_hidden(ok([row])))
    source.on("GET /.*/_settings", unless_hidden(ok({"plain": {"settings": PLAIN["settings"]}})))
    source.on("GET /.*/_alias", unless_hidden(ok({"plain": {"aliases": PLAIN["aliases"]}})))
    source.on(r"GET /(_all|\*,-hidden)", unless_hidden(ok({"plain": PLAIN})))
    shards = {"0": [{"routing": {"primary": True}, "seq_no": {"max_seq_no": 4, "global_checkpoint": 4}}]}
    stats = ok({"indices": {"plain": {"shards": shards, "primaries": {"store": {"size_in_bytes": 7}}}}})
    source.on("GET /.*/_stats/.*", unless_hidden(stats))
    source.on(
        "GET /_cluster/state/metadata", ok({"metadata": {"indices": {"plain": {"primary_terms": {"0": 1}}}}})
    )
    source.on("GET /_cluster/state/metadata/hidden", state)
    source.on("GET /_cluster/state/blocks", ok({"blocks": {"indices": {"hidden": {**METADATA, **WRITE}}}}))
    return source.on("GET /_data_stream", ok({"data_streams": []}))


def as_it_is(_name: str, entry: Any) -> Any:
    return entry


def test_the_catalog_holds_it_with_what_the_cluster_state_knows(hiding: FakeDomain) -> None:
    found = catalog(a_domain(hiding))
    plain, hidden = found.indices["plain"], found.indices["hidden"]
    assert (plain.documents, plain.bytes, [alias.name for alias in plain.aliases]) == (3, 9, ["own"])
    assert hidden == an_index(
        "hidden", uuid="u-hidden", shards=2, replicas=0, documents=None, bytes=None, created_id=137287827,
        aliases=("al",), health="",
    )  # fmt: skip
    assert hiding.changing == []


def test_every_other_read_of_all_indices_goes_on_without_it(hiding: FakeDomain) -> None:
    domain = a_domain(hiding)
    assert blocks(domain) == {"hidden": Blocks(write=True, others=())}
    assert archived_settings(domain) == {"hidden": ("archived.index.x",)}
    assert opening_settings(domain)["hidden"] == {"index.number_of_replicas": "0"}
    assert aliases(domain) == {"plain": {"own": {}}, "hidden": {"al": {}}}
    assert every_definition(domain, "*.mappings", as_it_is)["hidden"]["mappings"] == STATE["mappings"]["_doc"]
    assert digests(domain, ["plain", "hidden"]).mappings.keys() == {"plain", "hidden"}
    assert marks(domain, ["plain", "hidden"]).keys() == {"plain"}
    assert closed_sizes(domain) == {"plain": 7}


def test_without_a_refusal_nothing_more_is_asked(source: FakeDomain) -> None:
    source.on("GET /_all", ok({"plain": PLAIN}))
    assert every_definition(a_domain(source), "*.mappings", as_it_is).keys() == {"plain"}
    assert [asked.path for asked in source.requests] == ["/_all"]


def test_a_refusal_that_no_index_explains_is_told_as_it_is(source: FakeDomain) -> None:
    source.on("GET /_all", REFUSED)
    source.on("GET /_cluster/state/blocks", ok({"blocks": {"indices": {"other": WRITE}}}))
    with pytest.raises(Blocked) as caught:
        every_definition(a_domain(source), "*.mappings", as_it_is)
    assert 'PUT /hidden/_settings {"index.blocks.metadata": null}' in caught.value.hint


def test_more_hidden_indices_than_a_request_line_holds_are_named_with_the_way_out(source: FakeDomain) -> None:
    source.on("GET /_all", REFUSED)
    many = {f"{number}-{'x' * 200}": METADATA for number in range(20)}
    source.on("GET /_cluster/state/blocks", ok({"blocks": {"indices": many}}))
    with pytest.raises(Blocked, match="hidden"):
        every_definition(a_domain(source), "*.mappings", as_it_is)


def test_data_streams_are_listed_where_the_domain_refuses_every_change(hiding: FakeDomain) -> None:
    """Engines take the list for a change."""
    said = "blocked by: [FORBIDDEN/6/cluster read-only (api)];"
    hiding.on("GET /_data_stream", engine_error(403, "cluster_block_exception", said))
    stream = {"name": "logs", "indices": [{"index_name": "plain", "index_uuid": "u"}], "generation": 1}
    told = {"cluster_uuid": "c", "data_stream": {"data_stream": {"logs": stream}}}
    hiding.on("GET /_cluster/state/metadata", ok({"metadata": told}))
    assert catalog(a_domain(hiding)).streams == {"logs": Stream("logs", ("plain",))}


def test_blocks_are_told_by_index_and_for_the_whole(source: FakeDomain) -> None:
    whole = {"6": {"description": "cluster read-only (api)", "levels": ["write", "metadata_write"]}}
    source.on("GET /_cluster/state/blocks", ok({"blocks": {"global": whole, "indices": {"a": WRITE}}}))
    found = blocks_in_force(a_domain(source))
    assert found.whole == (Block("", 6, "cluster read-only (api)"),)
    assert found.indices == {"a": (Block("a", 8, "index write (api)"),)}
    assert found.refusing == frozenset()
