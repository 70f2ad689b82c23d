"""The main job while the service behaves as on some days: its own snapshots, time limits, throttles."""

from __future__ import annotations

import pytest
from migrations import Desk, documents, engine, log, log_size, mutations, rule

from lab.switching import switch, take_automated_snapshot


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
    noise = {"text": "".join(chr(0x4E00 + n * 7919 % 20000) for n in range(60_000))}
    engine(lab, "source", "PUT", "/noise", {"mappings": {"enabled": False}})
    for number in range(12):
        engine(lab, "source", "PUT", f"/noise/_doc/{number}", noise)
    switch(lab, "source", automated_snapshots=True, concurrent_snapshots=status)
    switch(lab, "target", automated_snapshots=True)
    before = log_size(lab, "source")
    take_automated_snapshot(lab, "source", slow_s=4)
    require_moved(small)
    asked = [
        entry
        for entry in log(lab, "source", before)
        if entry["method"] == "PUT" and entry["path"].startswith("/_snapshot/move/")
    ]
    assert asked[-1]["status"] == 200 and all(entry["status"] == status for entry in asked[:-1])
    listed = engine(lab, "source", "GET", "/_snapshot/move/_all")["snapshots"]
    assert len(listed) == 1
    touched = [line for line in mutations(lab, "source", before) if "cs-automated" in line]
    assert touched == []


def test_a_gateway_that_gives_up_early_does_not_matter(small: Desk) -> None:
    for side in ("source", "target"):
        switch(small.lab, side, request_timeout_s=1.0)
    slow = {"settings": {"max_snapshot_bytes_per_sec": "1mb"}}
    small.write(repository=slow)
    require_moved(small)


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
    assert refused.code == 1 and "multiple of total awareness attributes [3]" in str(refused), str(refused)
    small.write(restore={"index_settings": {"index.number_of_replicas": 2}})
    require_moved(small, "--new-run")
