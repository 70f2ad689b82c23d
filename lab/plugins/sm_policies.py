"""Snapshot Management: policies, as the plugin stores, checks and shows them (OpenSearch only).

Rules and words are those of the plugin's source (grade E); unknown keys are ignored, as there.
"""

from __future__ import annotations

from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from lab.door.answers import Answer, json_answer
from lab.plugins import date_patterns, schedules
from lab.plugins.answers import Refused, invalid, no_handler, status
from lab.plugins.call import Call
from lab.plugins.config_index import ConfigIndex, Document
from lab.plugins.ism_policies import INDEX, SCHEMA_VERSION, TIME

ACTION = "cluster:admin/opensearch/snapshot_management/policy/"
POLICY, METADATA = "-sm-policy", "-sm-metadata"
CREATION_OPTIONAL = (3, 3)
UPDATE = "Sequence number and primary term must be provided when updating a snapshot management policy"
FORBIDDEN = ("\\", "/", "*", "?", '"', "<", ">", "|", " ", ",")
NO_INDEX = "Snapshot management config index not found"
NO_POLICY = "Snapshot management policy not found"


async def handle(call: Call) -> Answer:
    """Answer `policies` and what follows it."""
    index = ConfigIndex(call.door, INDEX)
    rest = call.rest
    if len(rest) == 1 and call.method == "GET":
        return await _listed(call, index)
    if len(rest) == 2:
        doing = {"GET": _shown, "POST": _created, "PUT": _updated, "DELETE": _removed}.get(call.method)
        if doing is not None:
            return await doing(call, index, rest[1])
    if len(rest) == 3 and (call.method, rest[2]) == ("GET", "_explain"):
        return await _explained(call, index, rest[1])
    if len(rest) == 3 and call.method == "POST" and rest[2] in ("_start", "_stop"):
        return await _turned(call, index, rest[1], rest[2] == "_start")
    return no_handler(call.method, call.received.path)


def parsed(body: dict[str, Any], name: str, version: tuple[int, ...]) -> dict[str, Any]:
    """Check a policy and return it as the plugin shows it; `version` is the engine's.

    Raises:
        Refused: it breaks a rule.
    """
    creation = _creation(body["creation"]) if body.get("creation") else None
    deletion = _deletion(body["deletion"], creation, version) if body.get("deletion") else None
    if creation is None and version < CREATION_OPTIONAL:
        raise invalid("creation field must not be null")
    config = body.get("snapshot_config")
    if not isinstance(config, dict):
        raise invalid("snapshot_config field must not be null")
    _require_format(config)
    if creation is None and deletion is None:
        raise invalid("Must provide either creation or deletion configuration.")
    if not config.get("repository"):
        raise invalid("Must provide the repository in snapshot config.")
    for part, told in ((creation, "creation"), (deletion, "deletion")):
        if part is not None and schedules.next_time(part["schedule"], datetime.now(UTC)) is None:
            words = "schedule is null, please provide a valid cron expression."
            raise invalid(f"Next execution time from the {told} {words}")
    enabled, now = body.get("enabled", True), _now()
    if not isinstance(enabled, bool):
        raise invalid(f"Failed to parse value [{enabled}] as only [true] or [false] are allowed.")
    shown = {
        "name": name, "description": body.get("description"),
        "schema_version": SCHEMA_VERSION["opensearch"], "creation": creation, "deletion": deletion,
        "snapshot_config": config,
        "schedule": {"interval": {"start_time": now, "period": 1, "unit": "Minutes"}}, "enabled": enabled,
        "last_updated_time": now, "enabled_time": now if enabled else None,
        "notification": _notification(body["notification"]) if body.get("notification") else None,
    }  # fmt: skip
    return {key: value for key, value in shown.items() if value is not None}


def policy_in(document: Document) -> dict[str, Any] | None:
    """The policy in the document; None if it holds something else."""
    return document.source.get("sm_policy")


async def _listed(call: Call, index: ConfigIndex) -> Answer:
    call.rights.require(f"{ACTION}search")
    found = [each for each in await index.all() if policy_in(each)]
    rows = [
        {
            "_id": each.id,
            "_seq_no": each.seq_no,
            "_primary_term": each.primary_term,
            "sm_policy": policy_in(each),
        }
        for each in found
    ]
    start, size = int(call.query.get("from", 0)), int(call.query.get("size", 20))
    return json_answer(200, {"policies": rows[start : start + size], "total_policies": len(rows)})


async def _shown(call: Call, index: ConfigIndex, name: str) -> Answer:
    call.rights.require(f"{ACTION}get")
    found = await _policy(index, name)
    return json_answer(200, found.head | {"sm_policy": policy_in(found)})


async def _created(call: Call, index: ConfigIndex, name: str) -> Answer:
    call.rights.require(f"{ACTION}write")
    _require_name(name)
    policy = parsed(call.object, name, call.engine_version)
    written = await index.create(name + POLICY, {"sm_policy": policy})
    return json_answer(201, written.head | {"sm_policy": policy})


async def _updated(call: Call, index: ConfigIndex, name: str) -> Answer:
    call.rights.require(f"{ACTION}write")
    _require_name(name)
    policy = parsed(call.object, name, call.engine_version)
    if call.expected is None:
        raise invalid(f"Validation Failed: 1: {UPDATE};", "action_request_validation_exception")
    written = await index.replace(name + POLICY, {"sm_policy": policy}, call.expected)
    return json_answer(200, written.head | {"sm_policy": policy})


async def _removed(call: Call, index: ConfigIndex, name: str) -> Answer:
    call.rights.require(f"{ACTION}delete")
    await _policy(index, name)
    return json_answer(*await index.remove(name + POLICY))


async def _explained(call: Call, index: ConfigIndex, names: str) -> Answer:
    call.rights.require(f"{ACTION}explain")
    documents = {each.id: each for each in await index.all()}
    patterns = [each for each in names.split(",") if each] or ["*"]
    rows: list[dict[str, Any]] = []
    for document in documents.values():
        policy = policy_in(document)
        if policy is None or not any(fnmatchcase(policy["name"], pattern) for pattern in patterns):
            continue
        metadata = documents.get(policy["name"] + METADATA)
        known = dict(metadata.source["sm_metadata"]) if metadata else {}
        rows.append({"name": policy["name"]} | known | {"enabled": policy["enabled"]})
    return json_answer(200, {"policies": rows})


async def _turned(call: Call, index: ConfigIndex, name: str, on: bool) -> Answer:
    call.rights.require(f"{ACTION}{'start' if on else 'stop'}")
    _require_name(name)
    found = await _policy(index, name)
    policy = dict(policy_in(found) or {})
    if policy["enabled"] != on:
        policy |= {"enabled": on, "last_updated_time": _now()}
        policy = policy | {"enabled_time": _now()} if on else {
            key: value for key, value in policy.items() if key != "enabled_time"
        }  # fmt: skip
        await index.replace(found.id, {"sm_policy": policy}, (found.seq_no, found.primary_term))
    return json_answer(200, {"acknowledged": True})


async def _policy(index: ConfigIndex, name: str) -> Document:
    return await index.get(name + POLICY, status(404, NO_POLICY), status(404, NO_INDEX))


def _creation(given: Any) -> dict[str, Any]:
    if not isinstance(given, dict) or given.get("schedule") is None:
        raise invalid("schedule field must not be null")
    return {"schedule": schedules.checked(given["schedule"])} | _time_limit(given)


def _deletion(given: Any, creation: dict[str, Any] | None, version: tuple[int, ...]) -> dict[str, Any]:
    body = given if isinstance(given, dict) else {}
    if body.get("condition") is None:
        raise invalid("condition must not be null.")
    condition = _condition(body["condition"])
    if body.get("schedule") is not None:
        schedule = schedules.checked(body["schedule"])
    elif creation is not None:
        schedule = creation["schedule"]
    else:
        raise invalid("Schedule not provided for neither deletion policy nor creation policy")
    known = {"schedule": schedule, "condition": condition} | _time_limit(body)
    if version >= CREATION_OPTIONAL and body.get("snapshot_pattern"):
        known["snapshot_pattern"] = body["snapshot_pattern"]
    return known


def _condition(given: Any) -> dict[str, Any]:
    body = given if isinstance(given, dict) else {}
    age, most, least = body.get("max_age"), body.get("max_count"), body.get("min_count", 1)
    if age is not None and not TIME.fullmatch(str(age)):
        raise invalid(f"failed to parse setting [max_age] with value [{age}] as a time value")
    if age is None and most is None:
        raise invalid("Please provide max_age or max_count.")
    if least <= 0:
        raise invalid("min_count should be bigger than 0.")
    if most is not None and most - least <= 0:
        raise invalid("max_count should be bigger than min_count.")
    shown = {"max_age": age, "min_count": least, "max_count": most}
    return {key: value for key, value in shown.items() if value is not None}


def _time_limit(given: dict[str, Any]) -> dict[str, Any]:
    limit = given.get("time_limit")
    if limit is None:
        return {}
    if not TIME.fullmatch(str(limit)):
        raise invalid(f"failed to parse setting [time_limit] with value [{limit}] as a time value")
    return {"time_limit": limit}


def _notification(given: Any) -> dict[str, Any]:
    body = given if isinstance(given, dict) else {}
    for name in body:
        if name not in ("channel", "conditions"):
            raise invalid(f"Invalid field: [{name}] found in Snapshot Management notification config.")
    if not body.get("channel"):
        raise invalid("Snapshot Management notification channel must not be null")
    conditions = {"creation": True, "deletion": False, "failure": False, "time_limit_exceeded": False}
    for name in body.get("conditions") or {}:
        if name not in conditions:
            raise invalid(f"Invalid field: [{name}] found in conditions.")
    return {"channel": body["channel"], "conditions": conditions | (body.get("conditions") or {})}


def _require_format(config: dict[str, Any]) -> None:
    """The format is checked when the policy is written; the plugin looks at the time zone only when it uses
    it, so a wrong one is found by the lab when the policy runs."""
    if config.get("date_format") is None:
        return
    try:
        date_patterns.formatted(str(config["date_format"]), datetime.now(UTC))
    except date_patterns.UnknownPattern as error:
        raise invalid(f"Please provide a valid date format. {error}") from error


def zone(config: dict[str, Any]) -> ZoneInfo:
    """The time zone of the dates in the snapshots' names.

    Raises:
        Refused: there is no such zone.
    """
    name = str(config.get("date_format_timezone") or "UTC")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise invalid(f"Unknown time-zone ID: {name}", "zone_rules_exception") from error


def _require_name(name: str) -> None:
    rules = (
        (not name, "Policy name cannot be empty."),
        (" " in name, "Policy name must not contain whitespace."),
        ("," in name, "Policy name must not contain ','."),
        ("#" in name, "Policy name must not contain '#'."),
        (name.startswith("_"), "Policy name must not start with '_'."),
        (name.lower() != name, "Policy name must be lowercase."),
        (
            any(sign in name for sign in FORBIDDEN),
            f"Policy name must not contain the following characters [{', '.join(FORBIDDEN)}].",
        ),
    )
    broken = [words for breaks, words in rules if breaks]
    if broken:
        raise Refused(invalid("\n".join(broken)).answer)


def _now() -> int:
    return int(datetime.now(UTC).timestamp() * 1000)
