"""Snapshots on a schedule: a policy that the command makes yields snapshots, and is changed and removed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from migrations import Desk, Ended, engine, log_size, mutations

from lab.paths import cache_folder

NAME = "lab-move-snapshots"
SM = f"/_plugins/_sm/policies/{NAME}"
Call = Callable[..., requests.Response]


@pytest.fixture
def ready(desk: Desk, call: Call, s3_repository: Callable[..., dict[str, Any]]) -> Desk:
    """A user whose source has two indices, and the plan's repository."""
    plan = desk.write(indices={"include": ["orders-*"]})
    for index in ("orders-1", "orders-2"):
        engine(desk.lab, "source", "PUT", f"/{index}", {"settings": {"number_of_replicas": 0}})
    assert plan.exists()
    body = s3_repository(region=desk.lab.bucket_region)
    call("source", "PUT", "/_snapshot/move", body).raise_for_status()
    return desk


def policy(desk: Desk, verb: str, *options: str) -> Ended:
    return desk.command("policy", verb, str(desk.plan_file), *options)


def taken(desk: Desk) -> list[str]:
    """Runs the policies of the source now; the snapshots that they took."""
    reply = requests.post(f"{desk.lab.admin_url}/policies/source/run", timeout=60)
    assert reply.status_code == 200, reply.text
    return [each["snapshot"] for each in reply.json()["snapshots"]]


def shown(call: Call, snapshot: str) -> dict[str, Any]:
    (found,) = call("source", "GET", f"/_snapshot/move/{snapshot}").json()["snapshots"]
    return found


def test_a_policy_is_created_yields_a_snapshot_is_changed_and_removed(ready: Desk, call: Call) -> None:
    size = log_size(ready.lab, "source")
    ahead = policy(ready, "apply", "--keep", "30")
    assert (ahead.code, f"POST {SM}" in ahead.out, "Nothing was changed" in ahead.err) == (0, True, True)
    assert policy(ready, "diff").code == 4
    assert mutations(ready.lab, "source", size) == []

    done = policy(ready, "apply", "--keep", "30", "--execute", "--json")
    assert (done.code, done.json["change"]) == (0, "created"), str(done)
    assert policy(ready, "diff", "--keep", "30").code == 0
    (snapshot,) = taken(ready)
    assert re.fullmatch(rf"{NAME}-\d{{4}}(-\d\d){{4}}-[a-z0-9]{{8}}", snapshot)
    found = shown(call, snapshot)
    assert (found["state"], sorted(found["indices"])) == ("SUCCESS", ["orders-1", "orders-2"])
    assert found["include_global_state"] is False

    differs = policy(ready, "diff", "--keep", "14d", "--schedule", "30 4 * * *")
    assert differs.code == 4
    assert 'deletion.condition.max_age: nothing → "14d"' in differs.out
    changed = policy(ready, "apply", "--keep", "14d", "--schedule", "30 4 * * *", "--execute", "--json")
    assert (changed.code, changed.json["change"]) == (0, "updated"), str(changed)
    again = policy(ready, "apply", "--keep", "14d", "--schedule", "30 4 * * *", "--execute", "--json")
    assert (again.code, again.json["change"]) == (0, "unchanged")

    assert policy(ready, "remove").code == 0
    assert call("source", "GET", SM).status_code == 200
    removed = policy(ready, "remove", "--execute", "--json")
    assert (removed.code, removed.json["change"]) == (0, "removed"), str(removed)
    assert call("source", "GET", SM).status_code == 404
    assert policy(ready, "remove", "--execute", "--json").json["change"] == "absent"
    assert shown(call, snapshot)["state"] == "SUCCESS"


def test_what_stands_in_the_way_is_named_and_nothing_is_changed(desk: Desk, call: Call) -> None:
    desk.write(indices={"include": ["orders-*"]})
    size = log_size(desk.lab, "source")
    refused = policy(desk, "apply", "--execute")
    assert (refused.code, "the repository move is not registered there" in refused.out) == (3, True)
    wide = policy(desk, "apply", "--by", "index-state-management", "--indices", "*", "--execute")
    assert (wide.code, "name the indices with --indices" in wide.out) == (3, True)
    assert mutations(desk.lab, "source", size) == []


def test_somebody_elses_policy_is_replaced_and_removed_by_consent_only(ready: Desk, call: Call) -> None:
    cron = {"schedule": {"cron": {"expression": "0 1 * * *", "timezone": "UTC"}}}
    foreign = {
        "description": "of the night shift",
        "creation": cron,
        "snapshot_config": {"repository": "move"},
    }
    call("source", "POST", SM, foreign).raise_for_status()
    for verb in ("apply", "remove"):
        refused = policy(ready, verb, "--execute")
        assert (refused.code, "(of the night shift)" in refused.out) == (3, True), str(refused)
    assert call("source", "GET", SM).json()["sm_policy"]["description"] == "of the night shift"
    another = policy(ready, "apply", "--name", "second", "--execute")
    assert (another.code, f"the policy {NAME} already writes to the repository" in another.out) == (3, True)
    replaced = policy(ready, "apply", "--allow-replace", NAME, "--execute", "--json")
    assert (replaced.code, replaced.json["change"]) == (0, "updated"), str(replaced)


def test_state_management_takes_a_snapshot_of_each_index(ready: Desk, call: Call) -> None:
    engine(ready.lab, "source", "PUT", "/customers", {"settings": {"number_of_replicas": 0}})
    by = ("--by", "index-state-management")
    done = policy(ready, "apply", *by, "--execute", "--json")
    assert (done.code, done.json["attached"]) == (0, ["orders-1", "orders-2"]), str(done)
    assert policy(ready, "diff", *by).code == 0
    engine(ready.lab, "source", "PUT", "/orders-3", {"settings": {"number_of_replicas": 0}})
    snapshots = taken(ready)
    assert {re.sub(r"-\d{4}\..*", "", each) for each in snapshots} == {
        f"{NAME}-orders-{number}" for number in (1, 2, 3)
    }
    assert {shown(call, each)["state"] for each in snapshots} == {"SUCCESS"}

    changed = policy(ready, "apply", *by, "--min-age", "7d", "--execute", "--json")
    assert (changed.code, changed.json["change"]) == (0, "updated"), str(changed)
    assert taken(ready) == []
    removed = policy(ready, "remove", *by, "--execute", "--json")
    assert (removed.code, len(removed.json["detached"])) == (0, 3), str(removed)
    explained = call("source", "GET", "/_plugins/_ism/explain").json()
    assert explained == {"total_managed_indices": 0}


@pytest.fixture(scope="session")
def curator() -> Path:
    """Curator 5.8.4 and what its schemas need, in a folder of its own: its pins fit no others."""
    folder = cache_folder() / "curator-5.8.4"
    if not (folder / "curator").exists():
        wanted = (
            "elasticsearch-curator==5.8.4",
            "elasticsearch==7.13.4",
            "voluptuous==0.15.2",
            "six==1.17.0",
        )
        install = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "-q",
            "--no-deps",
            "--target",
            str(folder),
            *wanted,
        ]
        subprocess.run(install, check=True, timeout=300)
    return folder


CHECK = """
import json, sys
sys.modules.update(numpy=None, pandas=None)  # its client would use them, and knows only old ones
from curator.config_utils import test_config
from curator.utils import get_yaml, validate_actions
client = test_config(sys.argv[1])
actions = validate_actions(get_yaml(sys.argv[2]))["actions"]
print(json.dumps([client["client"]["hosts"], [each["action"] for each in actions.values()]]))
"""


def test_curators_own_schema_accepts_its_files(desk: Desk, curator: Path) -> None:
    desk.write(indices={"exclude": ["tmp-*"]})
    folder = desk.folder / "curator"
    done = policy(
        desk, "apply", "--by", "curator", "--keep", "14d", "--keep", "30", "-o", str(folder), "--execute"
    )
    assert done.code == 0, str(done)
    files = [str(folder / name) for name in ("curator.yml", "actions.yml")]
    run = subprocess.run(
        [sys.executable, "-c", CHECK, *files],
        env={"PYTHONPATH": str(curator)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == ["127.0.0.1", ["snapshot", "delete_snapshots", "delete_snapshots"]]
