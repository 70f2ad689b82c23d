"""A fleet on one machine: plans of real domains, and processes that are killed."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import yaml
from migrations import Desk, plan_of

PARTS = {"cities": ["cities*"], "orders": ["orders*"]}


def write_fleet(desk: Desk, **settings: Any) -> Path:
    """Plans for parts of the lab's source, and a fleet of them: the cities first."""
    for name, indices in PARTS.items():
        plan = plan_of(desk.lab)
        plan |= {"name": name, "indices": {"include": indices}, "restore": {"aliases": False}}
        plan["repository"] |= {"name": f"fleet-{name}", "base_path": f"fleet-{name}"}
        (desk.folder / f"{name}.yaml").write_text(yaml.safe_dump(plan), encoding="utf-8")
    fleet = {
        "kind": "fleet",
        "name": "weekend",
        "plans": [{"plan": "orders.yaml"}, {"plan": "cities.yaml"}],
        "waves": [{"name": "canary", "plans": ["cities"]}, {"name": "rest", "plans": ["*"]}],
        "retry": {"pause": "1s"},
        **settings,
    }
    path = desk.folder / "plan.yaml"  # where a desk's commands look
    path.write_text(yaml.safe_dump(fleet), encoding="utf-8")
    return path


def _status(desk: Desk) -> dict[str, Any]:
    ended = desk.command("fleet", "status", str(desk.plan_file), "--json")
    return ended.json["plans"]


def _await(found: Callable[[], Any], seconds: float = 60.0) -> Any:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if result := found():
            return result
        time.sleep(0.2)
    raise AssertionError("it did not come")


def test_a_fleet_whose_plans_and_whose_own_process_are_killed_ends_verified(filled_desk: Desk) -> None:
    desk = filled_desk
    write_fleet(desk)
    fleet = desk.start("run", "--execute", module=("snapferry", "fleet"))
    try:
        child = _await(lambda: [c for c in psutil.Process(fleet.pid).children() if "migrate" in c.cmdline()])[
            0
        ]
        journals = desk.folder / "state/plans/cities"
        _await(lambda: any('"snapshot"' in path.read_text() for path in journals.glob("*.json")))
        os.kill(child.pid, signal.SIGKILL)
        _await(
            lambda: [c for c in psutil.Process(fleet.pid).children() if c.pid != child.pid and c.is_running()]
        )
    finally:
        fleet.kill()
        fleet.wait()
    assert {plan["name"]: plan["attempts"] for plan in _status(desk)} == {"orders": 0, "cities": 2}
    ended = desk.command("fleet", "run", str(desk.plan_file), "--execute", "--json")
    assert ended.code == 0, str(ended)
    report = ended.json
    assert report["status"] == "done"
    by_name = {plan["name"]: plan for plan in report["plans"]}
    assert by_name["cities"]["attempts"] == 2
    assert by_name["orders"]["started"] >= by_name["cities"]["ended"]
    assert all(plan["equal"] == plan["indices"] > 0 for plan in report["plans"])
    assert report["next_command"] == f"snapferry fleet report {desk.plan_file}"
    (written,) = (desk.folder / "state/fleets/weekend/reports").glob("*.json")
    assert f"Report: {written}" in ended.err
    page = desk.command("fleet", "report", str(desk.plan_file), "--format", "html")
    assert page.code == 0 and "Done and verified" in page.out
