"""State in S3: two machines work on one plan, never at once; what one leaves the other finishes."""

from __future__ import annotations

import signal
import subprocess
import time
from dataclasses import replace
from typing import Any

import pytest
from migrations import (
    Desk,
    documents,
    engine,
    eventually,
    kill_when,
    log,
    log_size,
    lose_machine_when,
    mutations,
    rule,
)
from rounds import CUTOVER, append, blocked

LEASE_S = 4
LONG_S = 90.0
ONE = {"settings": {"number_of_replicas": 0}}
NAMES = {"first", "second"}


@pytest.fixture
def shared(desk: Desk) -> Desk:
    """A user with two indices, whose plan keeps its state in the lab's bucket."""
    for name in sorted(NAMES):
        engine(desk.lab, "source", "PUT", f"/{name}", ONE)
        append(desk.lab, name, 5)
    write(desk)
    return desk


def write(desk: Desk, **changes: Any) -> None:
    state = {"address": f"s3://{desk.lab.bucket}/state", "lease": f"{LEASE_S}s"}
    desk.write(state=state, **changes)


def machine(desk: Desk, name: str) -> dict[str, str]:
    """The environment of a machine with a folder of its own, and nothing in common with others."""
    return {"SNAPFERRY_STATE": str(desk.folder / name)}


def snapshots(desk: Desk) -> list[str]:
    found = engine(desk.lab, "source", "GET", "/_snapshot/move/_all")["snapshots"]
    return [each["snapshot"] for each in found]


def moved(desk: Desk) -> None:
    """Everything is on the target, from one snapshot."""
    assert {name: documents(desk.lab, "target", name) for name in NAMES} == dict.fromkeys(NAMES, 5)
    assert len(snapshots(desk)) == 1


def said(process: subprocess.Popen[str]) -> str:
    out, _ = process.communicate(timeout=LONG_S)
    return out


def test_of_two_machines_that_start_at_once_one_moves_and_the_other_exits_with_6(shared: Desk) -> None:
    both = [shared.start("migrate", "--execute", environment=machine(shared, name)) for name in "ab"]
    out = [said(process) for process in both]
    assert sorted(process.returncode for process in both) == [0, 6], "\n".join(out)
    refused = out[[process.returncode for process in both].index(6)]
    assert "another run holds plan lab-move (process " in refused, refused
    moved(shared)
    third = machine(shared, "c")
    report = shared.run("report", "--json", environment=third).json
    assert report["outcome"] == "done"
    assert [run["status"] for run in shared.run("runs", "--json", environment=third).json["runs"]] == ["done"]
    ended = shared.run("migrate", "--execute", environment=third)
    assert ended.code == 0, str(ended)
    moved(shared)


def test_of_two_that_start_one_plan_at_once_on_one_machine_one_moves(shared: Desk) -> None:
    shared.write(state=None)
    here = machine(shared, "a")
    both = [shared.start("migrate", "--execute", environment=here) for _ in range(2)]
    out = [said(process) for process in both]
    assert sorted(process.returncode for process in both) == [0, 6], "\n".join(out)
    moved(shared)


@pytest.mark.parametrize("is_shared", [True, False])
def test_of_two_plans_over_one_pair_that_start_at_once_one_moves_and_the_other_exits_with_6(
    shared: Desk, is_shared: bool
) -> None:
    other = replace(shared, folder=shared.folder / "other")
    other.folder.mkdir()
    for desk, name in ((shared, "lab-move"), (other, "other-move")):
        write(desk, name=name) if is_shared else desk.write(name=name, state=None)
    one_machine = machine(shared, "a")
    both = [
        desk.start("migrate", "--execute", environment=machine(shared, place) if is_shared else one_machine)
        for desk, place in ((shared, "a"), (other, "b"))
    ]
    out = [said(process) for process in both]
    assert sorted(process.returncode for process in both) == [0, 6], "\n".join(out)
    refused = out[[process.returncode for process in both].index(6)]
    assert "another run holds" in refused and "holds plan" not in refused, refused
    moved(shared)


def test_a_run_that_was_killed_goes_on_on_another_machine_after_its_lease(shared: Desk) -> None:
    rule(shared.lab, domain="target", method="POST", path="/_snapshot/*/*/_restore", delay_s=1.0)
    began = log_size(shared.lab, "target")
    first = shared.start("migrate", "--execute", environment=machine(shared, "a"))
    kill_when(first, lambda: any("_restore" in sent for sent in mutations(shared.lab, "target", began)))
    status = shared.run("status", environment=machine(shared, "b"))
    assert status.code == 0, str(status)
    began = time.monotonic()
    second = shared.run("migrate", "--execute", environment=machine(shared, "b"))
    assert second.code == 0, str(second)
    assert "holds plan lab-move; if it is not heard of for another" in second.err
    assert time.monotonic() - began >= LEASE_S - 1
    moved(shared)
    began = time.monotonic()
    again = shared.run("migrate", "--execute", environment=machine(shared, "a"))
    assert again.code == 0 and time.monotonic() - began < LEASE_S, str(again)


def test_a_machine_that_stood_still_for_longer_than_its_lease_sends_nothing_more(shared: Desk) -> None:
    rule(shared.lab, domain="source", method="GET", path="/_snapshot/*/*", delay_s=0.5)
    began = log_size(shared.lab, "source")
    first = shared.start("migrate", "--execute", environment=machine(shared, "a"))
    try:
        eventually(lambda: any(map(is_snapshot, mutations(shared.lab, "source", began))))
        first.send_signal(signal.SIGSTOP)
        second = shared.run("migrate", "--execute", environment=machine(shared, "b"))
        assert second.code == 0, str(second)
        sizes = {side: log_size(shared.lab, side) for side in ("source", "target")}
        first.send_signal(signal.SIGCONT)
        out = said(first)
    finally:
        first.kill()
    assert first.returncode == 6, out
    assert "another process has" in out, out
    for side, size in sizes.items():
        assert mutations(shared.lab, side, size) == [], log(shared.lab, side, size)
    moved(shared)
    assert shared.run("report", "--json", environment=machine(shared, "c")).json["outcome"] == "done"


def is_snapshot(sent: str) -> bool:
    return sent.startswith("PUT /_snapshot/move/lab-move-")


def test_a_gate_is_approved_on_another_machine(shared: Desk) -> None:
    write(shared, gates={"before-restore": {"timeout": "60s"}})
    here, there = machine(shared, "a"), machine(shared, "b")
    process = shared.start("migrate", "--execute", environment=here)
    try:
        eventually(lambda: waits(shared, process, there))
        told = shared.run("status", environment=there).out
        assert "Gate before-restore: not approved" in told and f"process {process.pid} on" in told, told
        approved = shared.run("approve", "before-restore", environment=there)
        assert approved.code == 0 and "The run continues within seconds" in approved.out, str(approved)
        out = said(process)
    finally:
        process.kill()
    assert process.returncode == 0, out
    moved(shared)


def waits(desk: Desk, process: subprocess.Popen[str], where: dict[str, str]) -> bool:
    assert process.poll() is None, process.stdout and process.stdout.read()
    gates = desk.run("status", "--json", environment=where).json.get("gates", [])
    return any(not gate["approved"] for gate in gates)


def test_a_window_that_another_machine_began_ends_and_the_next_cutover_is_done(shared: Desk) -> None:
    write(shared, cutover=CUTOVER, gates={"before-open": {"timeout": "5m"}})
    here, there = machine(shared, "a"), machine(shared, "b")
    process = shared.start("cutover", "--execute", "--allow-freeze", environment=here)
    try:
        eventually(lambda: waits(shared, process, there))
        assert blocked(shared.lab) == NAMES
        lose_machine_when(shared, process, lambda: True)
    finally:
        process.kill()
    assert blocked(shared.lab) == NAMES
    ended = shared.run("cutover", "--execute", "--allow-freeze", environment=there)
    assert ended.code == 5, str(ended)
    assert "the window began on another machine" in " ".join(ended.out.split()), str(ended)
    assert blocked(shared.lab) == set()
    write(shared, cutover=CUTOVER, gates={})
    ended = shared.run("cutover", "--execute", "--allow-freeze", environment=there)
    assert ended.code == 0, str(ended)
    assert {name: documents(shared.lab, "target", name) for name in NAMES} == dict.fromkeys(NAMES, 5)
