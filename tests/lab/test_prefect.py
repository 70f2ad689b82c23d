"""Runs that a Prefect server shows: each step is a task there, and ends as the run does."""

from __future__ import annotations

from typing import Any

import requests
from migrations import Desk, documents, engine


def shown(desk: Desk, name: str) -> tuple[str, str, list[str]]:
    """The newest flow run of this flow: its name, the type of its state, and its tasks in order."""
    flows = {"flows": {"name": {"any_": [name]}}, "sort": "EXPECTED_START_TIME_DESC", "limit": 1}
    (run,) = ask(desk, "/flow_runs/filter", flows)
    of_run = {"flow_runs": {"id": {"any_": [run["id"]]}}, "sort": "EXPECTED_START_TIME_ASC"}
    tasks = ask(desk, "/task_runs/filter", of_run)
    return run["name"], run["state"]["type"], [task["name"].rpartition("-")[0] for task in tasks]


def ask(desk: Desk, path: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    reply = requests.post(f"{desk.prefect}{path}", json=body, timeout=30)
    assert reply.ok, reply.text
    return reply.json()


def test_rounds_and_a_cutover_are_flow_runs(watched_desk: Desk) -> None:
    desk = watched_desk
    engine(desk.lab, "source", "PUT", "/orders-1/_doc/1?refresh=true", {"number": 1})
    desk.write(indices={"include": ["orders-1"]}, cutover={"green": "1s"})

    seeded = desk.run("seed", "--execute")
    assert seeded.code == 0, str(seeded)
    assert f"This run is shown on the Prefect server at {desk.prefect}." in seeded.err
    name, state, tasks = shown(desk, "seed")
    assert (name, state) == ("lab-move", "COMPLETED")
    assert tasks[0] == "resolve"
    assert {"register-on-source", "snapshot", "restore", "copies"} <= set(tasks)

    rehearsed = desk.run("cutover", "--execute", "--rehearse")
    assert rehearsed.code == 0, str(rehearsed)
    assert shown(desk, "rehearse-cutover")[:2] == ("lab-move", "COMPLETED")

    opened = desk.run("cutover", "--execute", "--allow-freeze")
    assert opened.code == 0, str(opened)
    name, state, tasks = shown(desk, "cutover")
    assert (name, state) == ("lab-move", "COMPLETED")
    assert "resolve" in tasks
    assert "verify" not in tasks, "while the source refuses writes, Prefect decides nothing"
    assert documents(desk.lab, "target", "orders-1") == 1


def test_a_rehearsal_that_finds_a_problem_has_failed_there_too(watched_desk: Desk) -> None:
    desk = watched_desk
    engine(desk.lab, "source", "PUT", "/orders-1/_doc/1?refresh=true", {"number": 1})
    engine(desk.lab, "target", "PUT", "/orders-1/_doc/1?refresh=true", {"number": 2})
    desk.write(indices={"include": ["orders-1"]})
    ended = desk.run("rehearse", "--execute")
    assert ended.code == 4, str(ended)
    assert shown(desk, "rehearse")[:2] == ("lab-move", "FAILED")
