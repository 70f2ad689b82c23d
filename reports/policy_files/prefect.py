"""A Prefect deployment of `seed` with a schedule, as `prefect deploy` takes it."""

from typing import Any

from configs.plan import Plan
from reports.policy_files.mark import made_by
from reports.policy_files.text import yaml_text
from tasks.records.policies import WantedPolicy

FILE = "prefect.yaml"
WORK_POOL = "snapferry"
_PREFECT = "3.8.8"


def prefect_files(wanted: WantedPolicy, plan: Plan) -> dict[str, str]:
    """The one file, by name. The plan is in it as it was written; it names secrets and holds none."""
    document: dict[str, Any] = {
        "name": "snapferry",
        "prefect-version": _PREFECT,
        "deployments": [
            {
                "name": wanted.name,
                "description": f"Seed rounds of the plan {wanted.plan}, on a schedule.",
                "entrypoint": "flows.deployed.seed.seed",
                "tags": ["snapferry"],
                "parameters": {"plan": plan.model_dump(mode="json", exclude_unset=True), "execute": True},
                "enforce_parameter_schema": True,
                "concurrency_limit": 1,
                "schedules": [{"cron": wanted.schedule, "timezone": wanted.timezone, "active": True}],
                "work_pool": {"name": WORK_POOL},
            }
        ],
    }
    return {FILE: made_by(wanted) + yaml_text(document)}
