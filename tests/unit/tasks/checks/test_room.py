"""Checks of the target's room: disks, shards, zones, copies and requests."""

from __future__ import annotations

from typing import Any

import pytest
from support.building import a_domain, a_plan, identity_reply
from support.engine import FakeEngine, FakeIndex
from support.fake_domain import FakeDomain, engine_error, ok

from domains.aws.control_plane import DomainStatus
from domains.engine.nodes import Node
from tasks.checks.registry import ALL
from tasks.checks.rules import disk_watermarks
from tasks.checks.run import run_checks
from tasks.migration import Consents
from tasks.records.checks import CheckRecord
from tasks.survey import Survey

CHECKS = {made.id: made for made in ALL if made.group == "room"}
GB = 2**30
BALANCE = {
    "cluster.routing.allocation.awareness.balance": "true",
    "cluster.routing.allocation.awareness.attributes": ["zone"],
    "cluster.routing.allocation.awareness.force.zone.values": "a,b,c",
}


class Pair:
    """Two fakes, and the checks made of them."""

    def __init__(self, source: FakeDomain, target: FakeDomain) -> None:
        self.source, self.target = FakeEngine(source, "source"), FakeEngine(target, "target")
        self.plan: dict[str, Any] = {}

    def made(self, id: str) -> CheckRecord:
        plan = a_plan(**self.plan)
        openers = {
            "source": lambda: a_domain(self.source.domain, "source"),
            "target": lambda: a_domain(self.target.domain, "target"),
        }
        consents = Consents.assumed(plan)
        (record,) = run_checks(Survey(plan, openers, consents), (), (CHECKS[id],))
        return record


@pytest.fixture
def pair(source: FakeDomain, target: FakeDomain) -> Pair:
    return Pair(source, target)


@pytest.mark.parametrize(
    ("watermark", "kept"),
    [("85%", 15), ("0.85", 15), ("40b", 40), ("1kb", 1024), ("100%", 0)],
)
def test_a_watermark_is_a_share_that_is_used_or_bytes_that_are_free(watermark: str, kept: int) -> None:
    assert round(disk_watermarks.floor(100, watermark)) == kept


def test_watermarks_count_from_the_second_data_node_on_and_the_reserve_on_the_service() -> None:
    node = Node("n", True, 200 * GB, 100 * GB, 0)
    assert disk_watermarks.room([node], {}, managed=False).hard == (100 * GB,)
    assert disk_watermarks.room([node, node], {}, managed=False).hard == (80 * GB, 80 * GB)
    assert disk_watermarks.room([node, node], {}, managed=False).soft == (70 * GB, 70 * GB)
    off = {"cluster.routing.allocation.disk.threshold_enabled": "false"}
    assert disk_watermarks.room([node, node], off, managed=True).hard == (100 * GB, 100 * GB)
    assert disk_watermarks.room([node, node], off, managed=True).soft == (80 * GB, 80 * GB)


@pytest.mark.parametrize(
    ("held", "status"),
    [
        ([FakeIndex("a", bytes=40 * GB)], "OK"),
        ([FakeIndex("a", bytes=40 * GB, replicas=1)], "OK"),
        ([FakeIndex("a", bytes=73 * GB, replicas=1)], "WARN"),
        ([FakeIndex("a", bytes=50 * GB, replicas=1), FakeIndex("b", bytes=50 * GB, replicas=1)], "FAIL"),
        ([FakeIndex("a", bytes=40 * GB, replicas=5)], "OK"),  # two nodes hold two copies
        ([FakeIndex("a", bytes=90 * GB)], "FAIL"),
        ([FakeIndex("a", bytes=90 * GB, states=["STARTED"] * 2)], "OK"),
        ([FakeIndex("a", bytes=90 * GB, open=False)], "FAIL"),
    ],
)
def test_what_comes_must_fit_on_the_disks_and_each_shard_on_one(
    pair: Pair, held: list[FakeIndex], status: str
) -> None:
    for index in held:
        pair.source.put(index)
    pair.target.disks = {"n": (200 * GB, 100 * GB), "m": (200 * GB, 100 * GB)}
    pair.plan = {"indices": {"closed": "move"}}
    assert pair.made("room.disk").status == status


def test_replicas_that_the_plan_leaves_out_take_no_disk_and_what_is_deleted_gives_some(pair: Pair) -> None:
    pair.source.put(FakeIndex("a", bytes=60 * GB, replicas=1))
    pair.target.disks = {"n": (200 * GB, 70 * GB), "m": (200 * GB, 70 * GB)}
    assert pair.made("room.disk").status == "FAIL"
    pair.target.put(FakeIndex("a", bytes=60 * GB))
    pair.plan = {"conflicts": {"policy": "delete", "delete": ["a"]}}
    assert pair.made("room.disk").status == "OK"
    pair.target.indices.clear()
    pair.target.disks = {"n": (200 * GB, 95 * GB), "m": (200 * GB, 20 * GB)}
    pair.plan = {"restore": {"index_settings": {"number_of_replicas": 0}}}
    assert pair.made("room.disk").status == "OK"


def test_a_node_that_does_not_tell_its_disk_leaves_it_open(pair: Pair, target: FakeDomain) -> None:
    pair.source.put(FakeIndex("a"))
    target.on("GET /_cat/allocation", engine_error(403, "security_exception", "no permissions for [x]"))
    assert pair.made("room.disk").unknown


@pytest.mark.parametrize(
    ("cap", "there", "batch", "status"),
    [
        (100, 0, 200, "OK"),
        (4, 0, 200, "WARN"),
        (2, 0, 200, "WARN"),  # each fits beside what was there before the request
        (2, 0, 1, "FAIL"),
        (3, 0, 1, "FAIL"),
        (4, 0, 1, "WARN"),
        (2, 2, 200, "FAIL"),
    ],
)
def test_shards_are_counted_as_the_engine_counts_them(
    pair: Pair, cap: int, there: int, batch: int, status: str
) -> None:
    pair.source.put(FakeIndex("a", states=["STARTED"] * 2))
    pair.source.put(FakeIndex("b", replicas=1))
    for number in range(there):
        pair.target.put(FakeIndex(f"t{number}"))
    pair.target.put(FakeIndex("closed", open=False, states=["STARTED"] * 9))
    pair.target.cluster_settings = {"cluster.max_shards_per_node": str(cap)}
    pair.plan = {"restore": {"batch": batch}}
    assert pair.made("room.shards").status == status


@pytest.mark.parametrize(
    ("number", "cap", "signed", "status"),
    [
        ("3.6.0", "1000", True, "WARN"),
        ("2.17.0", "1000", True, "WARN"),
        ("2.15.0", "1000", True, "FAIL"),
        ("3.6.0", "999", True, "FAIL"),
        ("3.6.0", "1000", False, "FAIL"),
    ],
)
def test_the_engines_default_is_no_limit_of_a_service_that_counts_memory(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, number: str, cap: str, signed: bool, status: str
) -> None:
    monkeypatch.setattr("tasks.checks.facts.indices.managed", lambda *_: signed)
    pair.source.put(FakeIndex("a", states=["STARTED"] * 1001))
    pair.target.domain.on("GET /", ok(identity_reply("target", number)))
    pair.target.cluster_settings = {"cluster.max_shards_per_node": cap}
    assert pair.made("room.shards").status == status


def test_ultrawarm_nodes_may_be_counted_so_what_fits_is_not_sure(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    warm = DomainStatus("t", "", "", "", "", False, False, warm=True, cold=False)
    monkeypatch.setattr("tasks.checks.facts.domains.status", lambda *_: warm)
    pair.source.put(FakeIndex("a"))
    for id in ("room.disk", "room.shards", "room.copies"):
        assert pair.made(id).unknown, id


def test_a_target_that_tells_of_no_data_node_is_not_said_to_have_none(pair: Pair, target: FakeDomain) -> None:
    pair.source.put(FakeIndex("a"))
    target.on("GET /_cat/nodes", ok([{"name": "m", "node.role": "m"}]))
    target.on("GET /_cat/allocation", ok([]))
    for id in ("room.disk", "room.shards", "room.copies"):
        assert pair.made(id).unknown, id


def test_a_cap_that_is_not_told_is_not_guessed(pair: Pair) -> None:
    pair.source.put(FakeIndex("a"))
    pair.target.cluster_settings = {}
    assert pair.made("room.shards").unknown


@pytest.mark.parametrize(
    ("replicas", "expanded", "plan", "status"),
    [
        (0, "", {}, "FAIL"),
        (2, "", {}, "OK"),
        (0, "", {"index.number_of_replicas": 2}, "OK"),
        (2, "0-1", {}, "FAIL"),
        (0, "0-all", {}, "OK"),
        (0, "false", {"number_of_replicas": "5"}, "OK"),
        (1, "0-1", {"auto_expand_replicas": False}, "FAIL"),
    ],
)
def test_three_zones_want_a_multiple_of_three_copies(
    pair: Pair, replicas: int, expanded: str, plan: dict[str, Any], status: str
) -> None:
    settings = {"index.auto_expand_replicas": expanded} if expanded else {}
    pair.source.put(FakeIndex("a", replicas=replicas, settings=settings))
    pair.target.cluster_settings = BALANCE
    pair.plan = {"restore": {"index_settings": plan}}
    found = pair.made("room.standby")
    assert found.status == status
    assert (found.items == ("a: 1 copy",)) == (status == "FAIL" and not expanded)


def test_without_a_balance_over_zones_any_number_of_copies_will_do(pair: Pair) -> None:
    pair.source.put(FakeIndex("a"))
    assert pair.made("room.standby").status == "OK"


def test_more_copies_than_nodes_are_named(pair: Pair) -> None:
    pair.source.put(FakeIndex("a", replicas=1))
    pair.source.put(FakeIndex("b", replicas=1, settings={"index.auto_expand_replicas": "0-1"}))
    pair.source.put(FakeIndex("c"))
    assert pair.made("room.copies").items == ("a: 2 copies",)


@pytest.mark.parametrize(
    ("indices", "batch", "status"),
    [
        (30, 1, "OK"),
        (120, 1, "WARN"),
        (120, 200, "OK"),
        (600, 1000, "WARN"),
        (600, 200, "OK"),
        (0, 200, "SKIP"),
    ],
)
def test_the_number_of_requests_is_told(pair: Pair, indices: int, batch: int, status: str) -> None:
    for number in range(indices):
        pair.source.put(FakeIndex(f"i{number}"))
    pair.plan = {"restore": {"batch": batch}}
    assert pair.made("room.batches").status == status


ALLOCATION = "cluster.routing.allocation"
NODES = {
    key: {"name": name, "host": host, "ip": f"10.0.0.{key[1]}", "roles": roles, "attributes": {"zone": zone}}
    for key, name, host, roles, zone in (
        ("n1", "node-1", "10.0.0.1", ["data"], "a"),
        ("n2", "node-2", "h2", ["data", "ingest"], "b"),
        ("n3", "boss", "h3", ["cluster_manager"], "c"),
    )
}


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({}, ""),
        ({"enable": "all"}, ""),
        ({"enable": "none"}, "enable is none: it would start no shard"),
        ({"enable": "new_primaries"}, "no index again that was closed"),
        ({"node_initial_primaries_recoveries": "0"}, "recoveries is 0"),
        ({"exclude._name": ""}, ""),
        ({"exclude._name": "node-1"}, ""),
        ({"exclude._name": "node-*"}, "exclude._name: node-* leaves no data node"),
        ({"exclude._ip": "10.0.0.1,10.0.0.2"}, "exclude._ip: 10.0.0.1,10.0.0.2 leaves no data node"),
        ({"exclude._host": "h2", "exclude.zone": "a"}, "exclude.zone: a leaves no data node"),
        ({"include._name": "boss"}, "include._name: boss leaves no data node"),
        ({"include._name": "boss", "include.zone": "b"}, ""),
        ({"require._name": "nowhere"}, "require._name: nowhere leaves no data node"),
        ({"require.zone": "a", "require._host": "h2"}, "leaves no data node"),
        ({"require._id": "n2"}, ""),
        ({"total_shards_per_node": "-1"}, ""),
        ({"total_shards_per_node": "4"}, ""),
        ({"total_shards_per_node": "1"}, "room for 0 of the 3 primaries that come, on 2 data nodes"),
    ],
)
def test_settings_that_leave_no_node_for_a_shard_are_told_with_the_way_out(
    pair: Pair, settings: dict[str, str], says: str
) -> None:
    pair.source.put(FakeIndex("a", states=["STARTED"] * 3))
    pair.target.disks = dict.fromkeys(("node-1", "node-2"), (10**12, 9 * 10**11))
    pair.target.domain.on("GET /_nodes", ok({"nodes": NODES}))
    pair.target.cluster_settings |= {f"{ALLOCATION}.{key}": value for key, value in settings.items()}
    found = pair.made("room.allocation")
    assert (found.status, says in found.detail) == ("FAIL" if says else "OK", True), found
    if says:
        first = next(iter(settings))
        assert f'{{"persistent": {{"{ALLOCATION}.{first}": null}}}} on the target' in found.hint


def test_the_way_out_names_the_scope_that_holds_the_setting(pair: Pair) -> None:
    pair.source.put(FakeIndex("a"))
    held = {f"{ALLOCATION}.enable": "none"}
    pair.target.domain.on("GET /_cluster/settings", ok({"transient": held, "defaults": {}}))
    assert '{"transient": {' in pair.made("room.allocation").hint


def test_replicas_that_would_not_be_started_only_warn(pair: Pair) -> None:
    pair.target.cluster_settings |= {f"{ALLOCATION}.enable": "primaries"}
    lone = pair.source.put(FakeIndex("a"))
    assert pair.made("room.allocation").status == "OK"
    lone.replicas = 1
    assert pair.made("room.allocation").status == "WARN"


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ({"index.routing.allocation.require.zone": "c"}, "require.zone: c leaves no data node"),
        ({"routing.allocation.total_shards_per_node": 1}, "a has more shards than 2 data nodes may hold"),
        ({"index.routing.allocation.include.zone": "a"}, ""),
    ],
)
def test_what_the_plan_asks_for_must_leave_a_node_as_well(
    pair: Pair, wanted: dict[str, Any], says: str
) -> None:
    pair.source.put(FakeIndex("a", states=["STARTED"] * 3))
    pair.target.disks = dict.fromkeys(("node-1", "node-2"), (10**12, 9 * 10**11))
    pair.target.domain.on("GET /_nodes", ok({"nodes": NODES}))
    pair.plan = {"restore": {"index_settings": wanted}}
    found = pair.made("room.allocation")
    assert (found.status, says in found.detail) == ("FAIL" if says else "OK", True), found
    assert not says or "restore.index_settings" in found.hint
