"""Index State Management: policies, as the plugin stores, checks and shows them.

Rules and words are those of the plugin's source (grade E). Actions other than `snapshot` are stored as they
come; only their names are checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from lab.account.wildcards import stars
from lab.door.answers import Answer, json_answer
from lab.plugins.answers import Refused, invalid, no_handler, status, wrapped
from lab.plugins.call import Call
from lab.plugins.config_index import ConfigIndex, Document

INDEX = ".opendistro-ism-config"
ACTION = "cluster:admin/opendistro/ism/policy/"
SCHEMA_VERSION = {"opensearch": 21, "elasticsearch": 11}
TOP = frozenset(
    ("policy_id", "description", "last_updated_time", "schema_version", "error_notification", "default_state",
     "states", "ism_template", "user")
)  # fmt: skip
ACTIONS = frozenset(
    ("alias", "allocation", "close", "delete", "force_merge", "index_priority", "notification", "open",
     "read_only", "read_write", "replica_count", "rollup", "rollover", "shrink", "snapshot", "transform")
)  # fmt: skip
CONDITIONS = frozenset(
    ("min_index_age", "min_doc_count", "min_size", "cron", "min_rollover_age", "no_alias", "min_state_age")
)
TIME = re.compile(r"-?\d+(d|h|m|s|ms|micros|nanos)")
RETRY = {"count": 3, "backoff": "exponential", "delay": "1m"}
FORBIDDEN_IN_PATTERNS = ("\\", "/", "?", '"', "<", ">", "|", " ", ",")


async def handle(call: Call) -> Answer:
    """Answer `policies`: list, read, write or remove policies."""
    index = ConfigIndex(call.door, INDEX)
    if len(call.rest) == 1 and call.method == "GET":
        return await _listed(call, index)
    if len(call.rest) == 1 and call.method == "PUT":
        raise invalid("Missing policy ID")
    if len(call.rest) == 2 and call.method in ("GET", "HEAD"):
        return await _shown(call, index, call.rest[1])
    if len(call.rest) == 2 and call.method == "PUT":
        return await _put(call, index, call.rest[1])
    if len(call.rest) == 2 and call.method == "DELETE":
        return await _removed(call, index, call.rest[1])
    return no_handler(call.method, call.received.path)


async def stored(index: ConfigIndex) -> list[Document]:
    """Every policy."""
    return [each for each in await index.all() if "policy" in each.source]


def parsed(body: Any, identifier: str, opensearch: bool = True) -> dict[str, Any]:
    """Check a policy and return it as the plugin shows it.

    Raises:
        Refused: it breaks a rule.
    """
    policy = body.get("policy") if isinstance(body, dict) else None
    if not isinstance(policy, dict):
        raise invalid("Failed to parse policy: expected an object [policy]", "parsing_exception")
    for name in policy:
        if name not in TOP:
            raise invalid(f"Invalid field: [{name}] found in Policy.")
    if not isinstance(policy.get("description"), str):
        raise invalid("description is null")
    if not isinstance(policy.get("default_state"), str):
        raise invalid("default_state is null")
    states = [_state(each, opensearch) for each in policy.get("states") or ()]
    _require_consistent(states, policy["default_state"])
    return {
        "policy_id": identifier, "description": policy["description"], "last_updated_time": _now(),
        "schema_version": SCHEMA_VERSION["opensearch" if opensearch else "elasticsearch"],
        "error_notification": policy.get("error_notification"), "default_state": policy["default_state"],
        "states": states, "ism_template": _templates(policy.get("ism_template")),
    }  # fmt: skip


def overlap(one: Iterable[str], other: Iterable[str]) -> bool:
    """Whether some name could match a pattern of each (`*` only)."""
    return any(_overlap(first, second) for first in one for second in other)


async def _listed(call: Call, index: ConfigIndex) -> Answer:
    call.rights.require(f"{ACTION}search")
    policies = await stored(index)
    start, size = int(call.query.get("from", 0)), int(call.query.get("size", 20))
    rows = [
        {"_id": each.id, "_seq_no": each.seq_no, "_primary_term": each.primary_term,
         "policy": each.source["policy"]}
        for each in policies[start : start + size]
    ]  # fmt: skip
    return json_answer(200, {"policies": rows, "total_policies": len(policies)})


async def _shown(call: Call, index: ConfigIndex, identifier: str) -> Answer:
    call.rights.require(f"{ACTION}get")
    missing = status(404, "Policy not found")
    found = await index.get(identifier, missing)
    if "policy" not in found.source:
        raise missing
    return json_answer(200, found.head | {"policy": found.source["policy"]})


async def _put(call: Call, index: ConfigIndex, identifier: str) -> Answer:
    call.rights.require(f"{ACTION}write")
    policy = parsed(call.object, identifier, call.is_opensearch)
    await _require_free(index, identifier, policy["ism_template"])
    source = {"policy": policy}
    if call.expected is None:
        written = await index.create(identifier, source)
    else:
        written = await index.replace(identifier, source, call.expected)
    shown = {"policy": policy}
    return json_answer(201 if written.version == 1 else 200, written.head | {"policy": shown})


async def _removed(call: Call, index: ConfigIndex, identifier: str) -> Answer:
    call.rights.require(f"{ACTION}delete")
    await index.get(identifier, status(404, f"Policy {identifier} is not found"))
    return json_answer(*await index.remove(identifier))


async def _require_free(index: ConfigIndex, identifier: str, templates: list[dict[str, Any]] | None) -> None:
    """Raise Refused when another policy's template of the same priority matches the same indices."""
    for template in templates or ():
        patterns, priority = template["index_patterns"], template["priority"]
        for other in await stored(index):
            taken = [
                each
                for each in other.source["policy"].get("ism_template") or ()
                if other.id != identifier and each["priority"] == priority
            ]
            if any(overlap(patterns, each["index_patterns"]) for each in taken):
                reason = (
                    f"New policy {identifier} has an ISM template with index pattern {_java(patterns)} "
                    f"matching existing policy templates, please use a different priority than {priority}"
                )
                raise _wrapped(reason)


def _state(state: Any, opensearch: bool) -> dict[str, Any]:
    if not isinstance(state, dict):
        raise invalid("Failed to parse object: expecting token of type [START_OBJECT]", "parsing_exception")
    for name in state:
        if name not in ("name", "actions", "transitions"):
            raise invalid(f"Invalid field: [{name}] found in State.")
    name = state.get("name")
    if not isinstance(name, str):
        raise invalid("State name is null")
    if not name.strip():
        raise invalid("State must contain a valid name")
    actions = [_action(each, opensearch) for each in state.get("actions") or ()]
    deletes = ["delete" in each for each in actions]
    if any(deletes[:-1]):
        raise invalid(f"State={name} must not contain an action after a delete action")
    transitions = [_transition(each) for each in state.get("transitions") or ()]
    if any(deletes) and transitions:
        raise invalid(f"State={name} cannot contain transitions if using delete action")
    return {"name": name, "actions": actions, "transitions": transitions}


def _action(action: Any, opensearch: bool) -> dict[str, Any]:
    body = action if isinstance(action, dict) else {}
    around = {name: body[name] for name in ("timeout", "retry") if name in body}
    inner = {name: value for name, value in body.items() if name not in around}
    if not inner:
        raise invalid("Action inside state is null")
    for name, settings in inner.items():
        if name not in ACTIONS:
            raise invalid(f"Invalid field: [{name}] found in Actions.")
        if name == "snapshot":
            _require_snapshot(settings)
    if "retry" in around and "count" not in around["retry"]:
        raise invalid("ActionRetry count is null")
    retry = {"retry": RETRY | around.get("retry", {})} if opensearch or "retry" in around else {}
    return {name: around[name] for name in around if name == "timeout"} | retry | inner


def _require_snapshot(settings: Any) -> None:
    given = settings if isinstance(settings, dict) else {}
    for name in given:
        if name not in ("repository", "snapshot"):
            raise invalid(f"Invalid field: [{name}] found in SnapshotAction.")
    for name in ("repository", "snapshot"):
        if not isinstance(given.get(name), str):
            raise invalid(f"SnapshotAction {name} must be specified")


def _transition(transition: Any) -> dict[str, Any]:
    given = transition if isinstance(transition, dict) else {}
    for name in given:
        if name not in ("state_name", "conditions"):
            raise invalid(f"Invalid field: [{name}] found in Transition.")
    if not isinstance(given.get("state_name"), str):
        raise invalid("State name is null")
    conditions = given.get("conditions") or {}
    for name in conditions:
        if name not in CONDITIONS:
            raise invalid(f"Invalid field: [{name}] found in Conditions.")
    if len(conditions) > 1:
        raise invalid("Cannot provide more than one Transition condition")
    for name in ("min_index_age", "min_rollover_age", "min_state_age"):
        if name in conditions and not TIME.fullmatch(str(conditions[name])):
            raise invalid(f"failed to parse setting [{name}] with value [{conditions[name]}] as a time value")
    if conditions.get("min_doc_count", 1) <= 0:
        raise invalid("Transition doc count condition must be greater than 0")
    return {"state_name": given["state_name"]} | ({"conditions": conditions} if conditions else {})


def _require_consistent(states: list[dict[str, Any]], default: str) -> None:
    names = [each["name"] for each in states]
    for state in states:
        for transition in state["transitions"]:
            if transition["state_name"] not in names:
                raise invalid(
                    f"Policy contains a transition in state={state['name']} pointing to a nonexistent "
                    f"state={transition['state_name']}"
                )
    if len(set(names)) != len(names):
        raise invalid("Policy cannot have duplicate state names")
    if not names:
        raise invalid("Policy must contain at least one State")
    if default not in names:
        raise invalid("Policy must have a valid default state")


def _templates(given: Any) -> list[dict[str, Any]] | None:
    if given is None:
        return None
    templates = [_template(each) for each in (given if isinstance(given, list) else [given])]
    wrong = [line for each in templates for pattern in each["index_patterns"] for line in _faults(pattern)]
    if wrong:
        reason = "Validation Failed: " + "".join(f"{at}: {line};" for at, line in enumerate(wrong, 1))
        raise _wrapped(reason, "org.opensearch.common.ValidationException")
    return templates


def _template(given: Any) -> dict[str, Any]:
    template = given if isinstance(given, dict) else {}
    for name in template:
        if name not in ("index_patterns", "priority", "last_updated_time"):
            raise invalid(f"Invalid field: [{name}] found in ISMTemplate.")
    patterns, priority = template.get("index_patterns") or [], template.get("priority") or 0
    if priority < 0:
        raise invalid("Requires priority to be >= 0")
    if not patterns:
        raise invalid("Requires at least one index pattern")
    return {
        "index_patterns": list(patterns), "priority": priority,
        "last_updated_time": template.get("last_updated_time", _now()),
    }  # fmt: skip


def _faults(pattern: str) -> list[str]:
    said = f"index_pattern [{pattern}] must not"
    faults = [f"{said} contain a '{sign}'" for sign in "#:" if sign in pattern]
    faults += [f"{said} start with '_'"] if pattern.startswith("_") else []
    if any(sign in pattern for sign in FORBIDDEN_IN_PATTERNS):
        faults.append(f"{said} contain the following characters {_java(FORBIDDEN_IN_PATTERNS)}")
    return faults


def _overlap(one: str, other: str) -> bool:
    if "*" not in one:
        return stars(other).fullmatch(one) is not None
    if "*" not in other:
        return stars(one).fullmatch(other) is not None
    first, second = one.split("*"), other.split("*")
    heads = first[0].startswith(second[0]) or second[0].startswith(first[0])
    tails = first[-1].endswith(second[-1]) or second[-1].endswith(first[-1])
    return heads and tails


def _wrapped(reason: str, cause: str = "java.lang.IllegalArgumentException") -> Refused:
    return wrapped(400, "index_management_exception", reason, cause)


def _java(values: Iterable[str]) -> str:
    return f"[{', '.join(values)}]"


def _now() -> int:
    return int(datetime.now(UTC).timestamp() * 1000)
