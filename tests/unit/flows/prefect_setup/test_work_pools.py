"""Templates of work pools: what Prefect's own have, with what Snapferry needs."""

from __future__ import annotations

import json
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from flows.prefect_setup.work_pools import TYPES, keeps_state, template
from tasks.errors import PreconditionError

ROOT = Path(__file__).resolve().parents[4]
NEEDED = {
    "process": {},
    "docker": {"image": "snapferry:1"},
    "kubernetes": {"image": "snapferry:1"},
    "ecs": {"image": "snapferry:1", "task_role_arn": "arn:run", "execution_role_arn": "arn:pull"},
}
ADDED = {"kubernetes": {"termination_grace_period_seconds"}, "ecs": {"stop_timeout"}}
LEFT_OUT = {"docker": {"privileged"}}
PLACEHOLDER = re.compile(r"\{\{ (\w+) \}\}")


def of_prefect(kind: str) -> dict[str, Any]:
    """The template that Prefect itself has for this type, whether its library is installed or not."""
    prefect = find_spec("prefect")  # its import must wait for the tests' server
    assert prefect and prefect.origin
    known = Path(prefect.origin).parent / "server/api/collections_data/views/aggregate-worker-metadata.json"
    libraries: dict[str, dict[str, Any]] = json.loads(known.read_text())
    found = next(types[kind] for types in libraries.values() if kind in types)
    return found["default_base_job_configuration"]


@pytest.mark.parametrize("kind", TYPES)
def test_a_template_has_the_variables_that_prefects_own_has(kind: str) -> None:
    ours, theirs = template(kind, NEEDED[kind]), of_prefect(kind)
    own = ours["variables"]["properties"]
    assert own.keys() - ADDED.get(kind, set()) == theirs["variables"]["properties"].keys() - LEFT_OUT.get(
        kind, set()
    )
    assert ours["job_configuration"].keys() == theirs["job_configuration"].keys() - LEFT_OUT.get(kind, set())
    assert set(PLACEHOLDER.findall(json.dumps(ours["job_configuration"]))) == own.keys()
    assert own["env"]["default"] == {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "60"}


def test_a_job_is_never_started_twice_and_has_time_to_roll_back() -> None:
    spec = template("kubernetes", NEEDED["kubernetes"])["job_configuration"]["job_manifest"]["spec"]
    pod = spec["template"]["spec"]
    assert (spec["backoffLimit"], pod["restartPolicy"]) == (0, "Never")
    assert pod["terminationGracePeriodSeconds"] == "{{ termination_grace_period_seconds }}"
    variables = template("kubernetes", NEEDED["kubernetes"])["variables"]["properties"]
    assert variables["termination_grace_period_seconds"]["default"] == 900
    ecs = template("ecs", NEEDED["ecs"])
    assert ecs["variables"]["properties"]["stop_timeout"]["default"] == 120  # the most that Fargate allows
    assert "FARGATE_SPOT" not in ecs["variables"]["properties"]["launch_type"]["enum"]


def test_values_are_defaults_of_their_variables() -> None:
    values = {"env.SNAPFERRY_STATE": "s3://b/p", "finished_job_ttl": "60", "stream_output": "false"}
    found = template("kubernetes", NEEDED["kubernetes"] | values)
    variables = found["variables"]["properties"]
    assert variables["env"]["default"]["SNAPFERRY_STATE"] == "s3://b/p"
    assert variables["env"]["default"]["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"] == "60"
    assert (variables["finished_job_ttl"]["default"], variables["stream_output"]["default"]) == (60, False)
    assert keeps_state(found, "kubernetes")
    assert not keeps_state(template("kubernetes", NEEDED["kubernetes"]), "kubernetes")
    assert keeps_state(template("process", {}), "process")


@pytest.mark.parametrize(
    ("kind", "values", "said", "hint"),
    [
        ("docker", {}, "needs image", "--set image=…"),
        (
            "ecs",
            {"image": "x"},
            "needs task_role_arn, execution_role_arn",
            "--set task_role_arn=… --set exec",
        ),
        ("docker", {"image": "x", "cpu": "2"}, "no variable cpu", "env.NAME, auto_remove, command"),
        ("docker", {"image": "x", "auto_remove": "ja"}, "auto_remove is of type boolean", "JSON"),
        ("ecs", NEEDED["ecs"] | {"cpu": "true"}, "cpu is of type integer", "JSON"),
        ("docker", {"image": "x", "env": "{}"}, "no variable env", "env.NAME"),
    ],
)
def test_a_wrong_value_says_what_there_is(kind: str, values: dict[str, str], said: str, hint: str) -> None:
    with pytest.raises(PreconditionError, match=said) as refused:
        template(kind, values)
    assert hint in refused.value.hint


def test_the_templates_are_files_of_the_deployments_too() -> None:
    assert {file.stem for file in (ROOT / "deployments" / "work-pools").glob("*.json")} == set(TYPES)
