"""Compare a policy with the one that a domain has: only what a user decides, without the plugin's own
fields."""

import json
from collections.abc import Iterator
from typing import Any

from domains.http.json_replies import Json, children, is_object
from tasks.records.policies import PolicyDifference

_OF_SNAPSHOT_MANAGEMENT = (
    "description",
    "enabled",
    "creation",
    "deletion",
    "snapshot_config",
    "notification",
)
_OF_STATE_MANAGEMENT = ("description", "default_state", "states", "ism_template", "error_notification")
_DEFAULT_RETRY = {"count": 3, "backoff": "exponential", "delay": "1m"}


def of_snapshot_policy(there: Json, wanted: Json) -> tuple[PolicyDifference, ...]:
    """How a policy of Snapshot Management differs from the wanted one."""
    return _differences(_chosen(there, _OF_SNAPSHOT_MANAGEMENT), _chosen(wanted, _OF_SNAPSHOT_MANAGEMENT))


def of_state_policy(there: Json, wanted: Json) -> tuple[PolicyDifference, ...]:
    """How a policy of Index State Management differs from the wanted one; both without their envelope."""
    found, asked = (_plain(_chosen(each, _OF_STATE_MANAGEMENT)) for each in (there, wanted))
    return _differences(found, asked)


def _chosen(document: Json, fields: tuple[str, ...]) -> Json:
    return {name: document[name] for name in fields if document.get(name) is not None}


def _plain(policy: Json) -> Json:
    """A policy without what the plugin adds: default retries, and the times of templates."""
    states = [
        {**state, "actions": [_plain_action(each) for each in children(state, "actions")]}
        for state in children(policy, "states")
    ]
    templates = [
        {key: each[key] for key in each if key != "last_updated_time"} for each in templates_of(policy)
    ]
    return {**policy, "states": states} | ({"ism_template": templates} if templates else {})


def templates_of(policy: Json) -> list[Json]:
    """The templates of a policy of Index State Management; older versions have one, outside of a list."""
    single = policy.get("ism_template")
    return [single] if is_object(single) else children(policy, "ism_template")


def _plain_action(action: Json) -> Json:
    usual = action.get("retry") == _DEFAULT_RETRY
    return {name: value for name, value in action.items() if name != "retry" or not usual}


def _differences(there: Json, wanted: Json) -> tuple[PolicyDifference, ...]:
    found, asked = dict(_leaves("", there)), dict(_leaves("", wanted))
    return tuple(
        PolicyDifference(field=name, there=found.get(name), wanted=asked.get(name))
        for name in sorted(found.keys() | asked.keys())
        if json.dumps(found.get(name)) != json.dumps(asked.get(name))
    )


def _leaves(prefix: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Every value of an object, by its dotted path; lists are one value, with sorted keys."""
    if is_object(value) and value:
        for name, each in value.items():
            yield from _leaves(f"{prefix}.{name}" if prefix else name, each)
    else:
        yield prefix, json.loads(json.dumps(value, sort_keys=True))
