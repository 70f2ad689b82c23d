"""Alerting: monitors and, on Elasticsearch, destinations: stored, checked and shown, but never run.

On OpenSearch destinations have become channels of notifications; the old ones can only be read. Rules and
words are those of the plugin's source (grade E) unless a docstring says otherwise.
"""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime
from typing import Any

from lab.door.answers import Answer, json_answer
from lab.plugins import schedules
from lab.plugins.answers import Refused, no_handler, wrapped
from lab.plugins.call import Call
from lab.plugins.config_index import ConfigIndex, Document

INDEX = ".opendistro-alerting-config"
ACTION = "cluster:admin/opendistro/alerting/"
TYPE = re.compile(r"[a-zA-Z0-9_]{5,25}")
TRIGGERS = {
    "query_level_monitor": "query_level_trigger", "bucket_level_monitor": "bucket_level_trigger",
    "cluster_metrics_monitor": "query_level_trigger", "doc_level_monitor": "document_level_trigger",
}  # fmt: skip
DESTINATIONS = ("slack", "chime", "custom_webhook", "email", "sns", "test_action")
NAME_QUERIES = ("match", "term", "match_phrase")


async def handle(call: Call) -> Answer:
    """Answer `monitors` and `destinations`."""
    index = ConfigIndex(call.door, INDEX)
    kind, rest = call.rest[0], call.rest[1:]
    if kind == "monitors":
        return await _monitors(call, index, rest)
    if kind == "destinations":
        return await _destinations(call, index, rest)
    return no_handler(call.method, call.received.path)


async def _monitors(call: Call, index: ConfigIndex, rest: tuple[str, ...]) -> Answer:
    if rest == ("_search",) and call.method in ("GET", "POST"):
        return await _search(call, index)
    if not rest and call.method == "POST":
        call.rights.require(f"{ACTION}monitor/write")
        monitor = parsed(call.object)
        written = await index.create(secrets.token_urlsafe(15), {"monitor": monitor})
        return json_answer(201, written.head | {"monitor": monitor})
    if len(rest) == 1 and call.method in ("GET", "PUT", "DELETE"):
        doing = {"GET": _monitor, "PUT": _replace, "DELETE": _remove}[call.method]
        return await doing(call, index, rest[0])
    return no_handler(call.method, call.received.path)


def parsed(body: dict[str, Any]) -> dict[str, Any]:
    """Check a monitor and return it as the plugin shows it.

    Raises:
        Refused: it breaks a rule. Inputs and triggers are not looked into, beyond their types and ids.
    """
    if not isinstance(body.get("name"), str):
        raise _refused(400, "Monitor name is null")
    kind = body.get("monitor_type", "query_level_monitor")
    if not TYPE.fullmatch(str(kind)):
        raise _refused(500, f"Monitor type should follow pattern {TYPE.pattern}", "IllegalStateException")
    if body.get("schedule") is None:
        raise _refused(400, "Monitor schedule is null")
    enabled, now = body.get("enabled", True), int(datetime.now(UTC).timestamp() * 1000)
    return {
        "type": "monitor", "schema_version": 8, "name": body["name"], "monitor_type": kind,
        "enabled": enabled, "enabled_time": now if enabled else None, "schedule": _schedule(body["schedule"]),
        "inputs": body.get("inputs", []), "triggers": _triggers(kind, body.get("triggers", [])),
        "last_update_time": now, "ui_metadata": body.get("ui_metadata", {}), "owner": "alerting",
    }  # fmt: skip


async def _monitor(call: Call, index: ConfigIndex, identifier: str) -> Answer:
    call.rights.require(f"{ACTION}monitor/get")
    found = await _found(index, identifier, "monitor")
    return json_answer(200, found.head | {"monitor": found.source["monitor"], "associated_workflows": []})


async def _replace(call: Call, index: ConfigIndex, identifier: str) -> Answer:
    call.rights.require(f"{ACTION}monitor/write")
    monitor = parsed(call.object)
    found = await _found(index, identifier, "monitor")
    expected = call.expected or (found.seq_no, found.primary_term)
    written = await index.replace(identifier, {"monitor": monitor}, expected)
    return json_answer(200, written.head | {"monitor": monitor})


async def _remove(call: Call, index: ConfigIndex, identifier: str) -> Answer:
    call.rights.require(f"{ACTION}monitor/delete")
    await _found(index, identifier, "monitor")
    code, reply = await index.remove(identifier)
    return json_answer(code, {"_id": identifier, "_version": reply["_version"]})


async def _search(call: Call, index: ConfigIndex) -> Answer:
    """Search for monitors. The lab knows queries for a name; any other finds all (a guess about no
    engine)."""
    call.rights.require(f"{ACTION}monitor/search")
    body = call.body or {}
    name = _asked_name(body.get("query") or {})
    found = [
        each
        for each in await index.all()
        if "monitor" in each.source and name in (None, each.source["monitor"]["name"])
    ]
    start, size = int(body.get("from", 0)), int(body.get("size", 10))
    hits = [
        each.head | {"_index": INDEX, "_score": 1.0, "_source": each.source["monitor"]}
        for each in found[start : start + size]
    ]
    total = {"value": len(found), "relation": "eq"}
    shards = {"total": 1, "successful": 1, "skipped": 0, "failed": 0}
    return json_answer(200, {"took": 1, "timed_out": False, "_shards": shards,
                             "hits": {"total": total, "max_score": 1.0, "hits": hits}})  # fmt: skip


def _asked_name(query: dict[str, Any]) -> str | None:
    for kind in NAME_QUERIES:
        for field, value in (query.get(kind) or {}).items():
            if field in ("monitor.name", "monitor.name.keyword"):
                return value.get("query", value.get("value")) if isinstance(value, dict) else value
    return None


async def _destinations(call: Call, index: ConfigIndex, rest: tuple[str, ...]) -> Answer:
    if call.method == "GET" and len(rest) < 2:
        call.rights.require(f"{ACTION}destination/get")
        rows = [_row(each) for each in await index.all() if "destination" in each.source]
        rows = [row for row in rows if not rest or row["id"] == rest[0]]
        if rest and not rows:
            raise _refused(404, "Destination not found.", "OpenSearchStatusException")
        return json_answer(200, {"totalDestinations": len(rows), "destinations": rows})
    if call.is_opensearch:
        return no_handler(call.method, call.received.path)
    if call.method == "DELETE" and len(rest) == 1:
        return json_answer(*await index.remove(rest[0]))
    if (call.method, len(rest)) in (("POST", 0), ("PUT", 1)):
        return await _write_destination(call, index, rest)
    return no_handler(call.method, call.received.path)


async def _write_destination(call: Call, index: ConfigIndex, rest: tuple[str, ...]) -> Answer:
    """Store a destination (the plugin of Elasticsearch 7.10)."""
    body = call.object
    if not isinstance(body.get("name"), str):
        raise _refused(400, "Destination name is null")
    if body.get("type") not in DESTINATIONS:
        raise _refused(400, "Destination type is null")
    now = int(datetime.now(UTC).timestamp() * 1000)
    destination = {**body, "schema_version": 3, "last_update_time": now}
    identifier = rest[0] if rest else secrets.token_urlsafe(15)
    written = await index.put(identifier, {"destination": destination})
    return json_answer(200 if rest else 201, written.head | {"destination": destination})


def _row(document: Document) -> dict[str, Any]:
    known = {"id": document.id, "seq_no": document.seq_no, "primary_term": document.primary_term}
    return known | document.source["destination"]


async def _found(index: ConfigIndex, identifier: str, kind: str) -> Document:
    missing = _refused(404, "Monitor not found.", "OpenSearchStatusException")
    found = await index.get(identifier, missing, missing)
    if kind not in found.source:
        raise missing
    return found


def _schedule(schedule: Any) -> Any:
    given = schedule if isinstance(schedule, dict) else {}
    if len(given) > 1:
        raise _refused(400, "You can only specify one type of schedule.")
    for name in given:
        if name not in ("cron", "period"):
            raise _refused(400, f"Invalid field: [{name}] found in schedule.")
    if "cron" in given:
        schedules.checked({"cron": given["cron"]})
    return schedule


def _triggers(kind: str, triggers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Wrap each trigger in its type, and give it an id."""
    expected = TRIGGERS.get(kind.lower())
    seen: set[str] = set()
    shown: list[dict[str, Any]] = []
    for each in triggers:
        name = next((known for known in set(TRIGGERS.values()) if known in each), None)
        body = dict(each[name] if name else each)
        body.setdefault("id", secrets.token_urlsafe(15))
        if expected and (name or "query_level_trigger") != expected:
            raise _refused(400, f"Incompatible trigger [{body['id']}] for monitor type [{kind}]")
        if body["id"] in seen:
            raise _refused(400, f"Duplicate trigger id: {body['id']}. Trigger ids must be unique.")
        seen.add(body["id"])
        shown.append({name or "query_level_trigger": body})
    return shown


def _refused(code: int, reason: str, cause: str = "java.lang.IllegalArgumentException") -> Refused:
    return wrapped(code, "alerting_exception", reason, cause)
