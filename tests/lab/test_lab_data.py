"""The source holds one index of every kind, reset takes it all away, and state sees every change."""

from __future__ import annotations

import pytest

from lab.engines.engine_client import EngineClient, index_path
from lab.filling.load import load, small_names
from lab.filling.shapes import EDGE_NAMES
from lab.reset import reset
from lab.state import state

SMALL = 12


@pytest.fixture(scope="module")
def loaded(lab):
    reset(lab)
    summary = load(lab, documents=2000, small_indices=SMALL, seed=7)
    with EngineClient(lab.source) as engine:
        yield lab, summary, engine
    reset(lab)


def test_counts_are_those_of_the_engine(loaded):
    _, summary, engine = loaded
    assert 2000 < summary.documents < 6000
    for name in ("orders", "orders-nested", *EDGE_NAMES, *small_names(SMALL)):
        assert engine.call("GET", index_path(name, "/_count"))["count"] == summary.indices[name] > 0
    assert summary.indices["empty-index"] == 0


def test_names_are_odd(loaded):
    _, summary, _ = loaded
    assert {len(name.encode()) for name in summary.indices} >= {200}
    assert any("%" in name for name in summary.indices)
    assert any(not name.isascii() for name in summary.indices)
    assert any("+" in name for name in summary.indices)


def test_nested_documents_count_apart(loaded):
    _, summary, engine = loaded
    rows = engine.call("GET", "/_cat/indices/orders-nested", format="json")
    assert int(rows[0]["docs.count"]) > summary.indices["orders-nested"]
    query = {"query": {"nested": {"path": "lines", "query": {"term": {"lines.goods": "oar"}}}}}
    assert engine.call("POST", "/orders-nested/_count", query)["count"] > 0


def test_routing_is_required_and_used(loaded):
    _, _, engine = loaded
    hit = engine.call("POST", "/customers/_search", {"size": 1})["hits"]["hits"][0]
    assert hit["_routing"] == hit["_source"]["country"]
    assert "routing is required" in str(engine.call("GET", f"/customers/_doc/{hit['_id']}", ok=(400,)))


def test_aliases_filter_route_and_write(loaded):
    _, summary, engine = loaded
    assert 0 < engine.call("GET", "/orders-open/_count")["count"] < summary.indices["orders"]
    aliases = engine.call("GET", "/_alias")
    assert aliases["customers"]["aliases"]["customers-ch"]["index_routing"] == "CH"
    writers = [name for name in aliases if aliases[name]["aliases"].get("invoices", {}).get("is_write_index")]
    assert writers == ["invoices-000002"]


def test_the_data_stream_has_two_backing_indices(loaded):
    _, summary, engine = loaded
    (stream,) = engine.call("GET", "/_data_stream")["data_streams"]
    backing = [each["index_name"] for each in stream["indices"]]
    assert (stream["name"], len(backing)) == ("logs-web", 2)
    assert [summary.indices[name] for name in backing] == [125, 125]


def test_closed_hidden_and_system_like_indices(loaded):
    _, summary, engine = loaded
    rows = engine.call("GET", "/_cat/indices", format="json", expand_wildcards="all", h="index,status,health")
    listed = {row["index"]: row for row in rows}
    assert summary.closed == ("archive-2024",)
    assert listed["archive-2024"]["status"] == "close"
    assert listed["weather"]["health"] == "yellow"
    assert {".kibana_1", ".opendistro-job-scheduler-lock", ".hidden-audit", "hidden-metrics"} <= set(listed)
    assert ".kibana" in engine.call("GET", "/_alias/.kibana")[".kibana_1"]["aliases"]
    visible = {row["index"] for row in engine.call("GET", "/_cat/indices", format="json", h="index")}
    assert "hidden-metrics" not in visible


def test_sequence_numbers_have_a_history(loaded):
    _, summary, engine = loaded
    shards = engine.call("GET", "/orders/_stats", level="shards")["indices"]["orders"]["shards"].values()
    operations = sum(each[0]["seq_no"]["max_seq_no"] + 1 for each in shards)
    assert len(shards) == 3
    assert operations > summary.indices["orders"]


def test_custom_analyzers_where_the_engine_has_them(loaded):
    lab, _, engine = loaded
    assert lab.has_analysis == ("catalog" in engine.call("GET", "/_alias"))
    if lab.has_analysis:
        body = {"query": {"match": {"title": "paddle"}}}
        assert engine.call("POST", "/catalog/_count", body)["count"] > 0, "a synonym of oar"


def test_state_sees_changes_and_reset_undoes_them(clean_lab, call, s3_repository):
    lab = clean_lab
    new = state(lab, "source")
    assert (new["indices"], new["repositories"], state(lab, "target")) == ({}, {}, new)
    call("source", "PUT", "/seen/_doc/1", {"a": 1}).raise_for_status()
    one = state(lab, "source")
    call("source", "PUT", "/seen/_doc/2", {"a": 2}).raise_for_status()
    two = state(lab, "source")
    assert (one["indices"]["seen"]["documents"], two["indices"]["seen"]["documents"]) == (1, 2)
    assert state(lab, "source") == two
    call("source", "PUT", "/_snapshot/r", s3_repository(region="us-east-1")).raise_for_status()
    call("source", "PUT", "/_snapshot/r/s?wait_for_completion=true").raise_for_status()
    assert state(lab, "source")["snapshots"] == {"r": {"s": "SUCCESS"}}
    setting = {"persistent": {"cluster.max_shards_per_node": "900"}}
    call("source", "PUT", "/_cluster/settings", setting).raise_for_status()
    pattern = {"index_patterns": ["x-*"]}
    call("source", "PUT", "/_index_template/t", pattern).raise_for_status()
    changed = state(lab, "source")
    assert all(changed[part] != two[part] for part in ("templates", "cluster_settings", "repositories"))
    reset(lab)
    assert state(lab, "source") == new


def test_reset_ends_a_running_snapshot_and_empties_the_bucket(clean_lab, call, s3_repository):
    import boto3

    lab = clean_lab
    bulk = ({"index": {"_index": f"big-{number % 9}"}} for number in range(9000))
    with EngineClient(lab.source) as engine:
        engine.bulk((action, {"text": "x" * 500}) for action in bulk)
    call("source", "PUT", "/_snapshot/r", s3_repository(region="us-east-1")).raise_for_status()
    assert call("source", "PUT", "/_snapshot/r/s?wait_for_completion=false").status_code == 200
    reset(lab)
    assert state(lab, "source")["indices"] == {}
    session = boto3.Session(lab.access_key_id, lab.secret_access_key, region_name=lab.bucket_region)
    s3 = session.client("s3", endpoint_url=lab.control_url)
    assert s3.list_objects_v2(Bucket=lab.bucket)["KeyCount"] == 0
