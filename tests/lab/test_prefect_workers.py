"""Deployments on a real Prefect server with PostgreSQL, run by a real worker that is killed now and then."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from browser.chromium import started
from migrations import Desk, clean_environment, documents, engine, plan_of
from playwright.sync_api import Page, expect
from support.prefect_fleet import FleetServer, FleetWorker, eventually, fleet_server, fleet_worker

from lab.description import LabDescription, environment

INDEX = "fleet-orders"
LEASE_S = 4
PAGE_MS = 120_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FleetServer]:
    """A server that the command has set up."""
    with fleet_server(tmp_path_factory.mktemp("fleet")) as started:
        done = subprocess.run(
            [sys.executable, "-m", "snapferry", "prefect", "setup", "--execute"],
            env=clean_environment() | {"PREFECT_API_URL": started.address},
            capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert "14 changes made." in done.stdout
        assert "next: prefect worker start --pool snapferry --type process" in done.stderr
        yield started


@pytest.fixture(scope="module")
def worker(lab: LabDescription, server: FleetServer) -> Iterator[FleetWorker]:
    """A worker of the pool `snapferry`."""
    with fleet_worker(server, "one", environment(lab)) as started:
        yield started


def plan(desk: Desk, name: str, **changes: Any) -> dict[str, Any]:
    """The lab's move of one index, with its state in the lab's bucket."""
    state = {"address": f"s3://{desk.lab.bucket}/state", "lease": f"{LEASE_S}s"}
    return plan_of(desk.lab) | {"name": name, "indices": {"include": [INDEX]}, "state": state} | changes


def test_a_server_is_set_up_and_its_worker_runs_plans(
    desk: Desk, server: FleetServer, worker: FleetWorker
) -> None:
    for number in range(5):
        engine(desk.lab, "source", "PUT", f"/{INDEX}/_doc/{number}?refresh=true", {"number": number})
    gated = plan(desk, "gated", gates={"before-restore": {"timeout": "10m"}})
    killed = server.start_run("migrate", {"plan": yaml.safe_dump(gated), "execute": True})
    refused = server.start_run("migrate", {"plan": gated})
    wrong = server.start_run("check", {"plan": yaml.safe_dump(gated).replace("bucket:", "buckets:")})
    objects_are_typed(server, gated)

    at_the_gate(server, worker, killed)
    worker.kill_run(killed)
    continued = the_automation_continues(server, killed)
    server.post(f"/flow_runs/{continued}/resume", {})
    assert server.ended(continued)["state"]["name"] == "Completed", server.logs(continued)
    assert documents(desk.lab, "target", INDEX) == 5
    assert "1 of 1 indices equal, 5 documents" in server.artifacts(continued)["gated-report"]

    is_one_line(server, worker, refused, "refused: nothing was done: the flow changes domains only with")
    is_one_line(server, worker, wrong, "refused: the plan has 2 problems; the text:")
    an_object(desk, server, gated)
    the_page_shows_it(server, killed, continued)
    assert "Traceback" not in worker.output
    assert desk.lab.secret_access_key not in worker.output


def test_a_fleet_goes_on_when_one_of_its_runs_is_killed(
    desk: Desk, server: FleetServer, worker: FleetWorker
) -> None:
    for name in ("first", "second"):
        engine(desk.lab, "source", "PUT", f"/{name}/_doc/1?refresh=true", {"number": 1})
        made = plan(desk, name, indices={"include": [name]})
        made["repository"] |= {"name": name, "base_path": name}
        if name == "first":
            made["gates"] = {"before-restore": {"timeout": "10m"}}
        (desk.folder / f"{name}.yaml").write_text(yaml.safe_dump(made), encoding="utf-8")
    fleet = {"kind": "fleet", "name": "two", "plans": [{"plan": "second.yaml", "after": ["first"]}]}
    fleet["plans"] += [{"plan": "first.yaml"}]  # type: ignore[operator]
    desk.plan_file.write_text(yaml.safe_dump(fleet | {"retry": {"pause": "1s"}}), encoding="utf-8")
    settings = {"PREFECT_API_URL": server.address}
    process = desk.start("run", "--execute", "--json", module=("snapferry", "fleet"), environment=settings)
    try:
        eventually(lambda: bool(of_fleets(server)) or process.poll() is not None)
        (first,) = of_fleets(server)
        server.in_state(first["id"], "Waiting at before-restore")
        worker.kill_run(first["id"])
        eventually(lambda: standing(desk)["first"]["attempts"] == 2)
        approved = desk.command("approve", str(desk.folder / "first.yaml"), "before-restore")
        assert approved.code == 0, str(approved)
        assert process.wait(240) == 0, process.stdout and process.stdout.read()
    finally:
        process.kill()
    found = standing(desk)
    assert {name: each["status"] for name, each in found.items()} == {"first": "done", "second": "done"}
    assert all(each["equal"] == each["indices"] == 1 for each in found.values())
    assert [documents(desk.lab, "target", name) for name in ("first", "second")] == [1, 1]


def of_fleets(server: FleetServer) -> list[dict[str, Any]]:
    """The flow runs that fleets have started."""
    return [run for run in server.runs() if any(tag.startswith("fleet-run:") for tag in run["tags"])]


def standing(desk: Desk) -> dict[str, Any]:
    """How each plan of the desk's fleet stands."""
    return {
        each["name"]: each
        for each in desk.command("fleet", "status", str(desk.plan_file), "--json").json["plans"]
    }


def objects_are_typed(server: FleetServer, plan: dict[str, Any]) -> None:
    """The server itself refuses an object that is no plan, and says where."""
    wrong = server.create("migrate", {"plan": plan | {"verify": {"level": "sometimes"}}})
    assert wrong.status_code == 409
    assert "plan.verify.level" in wrong.text and "'sometimes' is not one of" in wrong.text
    assert server.create("migrate", {"plan": 5}).status_code == 409


def at_the_gate(server: FleetServer, worker: FleetWorker, run: str) -> None:
    """The run waits: its state says so on the page, and so does one line in its log and the worker's."""
    found = server.in_state(run, "Waiting at before-restore")
    assert found["name"] == "gated" and found["state"]["type"] == "PAUSED"
    assert "to approve it, resume this flow run" in found["state"]["message"]
    eventually(lambda: any("waiting for approval" in line for line in server.logs(run)))
    (line,) = (line for line in server.logs(run) if "waiting for approval of before-restore until" in line)
    assert "snapferry approve" in line and "resume flow run gated in Prefect" in line
    eventually(lambda: worker.output.count("waiting for approval of before-restore until") == 1)


def the_automation_continues(server: FleetServer, killed: str) -> str:
    """The server itself starts the run's deployment again; the new run is at the gate."""
    assert server.ended(killed)["state"]["name"] == "Crashed"
    given = server.run(killed)["parameters"]

    def started() -> list[dict[str, Any]]:
        return [each for each in server.runs() if each["parameters"].get("crashes") == 1]

    eventually(lambda: bool(started()))
    (continued,) = started()
    assert continued["parameters"] == given | {"crashes": 1}
    server.in_state(continued["id"], "Waiting at before-restore")
    return continued["id"]


def is_one_line(server: FleetServer, worker: FleetWorker, run: str, said: str) -> None:
    """An expected refusal is the run's state and one line of its log."""
    state = server.ended(run)["state"]
    assert (state["name"], state["type"]) == ("Refused", "FAILED"), state
    assert state["message"].startswith(said.removeprefix("refused: "))
    eventually(lambda: any(said in line for line in server.logs(run)))
    assert sum(said in line for line in server.logs(run)) == 1
    assert worker.output.count(said) == 1


def an_object(desk: Desk, server: FleetServer, plan: dict[str, Any]) -> None:
    """A plan in S3 is the same plan; what was read is in the log."""
    s3: Any = boto3.client(
        "s3",
        endpoint_url=desk.lab.control_url,
        aws_access_key_id=desk.lab.access_key_id,
        aws_secret_access_key=desk.lab.secret_access_key,
        region_name=desk.lab.bucket_region,
    )
    s3.put_object(Bucket=desk.lab.bucket, Key="plans/gated.yaml", Body=yaml.safe_dump(plan).encode())
    place = f"s3://{desk.lab.bucket}/plans/gated.yaml"
    run = server.start_run("verify", {"plan": place})
    ended = server.ended(run)
    assert ended["state"]["name"] == "Completed", (ended["state"], server.logs(run))
    assert ended["name"] == "gated"
    eventually(lambda: f"plan gated, read from {place}" in "\n".join(server.logs(run)))
    assert "1 of 1 indices equal" in server.artifacts(run)["gated-comparison"]


def the_page_shows_it(server: FleetServer, killed: str, continued: str) -> None:
    """Prefect's page, in a browser: every deployment, a run that crashed, and what continued it."""
    with chromium_page(1280, 800) as page:
        page.goto(f"{server.page}/deployments")
        for verb in ("check", "migrate", "cutover", "abort"):
            expect(page.get_by_role("link", name=verb, exact=True).first).to_be_visible(timeout=PAGE_MS)
        photograph(page, "prefect-deployments")
        page.goto(f"{server.page}/runs/flow-run/{killed}")
        expect(page.get_by_text("Crashed").first).to_be_visible(timeout=PAGE_MS)
        page.goto(f"{server.page}/runs/flow-run/{continued}")
        for said in ("Completed", "gated", "Snapferry: a run that has crashed is continued"):
            expect(page.get_by_text(said).first).to_be_visible(timeout=PAGE_MS)
        photograph(page, "prefect-run")


@contextmanager
def chromium_page(width: int, height: int) -> Iterator[Page]:
    """A page in the machine's Chromium."""
    with started() as browser:
        yield browser.new_page(viewport={"width": width, "height": height})


def photograph(page: Page, name: str) -> None:
    """Keep a picture for docs/images, if the environment names a folder for it."""
    folder = os.environ.get("SNAPFERRY_PICTURES")
    if folder:
        page.wait_for_timeout(1500)  # for what moves on the page
        page.screenshot(path=Path(folder) / f"{name}.png")
