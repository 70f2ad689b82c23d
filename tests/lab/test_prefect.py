"""The flows on a Prefect server, which shows them: from the command. On workers: test_prefect_workers.py."""

from __future__ import annotations

from typing import Any

import requests
from migrations import Desk, documents, engine, eventually


class Server:
    """What the Prefect server holds."""

    def __init__(self, address: str) -> None:
        self.address = address

    def post(self, path: str, body: Any) -> requests.Response:
        return requests.post(self.address + path, json=body, timeout=60)

    def newest(self, flow: str) -> dict[str, Any]:
        """The newest run of this flow."""
        named = {"flows": {"name": {"any_": [flow]}}, "sort": "EXPECTED_START_TIME_DESC", "limit": 1}
        return self.post("/flow_runs/filter", named).json()[0]

    def completed(self, run: dict[str, Any]) -> set[str]:
        """The names of a flow run's tasks that have completed, without the numbers that Prefect adds."""
        tasks = self.post("/task_runs/filter", {"flow_runs": {"id": {"any_": [run["id"]]}}}).json()
        return {task["name"].rpartition("-")[0] for task in tasks if task["state"]["type"] == "COMPLETED"}


def test_rounds_and_a_cutover_are_flow_runs(watched_desk: Desk) -> None:
    desk, server = watched_desk, Server(watched_desk.prefect)
    engine(desk.lab, "source", "PUT", "/orders-1/_doc/1?refresh=true", {"number": 1})
    desk.write(indices={"include": ["orders-1"]}, cutover={"green": "1s"})

    seed = desk.start("seed", "--execute")
    said, _ = seed.communicate(timeout=60)
    assert seed.returncode == 0, said
    assert f"This run is shown on the Prefect server at {desk.prefect}." in said
    run = server.newest("seed")
    assert (run["name"], run["state"]["type"]) == ("lab-move", "COMPLETED")
    eventually(lambda: {"resolve", "register on source", "snapshot", "restore"} <= server.completed(run))

    rehearsed = desk.run("cutover", "--execute", "--rehearse")
    assert rehearsed.code == 0, str(rehearsed)
    assert server.newest("rehearse-cutover")["state"]["type"] == "COMPLETED"

    opened = desk.run("cutover", "--execute", "--allow-freeze")
    assert opened.code == 0, str(opened)
    assert server.newest("cutover")["state"]["type"] == "COMPLETED"
    assert documents(desk.lab, "target", "orders-1") == 1


def test_a_rehearsal_that_finds_a_problem_has_failed_there_too(watched_desk: Desk) -> None:
    desk, server = watched_desk, Server(watched_desk.prefect)
    engine(desk.lab, "source", "PUT", "/orders-1/_doc/1?refresh=true", {"number": 1})
    engine(desk.lab, "target", "PUT", "/orders-1/_doc/1?refresh=true", {"number": 2})
    desk.write(indices={"include": ["orders-1"]})
    ended = desk.run("rehearse", "--execute")
    assert ended.code == 4, str(ended)
    assert server.newest("rehearse")["state"]["type"] == "FAILED"
