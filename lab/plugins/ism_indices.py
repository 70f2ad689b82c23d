"""Index State Management: which index is managed by which policy, and what the plugin says about it.

Words and rules are those of the plugin's source (grade E), except that `auto_manage` is kept beside the
managed indices, because the lab's engines do not know that index setting.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from lab.account.wildcards import stars
from lab.door.answers import Answer, json_answer
from lab.door.exchange import Door
from lab.plugins.answers import invalid, no_handler, of_engine, status
from lab.plugins.call import Call
from lab.plugins.config_index import ConfigIndex, Document
from lab.plugins.ism_policies import INDEX, stored

ACTION = "cluster:admin/opendistro/ism/managedindex/"
ON_INDEX = "indices:admin/opensearch/ism/managedindex"
RESTRICTED = re.compile(r"\.opendistro_security|\.kibana.*|\.opendistro-ism-config")
NOT_MANAGED = "This index is not being managed"
POLICY_KEYS = (
    "index.plugins.index_state_management.policy_id",
    "index.opendistro.index_state_management.policy_id",
)
SHOWN = ",".join(
    f"metadata.indices.*.{name}"
    for name in ("state", "settings.index.uuid", "settings.index.creation_date", "settings.index.hidden")
)
LENIENT = "ignore_unavailable=true&expand_wildcards=open,closed,hidden"
STRICT = "expand_wildcards=open,closed"


@dataclass(frozen=True)
class Index:
    """An index of the engine. `created` in milliseconds."""

    name: str
    uuid: str
    created: int
    closed: bool

    def failed(self, reason: str) -> dict[str, str]:
        """Its row among the failed ones."""
        return {"index_name": self.name, "index_uuid": self.uuid, "reason": reason}


async def handle(call: Call) -> Answer:
    """Answer `add`, `remove`, `change_policy`, `retry` and `explain`."""
    doing = {"add": _add, "remove": _remove, "change_policy": _change, "retry": _retry}.get(call.rest[0])
    if call.rest[0] == "explain" and call.method in ("GET", "POST"):
        return await _explain(call)
    if doing is None or call.method != "POST":
        return no_handler(call.method, call.received.path)
    if len(call.rest) != 2:
        raise invalid("Missing index" if call.rest[0] == "change_policy" else "Missing indices")
    return await doing(call, ConfigIndex(call.door, INDEX), call.rest[1])


async def sweep(door: Door) -> None:
    """Give policies to new indices by the policies' templates, as the plugin does moments after an index is
    created. The age of a template decides: an index that is older than it, such as a restored one, gets
    none."""
    index = ConfigIndex(door, INDEX)
    policies = [each for each in await stored(index) if each.source["policy"].get("ism_template")]
    if not policies:
        return
    held = {each.id for each in await index.all()}
    for each in await indices(door, "*", LENIENT):
        free = each.uuid not in held and _unmanaged_id(each.uuid) not in held
        if free and not each.closed and not RESTRICTED.fullmatch(each.name):
            policy = _matching(each, policies)
            if policy is not None:
                await _manage(index, each, policy)


async def indices(door: Door, expression: str, query: str) -> list[Index]:
    """The engine's indices by an expression; the query holds the index options.

    Raises:
        Refused: the engine refuses the expression.
        httpx.HTTPError: the engine cannot be reached.
    """
    path = f"/_cluster/state/metadata/{quote(expression, safe='*,')}"
    code, reply = await door.engine.ask("GET", path, query=f"filter_path={SHOWN}&{query}")
    if code >= 400:
        raise of_engine(code, reply)
    found = (reply or {}).get("metadata", {}).get("indices", {})
    return [_index(name, row) for name, row in sorted(found.items())]


def managed_in(document: Document) -> dict[str, Any] | None:
    """The managed index in the document; None if it holds something else."""
    return document.source.get("managed_index")


async def _add(call: Call, index: ConfigIndex, expression: str) -> Answer:
    call.rights.require(f"{ACTION}add")
    policy_id = (call.body or {}).get("policy_id")
    if policy_id is None:
        raise invalid("Missing policy_id")
    asked = [
        each
        for each in await indices(call.door, expression, LENIENT)
        if call.rights.may_manage(each.name, ON_INDEX)
    ]
    if not asked:
        return _updated(0, [])
    policy = await _policy(index, policy_id)
    failed: list[dict[str, str]] = []
    updated = 0
    for each in asked:
        reason = await _not_addable(index, each)
        if reason:
            failed.append(each.failed(reason))
            continue
        await _manage(index, each, policy)
        updated += 1
    return _updated(updated, failed)


async def _not_addable(index: ConfigIndex, each: Index) -> str | None:
    if each.closed:
        return "This index is closed"
    if RESTRICTED.fullmatch(each.name):
        return "Matches restricted index pattern defined in the cluster setting"
    if await index.find(each.uuid) is not None:
        return "This index already has a policy, use the update policy API to update index policies"
    return None


async def _remove(call: Call, index: ConfigIndex, expression: str) -> Answer:
    call.rights.require(f"{ACTION}remove")
    failed: list[dict[str, str]] = []
    updated = 0
    for each in await _manageable(call, expression):
        reason = "This index is closed" if each.closed else None
        if reason is None and await index.find(each.uuid) is None:
            reason = "This index does not have a policy to remove"
        if reason:
            failed.append(each.failed(reason))
            continue
        await index.put(_unmanaged_id(each.uuid), {"auto_manage": {"index": each.name, "value": False}})
        await index.remove(each.uuid)
        await index.remove(metadata_id(each.uuid))
        updated += 1
    return _updated(updated, failed)


async def _change(call: Call, index: ConfigIndex, expression: str) -> Answer:
    call.rights.require(f"{ACTION}change")
    body = call.object
    for name in body:
        if name not in ("policy_id", "state", "include", "is_safe", "user"):
            raise invalid(f"Invalid field: [{name}] found in ChangePolicy.")
    if not isinstance(body.get("policy_id"), str):
        raise invalid("ChangePolicy policy id is null")
    policy = await _policy(index, body["policy_id"])
    included = {each.get("state") for each in body.get("include") or ()}
    failed: list[dict[str, str]] = []
    updated = 0
    for each in await _manageable(call, expression):
        metadata = await index.find(metadata_id(each.uuid))
        if metadata is not None and included and state_of(metadata) not in included:
            continue
        found = await index.find(each.uuid)
        if found is None:
            failed.append(each.failed(NOT_MANAGED))
            continue
        change = {"policy_id": policy.id, "state": body.get("state")}
        managed = (managed_in(found) or {}) | {"change_policy": change}
        await index.put(each.uuid, {"managed_index": managed})
        updated += 1
    return _updated(updated, failed)


async def _retry(call: Call, index: ConfigIndex, expression: str) -> Answer:
    call.rights.require(f"{ACTION}retry")
    state = (call.body or {}).get("state")
    failed: list[dict[str, str]] = []
    updated = 0
    for each in await _manageable(call, expression):
        metadata = await index.find(metadata_id(each.uuid))
        reason = await _not_retried(index, each, metadata)
        if reason or metadata is None:
            failed.append(each.failed(reason or NOT_MANAGED))
            continue
        known = metadata.source["managed_index_metadata"]
        action = known.get("action") or {}
        again = known | {
            "retry_info": {"failed": False, "consumed_retries": 0}, "step": None,
            "action": action | {"failed": False, "consumed_retries": 0},
            "info": {"message": "Pending retry of failed managed index"},
        }  # fmt: skip
        again |= {"transition_to": state, "action": None} if state else {}
        await index.put(metadata.id, {"managed_index_metadata": again})
        updated += 1
    return _updated(updated, failed)


async def _not_retried(index: ConfigIndex, each: Index, metadata: Document | None) -> str | None:
    if await index.find(each.uuid) is None:
        return f"{NOT_MANAGED}."
    if metadata is None:
        return "This index has no metadata information"
    known = metadata.source["managed_index_metadata"]
    failed = (known.get("action") or {}).get("failed") or (known.get("retry_info") or {}).get("failed")
    return None if failed else "This index is not in failed state."


async def _explain(call: Call) -> Answer:
    call.rights.require(f"{ACTION}explain")
    await sweep(call.door)
    index = ConfigIndex(call.door, INDEX)
    documents = {each.id: each for each in await index.all()}
    named = len(call.rest) == 2
    known = await indices(call.door, call.rest[1] if named else "*", LENIENT)
    managed = [each for each in known if each.uuid in documents]
    keys = POLICY_KEYS if call.is_opensearch else POLICY_KEYS[1:]
    show_policy = "show_policy" in call.query
    shown = {
        each.name: dict.fromkeys(keys, _policy_id(each, documents)) | _explained(each, documents, show_policy)
        for each in (known if named else managed)
    }
    return json_answer(200, shown | {"total_managed_indices": len(managed)})


def _policy_id(each: Index, documents: dict[str, Document]) -> str | None:
    managed = managed_in(documents[each.uuid]) if each.uuid in documents else None
    return managed["policy_id"] if managed else None


def _explained(each: Index, documents: dict[str, Document], with_policy: bool) -> dict[str, Any]:
    managed = managed_in(documents[each.uuid]) if each.uuid in documents else None
    if managed is None:
        return {"enabled": None}
    metadata = documents.get(metadata_id(each.uuid))
    shown = _shown(metadata.source["managed_index_metadata"]) if metadata else {}
    known = {"index": each.name, "index_uuid": each.uuid, "policy_id": managed["policy_id"]} | shown
    policy = {"policy": managed["policy"]} if with_policy else {}
    return known | {"enabled": managed["enabled"]} | policy


def _shown(metadata: dict[str, Any]) -> dict[str, Any]:
    """What the plugin shows: little once the policy is completed, the next state instead of the present one
    while the index is between both."""
    common = ("policy_seq_no", "policy_primary_term", "index_creation_date")
    shown = {name: metadata[name] for name in common if metadata.get(name) is not None}
    if metadata.get("policy_completed"):
        return shown | {"policy_completed": True}
    parts = ("transition_to",) if metadata.get("transition_to") else ("state", "action", "step")
    return shown | {
        name: metadata[name] for name in (*parts, "retry_info", "info") if metadata.get(name) is not None
    }


async def _manageable(call: Call, expression: str) -> list[Index]:
    """The indices; refused unless the caller may manage all of them."""
    found = await indices(call.door, expression, STRICT)
    if not all(call.rights.may_manage(each.name, ON_INDEX) for each in found):
        words = f"no permissions for [{ON_INDEX}] and {call.rights.user}"
        raise status(
            403, f"User doesn't have required index permissions on one or more requested indices: {words}"
        )
    return found


async def _policy(index: ConfigIndex, identifier: str) -> Document:
    found = await index.get(identifier, status(404, f"Could not find policy={identifier}"))
    if "policy" not in found.source:
        raise status(404, f"Could not find policy={identifier}")
    return found


async def _manage(index: ConfigIndex, each: Index, policy: Document) -> None:
    now = int(datetime.now(UTC).timestamp() * 1000)
    managed = {
        "name": each.name, "enabled": True, "index": each.name, "index_uuid": each.uuid,
        "policy_id": policy.id, "policy_seq_no": policy.seq_no, "policy_primary_term": policy.primary_term,
        "policy": policy.source["policy"], "enabled_time": now, "change_policy": None,
    }  # fmt: skip
    await index.put(each.uuid, {"managed_index": managed})
    await index.remove(metadata_id(each.uuid))
    await index.remove(_unmanaged_id(each.uuid))


def state_of(metadata: Document) -> str | None:
    """The name of the state that the managed index is in."""
    return (metadata.source["managed_index_metadata"].get("state") or {}).get("name")


def metadata_id(uuid: str) -> str:
    """The id of the document that says how far the managed index has come."""
    return f"{uuid}#metadata"


def _unmanaged_id(uuid: str) -> str:
    return f"{uuid}#auto_manage"


def _matching(each: Index, policies: list[Document]) -> Document | None:
    """The policy whose template matches the index with the highest priority."""
    fitting = [
        (template["priority"], policy)
        for policy in policies
        for template in policy.source["policy"]["ism_template"]
        if template["last_updated_time"] < each.created and _matches(each.name, template["index_patterns"])
    ]
    return max(fitting, key=lambda pair: pair[0])[1] if fitting else None


def _matches(name: str, patterns: list[str]) -> bool:
    excluded = [pattern[1:] for pattern in patterns if pattern.startswith("-")]
    if any(stars(pattern).fullmatch(name) for pattern in excluded):
        return False
    return any(stars(pattern).fullmatch(name) for pattern in patterns if not pattern.startswith("-"))


def _index(name: str, row: dict[str, Any]) -> Index:
    settings = row["settings"]["index"]
    return Index(name, settings["uuid"], int(settings["creation_date"]), row["state"] == "close")


def _updated(count: int, failed: list[dict[str, str]]) -> Answer:
    body = {"updated_indices": count, "failures": bool(failed), "failed_indices": failed}
    return json_answer(200, body)
