"""The main job while the service behaves as on some days: its own snapshots, time limits, throttles."""

from __future__ import annotations

import secrets

import pytest
import requests
from migrations import Desk, documents, engine, log, log_size, mutations, rule
from requests_aws4auth import AWS4Auth

from lab.control.switching import switch, take_automated_snapshot
from lab.description import LabDescription


@pytest.fixture
def small(desk: Desk) -> Desk:
    """A user at a lab whose source holds two indices."""
    for name in ("books", "films"):
        engine(desk.lab, "source", "PUT", f"/{name}", {"settings": {"number_of_replicas": 0}})
        engine(desk.lab, "source", "PUT", f"/{name}/_doc/1?refresh=true", {"n": 1})
    desk.write()
    return desk


def require_moved(desk: Desk, *arguments: str) -> None:
    ended = desk.run("migrate", "--execute", *arguments)
    assert ended.code == 0, str(ended)
    assert documents(desk.lab, "target", "books") == documents(desk.lab, "target", "films") == 1


@pytest.mark.parametrize("status", [503, 409])
def test_a_hourly_snapshot_that_is_running_is_waited_for(small: Desk, status: int) -> None:
    lab = small.lab
    _make_noise(lab)
    switch(lab, "source", automated_snapshots=True, concurrent_snapshots=status)
    switch(lab, "target", automated_snapshots=True)
    before = log_size(lab, "source")
    take_automated_snapshot(lab, "source", slow_s=5)
    require_moved(small)
    asked = [entry for entry in log(lab, "source", before) if entry["path"].startswith("/_snapshot/")]
    took = [entry for entry in asked if entry["method"] == "PUT" and "/move/" in entry["path"]]
    assert [entry["status"] for entry in took] == [200], "it looks before it asks"
    (ours,) = engine(lab, "source", "GET", "/_snapshot/move/_all")["snapshots"]
    (theirs,) = engine(lab, "source", "GET", "/_snapshot/cs-automated-enc/_all")["snapshots"]
    assert ours["start_time_in_millis"] >= theirs["end_time_in_millis"], "it waited"
    _make_noise(lab)
    take_automated_snapshot(lab, "source", slow_s=8)
    second = requests.put(
        f"{lab.source.endpoint}/_snapshot/move/second",
        auth=AWS4Auth(lab.access_key_id, lab.secret_access_key, lab.source.region, "es"),
        timeout=30,
    )
    assert second.status_code == status
    assert second.json()["error"]["reason"] == "[move:second]  a snapshot is already running"
    touched = [line for line in mutations(lab, "source", before) if "cs-automated" in line]
    assert touched == []


def _make_noise(lab: LabDescription) -> None:
    """Data that takes its time, for nothing can compress it."""
    for _ in range(10):
        noise = {"text": secrets.token_hex(150_000)}
        engine(lab, "source", "POST", "/noise/_doc", noise)


def test_a_gateway_that_gives_up_early_does_not_matter(small: Desk) -> None:
    lab = small.lab
    before = {side: log_size(lab, side) for side in ("source", "target")}
    for preset, side, method, path in (
        ("timeout-504", "source", "PUT", "/_snapshot/move/.+"),
        ("timeout-504", "target", "POST", "/_snapshot/move/.+/_restore"),
    ):
        rule(lab, preset=preset, domain=side, method=method, path=path)
    require_moved(small)
    for side, began in before.items():
        assert [entry for entry in log(lab, side, began) if entry["status"] == 504], side
    assert len(engine(lab, "source", "GET", "/_snapshot/move/_all")["snapshots"]) == 1


def test_a_stack_that_takes_us_east_1_for_a_wrong_constraint_gets_the_endpoint(small: Desk) -> None:
    switch(small.lab, "source", old_location_constraint=True)
    require_moved(small)
    registered = engine(small.lab, "source", "GET", "/_snapshot/move")["move"]["settings"]
    assert "s3.amazonaws.com" in str(registered)


def test_throttles_and_pages_are_waited_out(small: Desk) -> None:
    for preset in ("throttle-403", "throttle-429-retry-after", "unavailable-503"):
        rule(small.lab, preset=preset, times=2)
    require_moved(small)


def test_standby_wants_three_copies_and_the_plan_can_give_them(small: Desk) -> None:
    switch(small.lab, "target", standby=True)
    refused = small.run("migrate", "--execute")
    assert refused.code == 3, str(refused)
    assert "room.standby" in refused.out and "{index.number_of_replicas: 2}" in refused.out
    small.write(restore={"index_settings": {"index.number_of_replicas": 2}})
    require_moved(small)
