"""Gates hold a run until somebody opens them, by command, file or in Prefect; the hooks hear of it."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from migrations import Desk, documents, engine, log_size, mutations, user_indices

WAIT_S = 60.0
EVENTS = ["run-started", "run-continued", "gate-waiting", "gate-approved", "verified", "done", "interrupted"]
ONE = {"settings": {"number_of_replicas": 0}}


def add(desk: Desk, name: str) -> None:
    engine(desk.lab, "source", "PUT", f"/{name}", ONE)
    engine(desk.lab, "source", "PUT", f"/{name}/_doc/1?refresh=true", {"n": 1})


@pytest.fixture
def heard(desk: Desk) -> Path:
    """A desk with one index; where a hook writes what it hears."""
    add(desk, "first")
    file = desk.folder / "heard"
    hook = desk.folder / "hook"
    said = "$SNAPFERRY_EVENT $SNAPFERRY_GATE $SNAPFERRY_OUTCOME"
    hook.write_text(f'#!/bin/sh\necho "{said}" >> {file}\n', encoding="utf-8")
    hook.chmod(0o755)
    return file


def lines(heard: Path) -> list[list[str]]:
    return [line.split() for line in heard.read_text(encoding="utf-8").splitlines()]


def write(desk: Desk, **gates: Any) -> None:
    desk.write(
        gates={name.replace("_", "-"): settings for name, settings in gates.items()},
        hooks=[{"events": EVENTS, "command": [str(desk.folder / "hook")]}],
    )


@contextmanager
def migrating(desk: Desk) -> Iterator[subprocess.Popen[str]]:
    """The command in a process of its own, which must end with 0 after the block."""
    process = desk.start("migrate", "--execute")
    try:
        yield process
        said, _ = process.communicate(timeout=WAIT_S)
        assert process.returncode == 0, said
    finally:
        process.kill()


def waits(desk: Desk, process: subprocess.Popen[str], gate: str) -> None:
    """Returns as soon as the run waits at this gate."""

    def seen() -> bool:
        assert process.poll() is None, process.stdout and process.stdout.read()
        return any(
            at["name"] == gate and not at["approved"]
            for at in desk.run("status", "--json").json.get("gates", [])
        )

    until(seen)


def until(seen: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not seen():
        assert time.monotonic() < deadline, "what was waited for did not happen"
        time.sleep(0.2)


def newest_flow_run(desk: Desk) -> dict[str, Any]:
    body = {"sort": "EXPECTED_START_TIME_DESC", "limit": 1}
    return requests.post(f"{desk.prefect}/flow_runs/filter", json=body, timeout=30).json()[0]


def test_it_waits_before_the_restore_until_it_is_approved_and_the_hooks_hear_it(
    watched_desk: Desk, heard: Path
) -> None:
    desk = watched_desk
    write(desk, before_restore={"timeout": "60s"})
    began = log_size(desk.lab, "target")
    assert desk.run("approve", "before-restore").code == 3  # there is no run yet
    with migrating(desk) as process:
        waits(desk, process, "before-restore")
        until(lambda: newest_flow_run(desk)["state"]["type"] == "PAUSED")
        assert "first" not in set(user_indices(desk.lab, "target"))
        assert not [sent for sent in mutations(desk.lab, "target", began) if "_restore" in sent]
        assert (
            f"snapferry approve {desk.plan_file} before-restore" in desk.run("status", "--json").json["next"]
        )
        approved = desk.run("approve", "before-restore", "--json")
        assert approved.code == 0, str(approved)
    assert documents(desk.lab, "target", "first") == 1
    assert desk.report()["gates"][0]["by"] == approved.json["by"]
    assert newest_flow_run(desk)["state"]["type"] == "COMPLETED"
    assert lines(heard) == [
        ["run-started", "running"],
        ["gate-waiting", "before-restore", "running"],
        ["gate-approved", "before-restore", "running"],
        ["verified", "running"],
        ["done", "done"],
    ]


def test_not_approved_in_time_it_exits_with_5_and_the_same_command_goes_back_to_the_gate(
    watched_desk: Desk, heard: Path
) -> None:
    desk = watched_desk
    file = desk.folder / "go"
    file.touch()  # older than the run: opens nothing
    write(desk, before_snapshot={"timeout": "1s", "file": str(file)})
    ended = desk.run("migrate", "--execute")
    assert ended.code == 5, str(ended)
    assert "nobody approved before-snapshot within 1s" in ended.out
    assert engine(desk.lab, "source", "GET", "/_snapshot/move/_all")["snapshots"] == []

    write(desk, before_snapshot={"timeout": "60s"}, before_restore={"timeout": "60s", "file": str(file)})
    with migrating(desk) as process:
        waits(desk, process, "before-snapshot")
        add(desk, "later")  # what has changed during the wait is looked at again
        until(lambda: newest_flow_run(desk)["state"]["type"] == "PAUSED")
        requests.post(f"{desk.prefect}/flow_runs/{newest_flow_run(desk)['id']}/resume", timeout=30)
        waits(desk, process, "before-restore")
        file.touch()
    assert documents(desk.lab, "target", "later") == documents(desk.lab, "target", "first") == 1
    by = {gate["name"]: gate["by"] for gate in desk.report()["gates"]}
    assert by["before-snapshot"] == "Prefect: flow run lab-move was resumed"
    assert str(file) in by["before-restore"]
    assert [event for event, *_ in lines(heard)][:4] == [
        "run-started",
        "gate-waiting",
        "interrupted",
        "run-continued",
    ]
