"""`make soak JOB=takeover`: a machine is lost while it works on a run, and the automations take it over.

A real server on PostgreSQL, two workers with nothing in common but the bucket that holds the state. The
machine that waits at a run's gate is killed with its worker, so that nobody tells the server. The automations
that `snapferry prefect setup` has made mark the run as crashed and start it again, and the other worker
finishes it. (A server that is restarted meanwhile holds the second automation back for a quarter of an hour.)
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml

from lab.description import environment
from tests.soak.scene import Scene

sys.path[:0] = [str(Path(__file__).parents[1] / "lab"), str(Path(__file__).parents[1])]
migrations: Any = import_module("migrations")
fleet: Any = import_module("support.prefect_fleet")
"""Helpers of the lab's tests, which pytest finds by its settings."""

COLUMNS = ("seed", "killed at", "crashed after", "taken over after", "finished after", "verdict")
PASSED = ("finished, verified",)
RUNS = 3
GATES = ("before-restore", "before-snapshot")
SILENCE_S = 180
INDEX = "taken-over"
DOCUMENTS = 25


def takeover_run(scene: Scene, seed: int) -> dict[str, Any]:
    """One run whose machine is lost; a row of the results."""
    gate = GATES[seed % len(GATES)]
    desk = migrations.Desk(scene.lab, scene.folder / f"takeover-{seed}")
    desk.folder.mkdir(parents=True, exist_ok=True)
    for number in range(DOCUMENTS):
        migrations.engine(
            desk.lab, "source", "PUT", f"/{INDEX}-{seed}/_doc/{number}?refresh=true", {"number": number}
        )
    with ExitStack() as stack:
        server = stack.enter_context(fleet.fleet_server(desk.folder / "fleet"))
        _set_up(server)
        workers = [
            stack.enter_context(fleet.fleet_worker(server, name, _machine(desk, name)))
            for name in ("one", "two")
        ]
        return _lost(desk, server, workers, seed, gate)


def _lost(desk: Any, server: Any, workers: list[Any], seed: int, gate: str) -> dict[str, Any]:
    plan = _plan(desk, seed, gate)
    run = server.start_run("migrate", {"plan": yaml.safe_dump(plan), "execute": True})
    server.in_state(run, f"Waiting at {gate}")
    holder = next(worker for worker in workers if worker.process_of(run))
    holder.kill()
    killed = time.monotonic()
    server.in_state(run, "Crashed", within_s=3 * SILENCE_S)
    crashed = time.monotonic() - killed
    assert "not heard of for" in server.run(run)["state"]["message"]
    fleet.eventually(lambda: bool(_continued(server)))
    (again,) = _continued(server)
    server.in_state(again["id"], f"Waiting at {gate}")
    taken = time.monotonic() - killed
    server.post(f"/flow_runs/{again['id']}/resume", {})
    state = server.ended(again["id"])["state"]
    assert state["name"] == "Completed", (state, server.logs(again["id"]))
    assert migrations.documents(desk.lab, "target", f"{INDEX}-{seed}") == DOCUMENTS
    return {
        "seed": seed,
        "killed at": gate,
        "crashed after": f"{crashed:.0f} s",
        "taken over after": f"{taken:.0f} s",
        "finished after": f"{time.monotonic() - killed:.0f} s",
        "verdict": PASSED[0],
    }


def _continued(server: Any) -> list[dict[str, Any]]:
    return [each for each in server.runs() if each["parameters"].get("crashes") == 1]


def _set_up(server: Any) -> None:
    subprocess.run(
        [sys.executable, "-m", "snapferry", "prefect", "setup", "--silence", f"{SILENCE_S}s", "--execute"],
        env={**os.environ, "PREFECT_API_URL": server.address},
        check=True,
    )


def _machine(desk: Any, name: str) -> dict[str, str]:
    """The environment of a machine with a folder of its own."""
    return environment(desk.lab) | {"SNAPFERRY_STATE": str(desk.folder / name)}


def _plan(desk: Any, seed: int, gate: str) -> dict[str, Any]:
    desk.write(
        name=f"takeover-{seed}",
        indices={"include": [f"{INDEX}-{seed}"]},
        state={"address": f"s3://{desk.lab.bucket}/takeover-{seed}", "lease": "30s"},
        gates={gate: {"timeout": "1h"}},
    )
    return yaml.safe_load(desk.plan_file.read_text(encoding="utf-8"))
