"""The contents of a snapshot as its record tells them, read through the target."""

from typing import Any

import pytest
from support.building import a_domain, a_plan, identity_reply
from support.engine import snapshot_reply
from support.fake_domain import FakeDomain, engine_error, ok

from configs.plan import IndexSelection
from domains.engine import snapshots
from domains.engine.snapshots import HeldIndex, SnapshotInfo
from tasks.records.resolution import LeftOutReason
from tasks.selection.select import select
from tasks.selection.snapshot_record import (
    NoSuchSnapshot,
    catalog_of,
    held_indices,
    readable_through,
    source_snapshot,
)

PLAN = a_plan(source={"snapshot": "nightly"})
HERE = {"type": "s3", "settings": {"bucket": "my-snapshots"}}


def info(target: FakeDomain, *indices: str, streams: tuple[str, ...] = ()) -> SnapshotInfo:
    target.on(
        "GET /_snapshot/repo/nightly",
        ok(snapshot_reply("nightly", indices=list(indices), data_streams=list(streams))),
    )
    found = snapshots.get(a_domain(target, "target"), "repo", "nightly")
    assert found
    return found


def test_indices_data_streams_and_system_indices_are_selected_as_on_a_domain(target: FakeDomain) -> None:
    names = ("orders", ".kibana_1", ".ds-logs-000002", ".ds-logs-2026.11.28-000001", ".ds-logs-x-000001")
    catalog = catalog_of(info(target, *names, streams=("logs",)), {"orders": HeldIndex(2, 9, 1000)})
    assert catalog.streams["logs"].backing == (".ds-logs-000002", ".ds-logs-2026.11.28-000001")
    found = select(catalog, IndexSelection(include=["orders", "logs"]))
    assert {unit.name: unit.is_stream for unit in found.units} == {"logs": True, "orders": False}
    (orders,) = next(unit for unit in found.units if unit.name == "orders").indices
    assert (orders.shards, orders.bytes, orders.documents, orders.created) == (2, 1000, None, None)
    left = {item.name: item.reason for item in found.left_out}
    assert left[".kibana_1"] == LeftOutReason.SYSTEM
    assert left[".ds-logs-x-000001"] == LeftOutReason.NOT_INCLUDED, "of a data stream that is not there"


@pytest.mark.parametrize(
    ("registered", "through"),
    [
        ({}, None),
        ({"cs-automated-enc": {"type": "s3"}}, None),
        ({"repo": {"type": "s3", "settings": {"bucket": "another"}}}, None),
        ({"repo": {"type": "s3", "settings": {"bucket": "my-snapshots", "base_path": "x"}}}, None),
        ({"theirs": HERE}, "theirs"),
        ({"theirs": HERE, "repo": HERE}, "repo"),
    ],
)
def test_any_registration_of_the_place_can_be_read_through(
    target: FakeDomain, registered: dict[str, Any], through: str | None
) -> None:
    target.on("GET /_snapshot", ok(registered))
    assert readable_through(a_domain(target, "target"), PLAN) == through


def test_a_name_that_is_not_there_is_told_with_those_that_are(target: FakeDomain) -> None:
    target.on("GET /_snapshot", ok({"repo": HERE}))
    target.on(
        "GET /_snapshot/repo/nightly",
        engine_error(404, "snapshot_missing_exception", "[repo:nightly] is missing"),
    )
    names = [f"night-{number}" for number in range(8)]
    target.on("GET /_snapshot/repo/_all", ok({"snapshots": [{"snapshot": name} for name in names]}))
    with pytest.raises(NoSuchSnapshot, match=r"8 snapshots: night-7, night-6, .* 3 more") as caught:
        source_snapshot(a_domain(target, "target"), PLAN)
    assert caught.value.hint == "correct source.snapshot"


def _status(*names: str) -> dict[str, Any]:
    total = {"file_count": 4, "size_in_bytes": 1000}
    held = {name: {"shards_stats": {"total": 1}, "stats": {"total": total}} for name in names}
    return {"snapshots": [{"indices": held}]}


@pytest.mark.parametrize(("number", "requests"), [("3.6.0", 3), ("2.17.0", 3), ("2.16.0", 1)])
def test_large_snapshots_are_read_in_pieces_where_the_engine_can(
    target: FakeDomain, number: str, requests: int
) -> None:
    names = [f"i{place:03}" for place in range(250)]
    target.on("GET /", ok(identity_reply("target", number)))
    target.on("GET /_snapshot", ok({"repo": HERE}))
    found = info(target, *names)
    target.on(
        "GET /_snapshot/repo/nightly/[^_].*/_status",
        lambda asked: ok(_status(*asked.path.split("/")[4].split(","))),
    )
    target.on("GET /_snapshot/repo/nightly/_status", ok(_status(*names)))
    held = held_indices(a_domain(target, "target"), PLAN, found)
    assert held == dict.fromkeys(names, HeldIndex(1, 4, 1000))
    assert sum(each.path.endswith("/_status") for each in target.requests) == requests


def test_what_the_engine_cannot_tell_is_not_known(target: FakeDomain) -> None:
    target.on("GET /", ok(identity_reply("target", "2.11.0")))
    target.on("GET /_snapshot", ok({"repo": HERE}))
    found = info(target, "a")
    target.on(
        "GET /_snapshot/repo/nightly/_status", engine_error(413, "too_many_shards_exception", "too many")
    )
    assert held_indices(a_domain(target, "target"), PLAN, found) == {}
