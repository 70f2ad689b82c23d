"""Run the command against the lab, and inspect its effects on the engines, in files and in the log."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
import yaml
from typer.testing import CliRunner

from lab.description import LabDescription, child_environment, environment

WAIT_S = 120.0
MUTATING = {"PUT", "POST", "DELETE"}
READING_POSTS = ("/_search", "/_msearch", "/_count", "/_mget")


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """Standard output, which must be one JSON document."""
        return json.loads(self.out)

    def __str__(self) -> str:
        return f"exit {self.code}\n{self.out}\n{self.err}"


@dataclass
class Desk:
    """A user at the lab: a folder with a plan, a state folder, and the command.

    `prefect` is the address of the Prefect server that shows the runs; empty where there is none.
    """

    lab: LabDescription
    folder: Path
    prefect: str = ""

    @property
    def plan_file(self) -> Path:
        return self.folder / "plan.yaml"

    @property
    def environment(self) -> dict[str, str]:
        shown = {"PREFECT_API_URL": self.prefect} if self.prefect else {}
        return environment(self.lab) | {"SNAPFERRY_STATE": str(self.folder / "state")} | shown

    def write(self, **changes: Any) -> Path:
        """Writes the plan: the lab's move with these top-level keys changed (dicts are merged)."""
        plan = plan_of(self.lab)
        for key, value in changes.items():
            plan[key] = _merged(plan.get(key, {}), value) if isinstance(value, dict) else value
        self.plan_file.write_text(yaml.safe_dump(plan, sort_keys=False), encoding="utf-8")
        return self.plan_file

    def run(self, verb: str, *arguments: str, environment: Mapping[str, str | None] | None = None) -> Ended:
        """The command in this process: `run("migrate", "--execute")`.

        `environment` is what is different in it; None takes a variable out.
        """
        return self.command(verb, str(self.plan_file), *arguments, environment=environment)

    def command(self, *arguments: str, environment: Mapping[str, str | None] | None = None) -> Ended:
        """The same, with all arguments given; as in a process of its own, no secret is known yet."""
        from domains.known_secrets import forget_secrets
        from snapferry.main import app

        forget_secrets()
        variables = {**self.environment, **(environment or {})}
        result = CliRunner().invoke(app, arguments, env=variables, catch_exceptions=False)
        return Ended(result.exit_code, result.stdout, result.stderr)

    def start(
        self,
        verb: str,
        *arguments: str,
        environment: Mapping[str, str | None] | None = None,
        module: Sequence[str] = ("snapferry",),
    ) -> subprocess.Popen[str]:
        """The command in a process of its own, to be killed; `environment` as for `run`, `module` runs it."""
        variables = child_environment(self.lab) | self.environment | dict(environment or {})
        return subprocess.Popen(
            [sys.executable, "-m", *module, verb, str(self.plan_file), *arguments],
            env={name: value for name, value in variables.items() if value is not None},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def report(self) -> dict[str, Any]:
        """The latest run's report."""
        return self.run("report", "--json").json

    def journal(self) -> dict[str, Any]:
        """The newest journal of the plan."""
        name = yaml.safe_load(self.plan_file.read_text(encoding="utf-8"))["name"]
        files = sorted((self.folder / "state" / "plans" / name).glob("*.json"))
        return json.loads(files[-1].read_text(encoding="utf-8"))


def _merged(before: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """The one with the other's keys; those that are None are taken out."""
    return {key: value for key, value in (before | changes).items() if value is not None}


def kill_when(process: subprocess.Popen[str], seen: Callable[[], bool]) -> None:
    """kill -9 as soon as something is seen."""
    deadline = time.monotonic() + WAIT_S
    while not seen():
        assert process.poll() is None, process.stdout and process.stdout.read()
        assert time.monotonic() < deadline, "what was waited for did not happen"
        time.sleep(0.01)
    process.kill()
    assert process.wait() == -signal.SIGKILL


def lose_machine_when(desk: Desk, process: subprocess.Popen[str], seen: Callable[[], bool]) -> None:
    """kill -9 of the command and of its guard as soon as something is seen: nobody is left to clear up."""
    eventually(lambda: process.poll() is not None or seen())
    assert process.poll() is None, process.stdout and process.stdout.read()
    process.send_signal(signal.SIGSTOP)  # or it would see that its guard is gone
    guard = guard_of(desk)
    if guard:
        os.kill(guard["process"], signal.SIGKILL)
    process.kill()
    assert process.wait() == -signal.SIGKILL


def guard_of(desk: Desk) -> dict[str, Any] | None:
    """What the guard of a window has recorded; None without one."""
    found = next(desk.folder.rglob("*.guard"), None)
    return json.loads(found.read_text(encoding="utf-8")) if found else None


def eventually(seen: Callable[[], bool], within_s: float = WAIT_S) -> None:
    """Waits until something is seen."""
    deadline = time.monotonic() + within_s
    while not seen():
        assert time.monotonic() < deadline, "what was waited for did not happen"
        time.sleep(0.02)


def refusal(side: str, path: str, times: int | None) -> dict[str, Any]:
    """A rule of the lab: this side refuses the next changes of these settings (None: all) for good."""
    error = {"type": "illegal_argument_exception", "reason": "final index setting"}
    body = {"error": error, "status": 400}
    return {"domain": side, "method": "PUT", "path": path, "times": times, "status": 400, "body": body}


def plan_of(lab: LabDescription) -> dict[str, Any]:
    """The lab's move: everything, from the source's Region to the target's, through the source's bucket."""
    trusted = {"ca_bundle": lab.ca_bundle} if lab.ca_bundle else {}
    return {
        "name": "lab-move",
        "source": {"endpoint": lab.source.endpoint, "region": lab.source.region, **trusted},
        "target": {"endpoint": lab.target.endpoint, "region": lab.target.region, **trusted},
        "repository": {
            "name": "move",
            "bucket": lab.bucket,
            "region": lab.bucket_region,
            "base_path": "move",
            "role_arn": lab.role_arn,
        },
    }


def engine(lab: LabDescription, side: str, method: str, path: str, body: Any = None) -> Any:
    """A request straight to an engine, past the front door; raises on an error reply."""
    domain = lab.domain(side)
    reply = requests.request(method, domain.engine_url + path, json=body, headers=domain.operator, timeout=60)
    assert reply.ok, reply.text
    return reply.json() if reply.text else None


def log(lab: LabDescription, side: str, after: int = 0) -> list[dict[str, Any]]:
    """The domain's request log, from its line `after` on."""
    return [json.loads(line) for line in _logged(lab, side)[after:]]


def log_size(lab: LabDescription, side: str) -> int:
    """How many requests the domain has got."""
    return len(_logged(lab, side))


@dataclass
class _Log:
    """What was read of a request log so far: its whole lines, and where they end."""

    lines: list[bytes] = field(default_factory=list)
    end: int = 0


_logs: dict[str, _Log] = {}


def _logged(lab: LabDescription, side: str) -> list[bytes]:
    """The log's whole lines, each read once: it grows with every test, and is asked for every instant."""
    path = lab.domain(side).request_log
    known = _logs.setdefault(path, _Log())
    with Path(path).open("rb") as file:
        file.seek(known.end)
        *fresh, begun = file.read().split(b"\n")
        known.end = file.tell() - len(begun)
    known.lines += fresh
    return known.lines


def mutations(lab: LabDescription, side: str, after: int = 0) -> list[str]:
    """Requests that may have changed the domain, as `PUT /_snapshot/move`."""
    return [
        f"{entry['method']} {entry['path']}"
        for entry in log(lab, side, after)
        if entry["method"] in MUTATING and not entry["path"].endswith(READING_POSTS)
    ]


def rule(lab: LabDescription, **fields: Any) -> None:
    """Installs a rule at the lab's front doors."""
    reply = requests.post(f"{lab.admin_url}/rules", json=fields, timeout=10)
    assert reply.ok, reply.text


def no_rules(lab: LabDescription) -> None:
    """Drops all rules at the lab's front doors."""
    requests.delete(f"{lab.admin_url}/rules", timeout=10).raise_for_status()


def user_indices(lab: LabDescription, side: str) -> Iterator[str]:
    """Names of all indices on an engine, hidden and closed ones included."""
    rows = engine(lab, side, "GET", "/_cat/indices?format=json&expand_wildcards=all&h=index")
    return (row["index"] for row in rows)


def documents(lab: LabDescription, side: str, index: str, query: dict[str, Any] | None = None) -> int:
    """Live documents of an index that fit a query, after a refresh."""
    path = "/" + requests.utils.quote(index, safe="")
    engine(lab, side, "POST", f"{path}/_refresh")
    return engine(lab, side, "POST", f"{path}/_count", {"query": query or {"match_all": {}}})["count"]


def clean_environment() -> dict[str, str]:
    """This process's environment without AWS and Prefect settings."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "PREFECT_", "SNAPFERRY_"))}
