"""`make soak JOB=fleet`: eight plans between four domains; one of two machines is lost, and so is the server.

A real Prefect server on PostgreSQL; the domains are those of two labs, which are two AWS accounts; two
process workers that share nothing but the bucket with the state. `snapferry fleet run` starts the plans. As
soon as runs have begun, a worker is killed with all its runs; then the server is killed and started again.
What the lost machine had begun is taken over by the other one, and every plan ends verified.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml

from lab.description import LabDescription, environment
from lab.manager import attached
from lab.settings import LabSettings
from tests.soak.scene import Scene

sys.path[:0] = [str(Path(__file__).parents[1] / "lab"), str(Path(__file__).parents[1])]
migrations: Any = import_module("migrations")
servers: Any = import_module("support.prefect_fleet")
"""Helpers of the lab's tests, which pytest finds by its settings."""

COLUMNS = ("seed", "plans", "lost", "attempts", "taken over after", "finished after", "verdict")
PASSED = ("all verified",)
RUNS = 2
DOCUMENTS = 200
GATE = "before-restore"
LEASE_S = 10
_LONGEST_S = 1500.0
Lab = tuple[str, LabDescription]


def fleet_run(scene: Scene, seed: int) -> dict[str, Any]:
    """One fleet that loses a machine and its server; a row of the results."""
    folder = scene.folder / f"fleet-{seed}"
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        other = stack.enter_context(attached(folder / "other-lab", LabSettings()))
        labs: list[Lab] = [("first", scene.lab), ("second", other)]
        fleet = write_fleet(folder, labs, seed)
        server = stack.enter_context(servers.fleet_server(folder / "server"))
        _run(["prefect", "setup", "--silence", "180s", "--execute"], {"PREFECT_API_URL": server.address})
        accounts = profiles(folder, labs)
        workers = [
            stack.enter_context(servers.fleet_worker(server, name, accounts | _own_state(folder, name)))
            for name in ("one", "two")
        ]
        settings = accounts | _own_state(folder, "fleet") | {"PREFECT_API_URL": server.address}
        with _started(fleet, settings, folder / "fleet.log") as process:
            return _lose(folder, fleet, settings, server, workers, process, labs, seed)


def write_fleet(folder: Path, labs: list[Lab], seed: int) -> Path:
    """Two plans for each domain as the source, an index for each, and the fleet file."""
    bucket = labs[0][1].bucket
    state = {"address": f"s3://{bucket}/fleet-{seed}", "lease": f"{LEASE_S}s", "auth": _profile("first")}
    names = []
    for account, lab in labs:
        for source, target in (("source", "target"), ("target", "source")):
            for number in (1, 2):
                name = f"{account}-{source}-{number}"
                _fill(lab, source, name)
                plan = migrations.plan_of(lab) | {
                    "name": name,
                    "source": _side(lab, source, account),
                    "target": _side(lab, target, account),
                    "indices": {"include": [name]},
                    "state": state,
                }
                plan["repository"] |= {"name": name, "base_path": name}
                if number == 1 and names:  # not the canary
                    plan["gates"] = {GATE: {"timeout": "1h"}}
                (folder / f"{name}.yaml").write_text(yaml.safe_dump(plan), encoding="utf-8")
                names.append(name)
    settings = {
        "kind": "fleet",
        "name": "weekend",
        "state": state,
        "plans": [{"plan": f"{name}.yaml"} for name in names],
        "waves": [{"name": "canary", "plans": names[:1]}, {"name": "rest", "plans": ["*"]}],
        "limits": {"total": 4, "domain": 2},
        "retry": {"pause": "5s"},
    }
    path = folder / "fleet.yaml"
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return path


def _fill(lab: LabDescription, side: str, name: str) -> None:
    for number in range(DOCUMENTS):
        refresh = "?refresh=true" if number == DOCUMENTS - 1 else ""
        migrations.engine(lab, side, "PUT", f"/{name}/_doc/{number}{refresh}", {"number": number})


def _side(lab: LabDescription, side: str, account: str) -> dict[str, Any]:
    domain = lab.domain(side)
    return {"endpoint": domain.endpoint, "region": domain.region, "auth": _profile(account)}


def _profile(account: str) -> dict[str, str]:
    return {"type": "sigv4", "profile": account}


def profiles(folder: Path, labs: list[Lab]) -> dict[str, str]:
    """The environment of a machine that knows both accounts, each by a profile."""
    config, credentials = folder / "aws-config", folder / "aws-credentials"
    config.write_text("".join(f"[profile {name}]\nendpoint_url = {lab.control_url}\n" for name, lab in labs))
    credentials.write_text(
        "".join(
            f"[{name}]\naws_access_key_id = {lab.access_key_id}\n"
            f"aws_secret_access_key = {lab.secret_access_key}\n"
            for name, lab in labs
        )
    )
    kept = environment(labs[0][1])
    files = {"AWS_CONFIG_FILE": str(config), "AWS_SHARED_CREDENTIALS_FILE": str(credentials)}
    return {k: v for k, v in kept.items() if k not in _OF_ONE_ACCOUNT} | files


_OF_ONE_ACCOUNT = {"AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}


def _own_state(folder: Path, name: str) -> dict[str, str]:
    """A folder that no other machine has."""
    return {"SNAPFERRY_STATE": str(folder / f"machine-{name}")}


def _lose(
    folder: Path, fleet: Path, settings: dict[str, str], server: Any, workers: list[Any], process: Any,
    labs: list[Lab], seed: int,
) -> dict[str, Any]:  # fmt: skip
    """Kill a worker in the middle of a run, then the server; wait until the fleet has ended."""
    began = time.monotonic()
    servers.eventually(lambda: len(_waiting(server)) >= 2, lambda: _log(folder), 400.0)
    holder = next(worker for worker in workers if _runs_of(server, worker))
    lost = _runs_of(server, holder)
    holder.kill()
    killed = time.monotonic()
    server.kill()
    time.sleep(3)
    server.start()
    for plan in folder.glob("*-1.yaml"):
        if GATE in plan.read_text():
            _approve(plan, settings)
    servers.eventually(lambda: _again(fleet, settings, lost), lambda: _log(folder), 600.0)
    taken = time.monotonic() - killed
    code = process.wait(_LONGEST_S)
    report = _report(fleet, settings)
    assert code == 0, (code, _log(folder))
    for account, lab in labs:
        for side, other in (("source", "target"), ("target", "source")):
            for number in (1, 2):
                assert migrations.documents(lab, other, f"{account}-{side}-{number}") == DOCUMENTS
    plans = report["plans"]
    assert all(plan["equal"] == plan["indices"] == 1 for plan in plans), plans
    (folder / "report.json").write_text(json.dumps(report, indent=2), encoding="utf-8")
    return {
        "seed": seed,
        "plans": len(plans),
        "lost": ", ".join(lost),
        "attempts": ", ".join(f"{plan['name']} {plan['attempts']}" for plan in plans if plan["attempts"] > 1),
        "taken over after": f"{taken:.0f} s",
        "finished after": f"{time.monotonic() - began:.0f} s",
        "verdict": PASSED[0],
    }


def _waiting(server: Any) -> list[dict[str, Any]]:
    """Flow runs that wait at the gate: their runs have taken their snapshots."""
    return [run for run in server.runs() if run["state"]["name"] == f"Waiting at {GATE}"]


def _runs_of(server: Any, worker: Any) -> list[str]:
    """Plans whose runs wait at the gate, in processes of this worker."""
    return [r["parameters"]["plan"]["name"] for r in _waiting(server) if worker.process_of(r["id"])]


def _approve(plan: Path, settings: dict[str, str]) -> None:
    """Approve the gate as soon as a run of the plan can reach it."""
    offline = {name: value for name, value in settings.items() if name != "PREFECT_API_URL"}
    servers.eventually(lambda: _run(["approve", str(plan), GATE], offline, check=False).returncode == 0)


def _again(fleet: Path, settings: dict[str, str], lost: list[str]) -> bool:
    plans = {plan["name"]: plan for plan in _report(fleet, settings).get("plans", [])}
    return all(plans[name]["attempts"] > 1 or plans[name]["status"] == "done" for name in lost)


def _report(fleet: Path, settings: dict[str, str]) -> dict[str, Any]:
    offline = {name: value for name, value in settings.items() if name != "PREFECT_API_URL"}
    ended = _run(["fleet", "status", str(fleet), "--json"], offline, check=False)
    return json.loads(ended.stdout) if ended.stdout.strip() else {}


def _alone(settings: dict[str, str]) -> dict[str, str]:
    """The environment of a command that knows of AWS, Prefect and Snapferry only what the settings say."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "PREFECT_", "SNAPFERRY_"))}
    return kept | settings


def _run(arguments: list[str], settings: dict[str, str], *, check: bool = True) -> Any:
    command = [sys.executable, "-m", "snapferry", *arguments]
    done = subprocess.run(command, env=_alone(settings), capture_output=True, text=True, timeout=600)
    assert not check or done.returncode == 0, done.stderr
    return done


@contextmanager
def _started(fleet: Path, settings: dict[str, str], log: Path) -> Iterator[Any]:
    command = [sys.executable, "-m", "snapferry", "fleet", "run", str(fleet), "--execute"]
    with log.open("w") as output:
        process = subprocess.Popen(command, env=_alone(settings), stdout=output, stderr=output)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def _log(folder: Path) -> str:
    return (folder / "fleet.log").read_text(errors="replace")[-4000:]
