"""The documents of a policy, as Snapshot Management and Index State Management take them. Pure."""

from collections.abc import Iterable

from domains.http.json_replies import Json
from tasks.records.policies import Keep, WantedPolicy

_SYSTEM = ("-.kibana*", "-.opendistro*", "-.opensearch*")
"""Left out where a pattern would cover them: the guide's own exclusions, and their newer names."""
DATE_FORMAT = "yyyy-MM-dd-HH-mm"
WAITING, TAKING = "waiting", "taking-a-snapshot"


def description_of(plan: str) -> str:
    """The description by which a policy is known to be ours."""
    return f"Made by snapferry for the plan {plan}."


def snapshot_expression(indices: Iterable[str], exclude: Iterable[str]) -> str:
    """Which indices a snapshot is of, in the engine's own syntax."""
    included = tuple(indices)
    system = _SYSTEM if any(each.startswith("*") for each in included) else ()
    return ",".join((*included, *(f"-{each}" for each in exclude), *system))


def snapshot_policy(wanted: WantedPolicy) -> Json:
    """The policy for Snapshot Management."""
    cron = {"cron": {"expression": wanted.schedule, "timezone": wanted.timezone}}
    document: Json = {
        "description": description_of(wanted.plan),
        "enabled": True,
        "creation": {"schedule": cron},
        "snapshot_config": {
            "repository": wanted.repository,
            "indices": snapshot_expression(wanted.indices, wanted.exclude),
            "ignore_unavailable": False,
            "include_global_state": False,
            "partial": False,
            "date_format": DATE_FORMAT,
            "date_format_timezone": wanted.timezone,
        },
    }
    if wanted.keep is not None:
        document["deletion"] = {"schedule": cron, "condition": _condition(wanted.keep)}
    return document


def state_policy(wanted: WantedPolicy) -> Json:
    """The policy for Index State Management: wait, take a snapshot of the index, and wait again.

    With a trigger it takes one snapshot of each index, and is then done.
    """
    cron = {"cron": {"cron": {"expression": wanted.schedule, "timezone": wanted.timezone}}}
    trigger = wanted.trigger
    conditions: Json = cron if trigger is None else {trigger.condition: trigger.value}
    again: list[Json] = [{"state_name": WAITING}] if trigger is None else []
    snapshot = {"repository": wanted.repository, "snapshot": f"{wanted.name}-{{{{ctx.index}}}}"}
    states: list[Json] = [
        {
            "name": WAITING,
            "actions": [],
            "transitions": [{"state_name": TAKING, "conditions": conditions}],
        },
        {"name": TAKING, "actions": [{"snapshot": snapshot}], "transitions": again},
    ]
    template: Json = {"index_patterns": list(wanted.indices), "priority": wanted.priority}
    body: Json = {
        "description": description_of(wanted.plan),
        "default_state": WAITING,
        "states": states,
        "ism_template": [template],
    }
    return {"policy": body}


def _condition(keep: Keep) -> Json:
    condition: Json = {"min_count": keep.at_least}
    if keep.age is not None:
        condition["max_age"] = keep.age
    if keep.count is not None:
        condition["max_count"] = keep.count
    return condition
