"""Index State Management at work: what the plugin's job does every few minutes, done when a test asks for it.

The `snapshot` action takes a real snapshot, under the name that the plugin gives it; some other actions are
one request each. Everything else fails with a message that says so. The lab acts as the domain's operator,
where the plugin acts as the policy's author.
"""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from lab.door.exchange import Door
from lab.plugins.config_index import ConfigIndex, Document
from lab.plugins.ism_indices import LENIENT, Index, indices, managed_in, metadata_id, state_of, sweep
from lab.plugins.ism_policies import INDEX

MOST_STEPS = 50
PATIENCE_S = 60.0
CONTEXT = re.compile(r"\{\{\s*ctx\.(index|indexUuid)\s*\}\}")
TAKEN_BY = {"snapshot_created": "Open Distro for Elasticsearch Index Management"}
SECONDS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "micros": 1e-6, "nanos": 1e-9}
Metadata = dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """How an action ended: it failed, is done, or waits. `taken` is the snapshot that it took."""

    status: str
    message: str
    step: str
    cause: str | None = None
    taken: dict[str, str] | None = None

    @property
    def info(self) -> dict[str, str]:
        """What explain shows."""
        return {"message": self.message} | ({"cause": self.cause} if self.cause else {})


@dataclass
class Clock:
    """Whether the time of a cron condition has come: once in a run, since a test has asked for it."""

    struck: bool = False

    def strikes(self) -> bool:
        """True the first time."""
        first, self.struck = not self.struck, True
        return first


async def run(door: Door, policy: str | None = None) -> list[dict[str, str]]:
    """Let every managed index (of this policy) go on until it waits for something; return the snapshots
    taken.

    Raises:
        httpx.HTTPError: the engine cannot be reached.
        Refused: the engine refuses a request of the lab's own.
    """
    await sweep(door)
    index = ConfigIndex(door, INDEX)
    taken: list[dict[str, str]] = []
    for document in await index.all():
        managed = managed_in(document)
        if managed is None or (policy is not None and managed["policy_id"] != policy):
            continue
        for each in await indices(door, managed["index"], LENIENT):
            if each.uuid == document.id and managed["enabled"]:
                taken += await _advance(door, index, each, managed)
    return taken


async def _advance(door: Door, index: ConfigIndex, each: Index, managed: Metadata) -> list[dict[str, str]]:
    policy, metadata = await _current(index, each, managed)
    taken: list[dict[str, str]] = []
    clock = Clock()
    for _ in range(MOST_STEPS):
        if metadata.get("policy_completed") or _failed(metadata):
            break
        before = metadata
        metadata, snapshot = await _step(door, each, policy, metadata, clock)
        taken += [snapshot] if snapshot else []
        if metadata == before or metadata.get("deleted"):
            break
    if metadata.get("deleted"):
        await index.remove(each.uuid)
        await index.remove(metadata_id(each.uuid))
        return taken
    await index.put(metadata_id(each.uuid), {"managed_index_metadata": metadata})
    return taken


async def _current(index: ConfigIndex, each: Index, managed: Metadata) -> tuple[Metadata, Metadata]:
    """The policy and the metadata to go on with: first ones, or after a change of the policy."""
    found = await index.find(metadata_id(each.uuid))
    change = managed.get("change_policy")
    if change:
        policy = await index.find(change["policy_id"])
        if policy is not None:
            return await _changed(index, each, managed, policy, found)
    if found is not None:
        return managed["policy"], found.source["managed_index_metadata"]
    policy_id = managed["policy_id"]
    return managed["policy"], _first(each, managed, f"Successfully initialized policy: {policy_id}")


async def _changed(
    index: ConfigIndex, each: Index, managed: Metadata, policy: Document, found: Document | None
) -> tuple[Metadata, Metadata]:
    body, change = policy.source["policy"], managed["change_policy"]
    managed = managed | {
        "policy_id": policy.id, "policy": body, "policy_seq_no": policy.seq_no,
        "policy_primary_term": policy.primary_term, "change_policy": None,
    }  # fmt: skip
    await index.put(each.uuid, {"managed_index": managed})
    metadata = _first(each, managed, f"Attempting to change policy to {policy.id}")
    here = state_of(found) if found else None
    wanted = change.get("state") or here
    if wanted in [state["name"] for state in body["states"]]:
        metadata["state"] = {"name": wanted, "start_time": _now()}
    return body, metadata


def _first(each: Index, managed: Metadata, message: str) -> Metadata:
    return {
        "index": each.name, "index_uuid": each.uuid, "policy_id": managed["policy_id"],
        "policy_seq_no": managed["policy_seq_no"], "policy_primary_term": managed["policy_primary_term"],
        "index_creation_date": each.created, "policy_completed": None,
        "state": {"name": managed["policy"]["default_state"], "start_time": _now()}, "action": None,
        "step": None, "retry_info": {"failed": False, "consumed_retries": 0}, "info": {"message": message},
    }  # fmt: skip


def _failed(metadata: Metadata) -> bool:
    return bool((metadata.get("action") or {}).get("failed"))


async def _step(
    door: Door, each: Index, policy: Metadata, metadata: Metadata, clock: Clock
) -> tuple[Metadata, dict[str, str] | None]:
    """Do the next action of the state, or look whether the next state may begin."""
    if metadata.get("transition_to"):
        state = {"name": metadata["transition_to"], "start_time": _now()}
        metadata = {**metadata, "state": state, "action": None, "step": None, "transition_to": None}
    state = next(each for each in policy["states"] if each["name"] == metadata["state"]["name"])
    position = _next_position(metadata)
    if position >= len(state["actions"]):
        return await _transition(door, each, state, metadata, clock), None
    action = state["actions"][position]
    name = next(part for part in action if part not in ("retry", "timeout", "custom"))
    outcome = await act(door, each, name, action[name])
    failed = outcome.status == "failed"
    shown = {
        "name": name, "start_time": _now(), "index": position, "failed": failed, "consumed_retries": 0,
        "last_retry_time": 0,
    }  # fmt: skip
    properties = {"action_properties": {"snapshot_name": outcome.taken["snapshot"]}} if outcome.taken else {}
    step = {"name": outcome.step, "start_time": _now(), "step_status": outcome.status}
    done = {"deleted": True} if name == "delete" and not failed else {}
    return metadata | {"action": shown | properties, "step": step, "info": outcome.info} | done, outcome.taken


def _next_position(metadata: Metadata) -> int:
    action, step = metadata.get("action"), metadata.get("step")
    if not action:
        return 0
    if action["index"] < 0:
        return MOST_STEPS  # transitions come after all actions
    return action["index"] + (1 if step and step["step_status"] == "completed" else 0)


async def act(door: Door, each: Index, name: str, settings: Any) -> Outcome:
    """Carry out one action on the index."""
    if name == "snapshot":
        return await _snapshot(door, each, settings)
    request = _request(each, name, settings or {})
    if request is None:
        return Outcome("failed", f"The lab does not carry out the action {name} [index={each.name}]", name)
    code, reply = await door.engine.ask(*request)
    if code >= 400:
        return Outcome("failed", f"Failed to {name} [index={each.name}]", f"attempt_{name}", str(reply)[:500])
    return Outcome("completed", f"Successfully carried out {name} [index={each.name}]", f"attempt_{name}")


def _request(each: Index, name: str, settings: Metadata) -> tuple[str, str, Any] | None:
    path = f"/{quote(each.name, safe='')}"
    changes = {
        "read_only": {"index.blocks.write": True},
        "read_write": {"index.blocks.write": False},
        "replica_count": {"index.number_of_replicas": settings.get("number_of_replicas")},
        "index_priority": {"index.priority": settings.get("priority")},
    }
    if name in changes:
        return "PUT", f"{path}/_settings", changes[name]
    plain = {"open": ("POST", "/_open"), "close": ("POST", "/_close"), "delete": ("DELETE", "")}
    return (plain[name][0], path + plain[name][1], None) if name in plain else None


async def _snapshot(door: Door, each: Index, settings: Metadata) -> Outcome:
    """Take the snapshot and wait for it. The name ends with the time in UTC, to the millisecond."""
    now = datetime.now(UTC)
    context = {"index": each.name, "indexUuid": each.uuid}
    asked = settings["snapshot"]
    name = CONTEXT.sub(lambda match: context[match.group(1)], asked)
    name = name if name.strip() else (asked if not asked.strip() else each.name)
    name += f"-{now:%Y.%m.%d-%H:%M:%S}.{now.microsecond // 1000:03d}"
    repository = settings["repository"]
    path = f"/_snapshot/{quote(repository, safe='')}/{quote(name, safe='')}"
    body = {"indices": each.name, "include_global_state": False, "metadata": TAKEN_BY}
    code, reply = await door.engine.ask("PUT", path, body)
    if code >= 400:
        error = (reply or {}).get("error", {})
        if error.get("type") == "concurrent_snapshot_execution_exception":
            words = f"Concurrent snapshot in progress, retrying next execution [index={each.name}]"
            return Outcome("condition_not_met", words, "attempt_snapshot")
        words = f"Failed to create snapshot [index={each.name}]"
        return Outcome("failed", words, "attempt_snapshot", str(error.get("reason", reply)))
    taken = {"repository": repository, "snapshot": name, "index": each.name}
    state = await ended(door, repository, name)
    if state == "SUCCESS":
        words = f"Successfully created snapshot [index={each.name}]"
        return Outcome("completed", words, "wait_for_snapshot", taken=taken)
    words = f"Failed to get status of snapshot [index={each.name}]"
    return Outcome("failed", words, "wait_for_snapshot", state, taken)


async def ended(door: Door, repository: str, name: str) -> str:
    """Wait for a snapshot; return its state, or what else was seen."""
    path = f"/_snapshot/{quote(repository, safe='')}/{quote(name, safe='')}"
    deadline = time.monotonic() + PATIENCE_S
    while True:
        code, reply = await door.engine.ask("GET", path)
        if code >= 400:
            return f"status {code}"
        state = reply["snapshots"][0]["state"]
        if state != "IN_PROGRESS" or time.monotonic() > deadline:
            return state
        await asyncio.sleep(0.05)


async def _transition(door: Door, each: Index, state: Metadata, metadata: Metadata, clock: Clock) -> Metadata:
    if not state["transitions"]:
        return {**metadata, "policy_completed": True}
    for transition in state["transitions"]:
        if await _met(door, each, metadata, transition.get("conditions") or {}, clock):
            target = transition["state_name"]
            info = {"message": f"Transitioning to {target} [index={each.name}]"}
            return {**metadata, "transition_to": target, "info": info}
    action = {
        "name": "transition", "start_time": metadata["state"]["start_time"], "index": -1, "failed": False,
        "consumed_retries": 0, "last_retry_time": 0,
    }  # fmt: skip
    step = {"name": "attempt_transition_step", "start_time": metadata["state"]["start_time"],
            "step_status": "condition_not_met"}  # fmt: skip
    info = {"message": f"Evaluating transition conditions [index={each.name}]"}
    return {**metadata, "action": action, "step": step, "info": info}


async def _met(door: Door, each: Index, metadata: Metadata, conditions: Metadata, clock: Clock) -> bool:
    """Whether the condition holds. Ages count from the index's creation, which a restored index keeps; sizes
    and rollovers are not looked at."""
    if not conditions:
        return True
    if "cron" in conditions:
        return clock.strikes()
    if "min_index_age" in conditions:
        return _now() - each.created >= milliseconds(conditions["min_index_age"])
    if "min_state_age" in conditions:
        return _now() - metadata["state"]["start_time"] >= milliseconds(conditions["min_state_age"])
    if "min_doc_count" in conditions:
        path = f"/{quote(each.name, safe='')}/_stats/docs"
        _, reply = await door.engine.ask("GET", path)
        return reply["_all"]["primaries"]["docs"]["count"] >= conditions["min_doc_count"]
    return False


def milliseconds(text: str) -> float:
    """A time value of the engine, such as `7d`, in milliseconds."""
    match = re.fullmatch(r"(\d+)([a-z]+)", text)
    return float(match.group(1)) * SECONDS[match.group(2)] * 1000 if match else 0.0


def _now() -> int:
    return int(datetime.now(UTC).timestamp() * 1000)
