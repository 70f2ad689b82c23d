"""Snapshot Management at work: a policy's creation and deletion, done when a test asks for them.

The snapshots are real and named as the plugin names them. The lab acts as the domain's operator, where the
plugin acts as the policy's author.
"""

from __future__ import annotations

import random
import string
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from lab.account.wildcards import stars
from lab.door.exchange import Door
from lab.plugins import date_patterns, schedules
from lab.plugins.config_index import ConfigIndex
from lab.plugins.ism_policies import INDEX
from lab.plugins.ism_running import ended, milliseconds
from lab.plugins.sm_policies import METADATA, policy_in, zone

DEFAULT_FORMAT = "yyyy-MM-dd'T'HH:mm:ss"
OF_THE_POLICY = frozenset(("repository", "date_format", "date_format_timezone"))
RANDOM = string.ascii_lowercase + string.digits
Policy = dict[str, Any]


async def run(door: Door, name: str | None = None) -> list[dict[str, str]]:
    """Run every enabled policy (or the one of this name) as if its time had come: create, then delete; return
    the snapshots taken.

    Raises:
        httpx.HTTPError: the engine cannot be reached.
        Refused: a policy has a time zone that does not exist.
    """
    index = ConfigIndex(door, INDEX)
    taken: list[dict[str, str]] = []
    for document in await index.all():
        policy = policy_in(document)
        if policy is None or not policy["enabled"] or (name is not None and policy["name"] != name):
            continue
        metadata: dict[str, Any] = {
            "name": policy["name"], "policy_seq_no": document.seq_no,
            "policy_primary_term": document.primary_term,
        }  # fmt: skip
        if "creation" in policy:
            metadata["creation"], snapshot = await _create(door, policy)
            taken += [snapshot] if snapshot else []
        if "deletion" in policy:
            metadata["deletion"] = await _delete(door, policy)
        await index.put(policy["name"] + METADATA, {"sm_metadata": metadata})
    return taken


def snapshot_name(policy: Policy, moment: datetime) -> str:
    """The name of a snapshot: the policy's, the lowercased date, eight characters by chance."""
    config = policy["snapshot_config"]
    pattern = config.get("date_format") or DEFAULT_FORMAT
    date = date_patterns.formatted(pattern, moment.astimezone(zone(config))).lower()
    return f"{policy['name']}-{date}-{''.join(random.choices(RANDOM, k=8))}"


def to_delete(snapshots: list[dict[str, Any]], condition: dict[str, Any], now_ms: float) -> list[str]:
    """The names of the snapshots to delete, oldest first: those beyond `max_age`, but keeping `min_count`;
    and in any case all but `max_count`."""
    ordered = sorted(snapshots, key=lambda each: each["start_time_in_millis"])
    count = 0
    if "max_age" in condition:
        limit = now_ms - milliseconds(condition["max_age"])
        count = sum(each["start_time_in_millis"] < limit for each in ordered)
        count = min(count, max(0, len(ordered) - condition["min_count"]))
    if "max_count" in condition and len(ordered) - count > condition["max_count"]:
        count = len(ordered) - condition["max_count"]
    return [each["snapshot"] for each in ordered[:count]]


async def _create(door: Door, policy: Policy) -> tuple[Policy, dict[str, str] | None]:
    start = _now()
    name = snapshot_name(policy, datetime.now(UTC))
    config = policy["snapshot_config"]
    body = {key: value for key, value in config.items() if key not in OF_THE_POLICY}
    body["metadata"] = {**(config.get("metadata") or {}), "sm_policy": policy["name"]}
    code, reply = await door.engine.ask("PUT", _path(config["repository"], name), body)
    if code >= 400:
        cause = str(((reply or {}).get("error") or {}).get("reason", reply))
        words = f"Caught exception while creating snapshot {name}."
        return _metadata(policy, "creation", "CREATION_CONDITION_MET", start, "RETRYING", words, cause), None
    state = await ended(door, config["repository"], name)
    taken = {"repository": config["repository"], "snapshot": name, "policy": policy["name"]}
    if state == "SUCCESS":
        words = f"Snapshot {name} creation has finished successfully."
        return _metadata(policy, "creation", "CREATION_START", start, "SUCCESS", words), taken
    words = f"Snapshot {name} creation failed as the snapshot is in the {state} state."
    return _metadata(policy, "creation", "CREATION_START", start, "FAILED", words), taken


async def _delete(door: Door, policy: Policy) -> Policy:
    start, repository = _now(), policy["snapshot_config"]["repository"]
    code, reply = await door.engine.ask("GET", _path(repository, "_all"))
    if code >= 400:
        words = "Caught exception while getting snapshots to decide which snapshots to delete."
        return _metadata(policy, "deletion", "DELETION_CONDITION_MET", start, "RETRYING", words, str(reply))
    found = [each for each in reply["snapshots"] if _is_of(each, policy)]
    names = to_delete(found, policy["deletion"]["condition"], _now())
    for name in names:
        await door.engine.ask("DELETE", _path(repository, name))
    words = f"Snapshot(s) [{', '.join(names)}] deletion has finished."
    return _metadata(policy, "deletion", "DELETION_START", start, "SUCCESS", words)


def _is_of(snapshot: dict[str, Any], policy: Policy) -> bool:
    if snapshot["state"] == "IN_PROGRESS":
        return False
    if (snapshot.get("metadata") or {}).get("sm_policy") == policy["name"]:
        return True
    patterns = (policy["deletion"].get("snapshot_pattern") or "").split(",")
    return any(stars(each.strip()).fullmatch(snapshot["snapshot"]) for each in patterns if each.strip())


def _metadata(
    policy: Policy, part: str, state: str, start: int, status: str, message: str, cause: str | None = None
) -> Policy:
    trigger = schedules.next_time(policy[part]["schedule"], datetime.now(UTC))
    info = {"message": message} | ({"cause": cause} if cause else {})
    return {
        "current_state": state,
        "trigger": {"time": int(trigger.timestamp() * 1000) if trigger else None},
        "latest_execution": {"status": status, "start_time": start, "end_time": _now(), "info": info},
    }


def _path(repository: str, name: str) -> str:
    return f"/_snapshot/{quote(repository, safe='')}/{quote(name, safe='_')}"


def _now() -> int:
    return int(datetime.now(UTC).timestamp() * 1000)
