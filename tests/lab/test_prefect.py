"""Runs that a Prefect server shows: each step is a task there, and ends as the run does."""

from __future__ import annotations

from typing import Any

import requests
from migrations import Desk, documents, engine, eventually


def newest(desk: Desk, flow: str) -> dict[str, Any]:
    """The newest run of this flow."""
    named = {"flows": {"name": {"any_": [flow]}}, "sort": "EXPECTED_START_TIME_DESC", "limit": 1}
    return ask(desk, "/flow_runs/filter", named)[0]


def tasks_of(desk: Desk, run: dict[str, Any]) -> set[str]:
    """The names of the tasks of a flow run that have completed, without the numbers that Prefect adds."""
    tasks = ask(desk, "/task_runs/filter", {"flow_runs": {"id": {"any_": [run["id"]]}}})
    return {task["name"].rpartition("-")[0] for task in tasks if task["state"]["type"] == "COMPLETED"}


def ask(desk: Desk, path: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    reply = requests.post(f"{desk.prefect}{path}", json=body, timeout=30)
    assert reply.ok, reply.text
    return reply.json()


def test_rounds_and_a_cutover_are_flow_runs(watched_desk: Desk) -> None:
    desk = watched_desk
    engine(desk.lab, "source", "PUT", "/orders-1/_doc/1?refresh=true", {"number": 1})
    desk.write(indices={"include": ["orders-1"]}, cutover={"green": "1s"})

    seed = desk.start("seed", "--execute")
    said, _ = seed.communicate(timeout=60)
    assert seed.returncode == 0, said
    assert f"This run is shown on the Prefect server at {desk.prefect}." in said
    run = newest(desk, "seed")
    assert (run["name"], run["state"]["type"]) == ("lab-move", "COMPLETED")
    eventually(lambda: {"resolve", "register on source", "snapshot", "restore"} <= tasks_of(desk, run))

    rehearsed = desk.run("cutover", "--execute", "--rehearse")
    assert rehearsed.code == 0, str(rehearsed)
    assert newest(desk, "rehearse-cutover")["state"]["type"] == "COMPLETED"

    opened = desk.run("cutover", "--execute", "--allow-freeze")
    assert opened.code == 0, str(opened)
    assert newest(desk, "cutover")["state"]["type"] == "COMPLETED"
    assert documents(desk.lab, "target", "orders-1") == 1


def test_a_rehearsal_that_finds_a_problem_has_failed_there_too(watched_desk: Desk) -> None:
    desk = watched_desk
    engine(desk.lab, "source", "PUT", "/orders-1/_doc/1?refresh=true", {"number": 1})
    engine(desk.lab, "target", "PUT", "/orders-1/_doc/1?refresh=true", {"number": 2})
    desk.write(indices={"include": ["orders-1"]})
    ended = desk.run("rehearse", "--execute")
    assert ended.code == 4, str(ended)
    assert newest(desk, "rehearse")["state"]["type"] == "FAILED"
