"""The flows on a Prefect server, which shows them: from the command, and as a deployment on a worker."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests
from migrations import Desk, clean_environment, documents, engine, eventually, plan_of

ROOT = Path(__file__).resolve().parents[2]
PREFECT = Path(sys.executable).parent / "prefect"
INDEX = "deployed-orders"


class Server:
    """What the Prefect server holds."""

    def __init__(self, address: str) -> None:
        self.address = address

    def get(self, path: str) -> Any:
        reply = requests.get(self.address + path, timeout=60)
        assert reply.ok, reply.text
        return reply.json()

    def post(self, path: str, body: Any) -> requests.Response:
        return requests.post(self.address + path, json=body, timeout=60)

    def artifacts(self, run: str) -> list[dict[str, Any]]:
        """The flow run's own artifacts."""
        reply = self.post("/artifacts/filter", {"flow_runs": {"id": {"any_": [run]}}})
        assert reply.ok, reply.text
        return reply.json()

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


@pytest.fixture
def deployed(watched_desk: Desk, tmp_path: Path) -> tuple[Server, dict[str, Any], dict[str, str]]:
    """The server, the deployment that the documented script made on it, and the environment for a worker."""
    env = clean_environment() | watched_desk.environment | {"PREFECT_HOME": str(tmp_path / "prefect")}
    done = subprocess.run(
        [ROOT / "deployments" / "deploy"], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    server = Server(watched_desk.prefect)
    return server, server.get("/deployments/name/migrate/migrate"), env


def test_a_deployed_migration_runs_on_a_worker_and_its_parameters_are_typed(
    watched_desk: Desk, deployed: tuple[Server, dict[str, Any], dict[str, str]]
) -> None:
    server, deployment, env = deployed
    for number in range(5):
        engine(watched_desk.lab, "source", "PUT", f"/{INDEX}/_doc/{number}?refresh=true", {"number": number})
    plan = plan_of(watched_desk.lab) | {"name": "deployed-move", "indices": {"include": [INDEX]}}

    shown = deployment["parameter_openapi_schema"]
    assert shown["properties"]["plan"] == {**shown["properties"]["plan"], "$ref": "#/definitions/Plan"}
    keys = shown["definitions"]["Plan"]["properties"]
    assert {"name", "source", "target", "repository", "conflicts", "verify"} <= keys.keys()
    assert deployment["parameters"] == {"execute": False}  # no run changes a domain because of the defaults
    assert server.get("/deployments/name/rehearse/rehearse")["parameters"] == {"execute": False}

    create = f"/deployments/{deployment['id']}/create_flow_run"
    wrong = plan | {"verify": {"level": "sometimes"}}
    refused = server.post(create, {"parameters": {"plan": wrong}})
    assert refused.status_code == 409
    assert "sometimes" in refused.text

    made = server.post(
        create, {"parameters": {"plan": plan, "execute": True}, "state": {"type": "SCHEDULED"}}
    )
    assert made.status_code == 201, made.text
    worker = subprocess.run(
        [PREFECT, "worker", "start", "--pool", "snapferry", "--run-once"],
        cwd=watched_desk.folder, env=env, capture_output=True, text=True, timeout=180,
    )  # fmt: skip
    assert worker.returncode == 0, worker.stdout + worker.stderr

    run = server.get(f"/flow_runs/{made.json()['id']}")
    artifacts = server.artifacts(run["id"])
    assert run["state"]["type"] == "COMPLETED", (run["state"], worker.stdout, worker.stderr)
    assert run["name"] == "deployed-move"
    assert documents(watched_desk.lab, "target", INDEX) == 5
    report = next(item for item in artifacts if item["key"] == "deployed-move-report")
    assert "1 of 1 indices equal, 5 documents" in report["data"]
    assert watched_desk.lab.secret_access_key not in json.dumps([run, artifacts, deployment])
    assert (
        run["parameters"]["plan"]["repository"]["role_arn"] == watched_desk.lab.role_arn
    )  # it is the plan that is stored
