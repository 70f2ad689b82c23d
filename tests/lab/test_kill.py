"""kill -9, a second command beside the first, a target that cannot take the indices: one command ends it.

Kills at other moments are runs of the soak (`make soak`).
"""

from __future__ import annotations

import signal
import time

import pytest
from migrations import WAIT_S, Desk, documents, engine, eventually, kill_when, log, log_size, mutations

SLOW = {"max_snapshot_bytes_per_sec": "1mb", "max_restore_bytes_per_sec": "1mb"}


@pytest.fixture
def slow_desk(desk: Desk) -> Desk:
    """Three indices of about a megabyte, a repository throttled to one a second."""
    for name in ("first", "second", "third"):
        settings = {"settings": {"number_of_replicas": 0, "codec": "default"}, "mappings": {"enabled": False}}
        engine(desk.lab, "source", "PUT", f"/{name}", settings)
        _fill(desk, name)
    desk.write(repository={"settings": SLOW}, restore={"batch": 1})
    return desk


def _fill(desk: Desk, name: str) -> None:
    import random

    import requests

    letters = random.Random(name)
    lines: list[str] = []
    for number in range(300):
        noise = "".join(letters.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=3000))
        lines += [f'{{"index":{{"_id":"{number}"}}}}', f'{{"text":"{noise}"}}']
    body = "\n".join(lines) + "\n"
    headers = {"content-type": "application/x-ndjson"}
    url = f"{desk.lab.source.engine_url}/{name}/_bulk?refresh=true"
    assert requests.post(url, data=body, headers=headers, timeout=60).json()["errors"] is False


def _sent(desk: Desk, side: str, began: int, method: str, ending: str) -> int:
    entries = log(desk.lab, side, began)
    return sum(entry["method"] == method and entry["path"].endswith(ending) for entry in entries)


def _snapshot_runs(desk: Desk) -> bool:
    return bool(engine(desk.lab, "source", "GET", "/_snapshot/_status")["snapshots"])


def _require_moved_once(desk: Desk, began: dict[str, int]) -> None:
    """One snapshot on the repository; each index restored by one request; everything there."""
    lab = desk.lab
    found = engine(lab, "source", "GET", "/_snapshot/move/_all")["snapshots"]
    assert [snapshot["state"] for snapshot in found] == ["SUCCESS"]
    assert [documents(lab, "target", name) for name in ("first", "second", "third")] == [300, 300, 300]
    creations = [
        m
        for m in mutations(lab, "source", began["source"])
        if m == f"PUT /_snapshot/move/{found[0]['snapshot']}"
    ]
    assert len(creations) == 1
    assert _sent(desk, "target", began["target"], "POST", "/_restore") == 3


def test_killed_during_the_snapshot_and_during_the_restore_the_same_command_finishes(slow_desk: Desk) -> None:
    began = {side: log_size(slow_desk.lab, side) for side in ("source", "target")}
    process = slow_desk.start("migrate", "--execute")
    kill_when(process, lambda: _snapshot_runs(slow_desk))
    standing = slow_desk.run("status", "--json").json
    assert standing["session"]["process"] == process.pid and standing["session"]["alive"] is False
    assert standing["last_change"]["action"] == "snapshot"
    assert standing["outcome"] == "interrupted" and not standing["held_by_a_process"]

    process = slow_desk.start("migrate", "--execute")
    kill_when(process, lambda: _sent(slow_desk, "target", began["target"], "POST", "/_restore") == 2)
    ended = slow_desk.run("migrate", "--execute", "--json")
    assert ended.code == 0, str(ended)
    _require_moved_once(slow_desk, began)
    assert slow_desk.journal()["sessions"] == 3


def test_while_one_command_works_another_is_told_so(slow_desk: Desk) -> None:
    process = slow_desk.start("migrate", "--execute")
    try:
        deadline = time.monotonic() + WAIT_S
        while not _snapshot_runs(slow_desk) and time.monotonic() < deadline:
            time.sleep(0.05)
        second = slow_desk.run("migrate", "--execute")
        assert second.code == 6 and str(process.pid) in second.err, second
        third = slow_desk.run("migrate", "--execute", "--new-run")
        assert third.code == 6, str(third)
        told = slow_desk.run("status").out
        assert f"running (process {process.pid} on " in told and "\nLog: " in told, told
        assert "Last change: source snapshot" in told, told
        eventually(lambda: "\nNow: " in slow_desk.run("status").out)
        assert slow_desk.run("runs", "--json").json["runs"][0]["status"] == "running"

        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=WAIT_S)
        assert process.returncode == 5, said
        assert "the same command continues" in said
    finally:
        process.kill()
    assert slow_desk.run("migrate", "--execute").code == 0


def test_a_target_that_cannot_place_shards_says_why_and_is_continued(desk: Desk) -> None:
    lab = desk.lab
    for name in ("blocked", "empty"):
        engine(lab, "source", "PUT", f"/{name}/_doc/1?refresh=true", {"n": 1})
    desk.write(checks={"waive": {"room.allocation": "what the check would refuse is tried here"}})
    nowhere = "cluster.routing.allocation.exclude"
    engine(lab, "target", "PUT", "/_cluster/settings", {"persistent": {f"{nowhere}._name": "*"}})
    ended = desk.run("migrate", "--execute")
    assert ended.code == 1, str(ended)
    assert "blocked" in ended.out and nowhere in ended.out, str(ended)
    assert "restore" in ended.out  # what was changed is listed
    engine(lab, "target", "PUT", "/_cluster/settings", {"persistent": {f"{nowhere}._name": None}})
    again = desk.run("migrate", "--execute")
    # the engine gives such a restore up for good: it was closed and restored again
    assert again.code == 0, again
    assert documents(lab, "target", "blocked") == 1
