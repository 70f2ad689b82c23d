"""Notifications: channels and senders, stored, checked and shown; nothing is sent (OpenSearch only).

Rules and words are those of the plugin's source (grade E); what is in a channel is not looked into.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any

from lab.door.answers import Answer, json_answer
from lab.plugins.answers import Refused, invalid, no_handler, status
from lab.plugins.call import Call
from lab.plugins.config_index import ConfigIndex, Document

INDEX = ".opensearch-notifications-config"
ACTION = "cluster:admin/opensearch/notifications/"
TYPES = (
    "slack", "chime", "webhook", "email", "sns", "ses_account", "smtp_account", "email_group",
    "microsoft_teams", "mattermost",
)  # fmt: skip


async def handle(call: Call) -> Answer:
    """Answer `configs` and `channels`."""
    index = ConfigIndex(call.door, INDEX)
    kind, rest = call.rest[0], call.rest[1:]
    if kind == "channels" and not rest and call.method == "GET":
        return await _channels(call, index)
    if kind != "configs" or len(rest) > 1:
        return no_handler(call.method, call.received.path)
    if call.method == "POST" and not rest:
        return await _create(call, index)
    if call.method == "PUT" and rest:
        return await _update(call, index, rest[0])
    if call.method == "GET":
        return await _list(call, index, rest)
    if call.method == "DELETE":
        return await _delete(call, index, rest)
    return no_handler(call.method, call.received.path)


def parsed(config: Any) -> dict[str, Any]:
    """Check a config and return it as the plugin shows it.

    Raises:
        Refused: it breaks a rule.
    """
    if not isinstance(config, dict):
        raise invalid("config field absent")
    for name in ("name", "config_type"):
        if config.get(name) is None:
            raise invalid(f"{name} field absent")
    if not config["name"]:
        raise invalid("name is null or empty")
    kind = config["config_type"]
    if kind not in TYPES:
        raise status(406, "NotificationConfig with type NONE is not acceptable")
    if not isinstance(config.get(kind), dict):
        raise invalid(f"ConfigType: {kind.upper()} and data doesn't match")
    return {
        "name": config["name"], "description": config.get("description", ""), "config_type": kind,
        "is_enabled": config.get("is_enabled", True), kind: config[kind],
    }  # fmt: skip


async def _create(call: Call, index: ConfigIndex) -> Answer:
    call.rights.require(f"{ACTION}configs/create")
    body = call.object
    config, now = parsed(body.get("config")), _now()
    identifier = body.get("config_id") or secrets.token_urlsafe(15)
    await index.create(identifier, _source(config, now, now))
    return json_answer(200, {"config_id": identifier})


async def _update(call: Call, index: ConfigIndex, identifier: str) -> Answer:
    call.rights.require(f"{ACTION}configs/update")
    config = parsed(call.object.get("config"))
    found = await _found(index, identifier)
    if found.source["config"]["config_type"] != config["config_type"]:
        raise status(409, "Config type cannot be changed after creation")
    await index.put(identifier, _source(config, found.source["metadata"]["created_time_ms"], _now()))
    return json_answer(200, {"config_id": identifier})


async def _list(call: Call, index: ConfigIndex, rest: tuple[str, ...]) -> Answer:
    call.rights.require(f"{ACTION}configs/get")
    ids = _asked(call, rest)
    documents = await index.all()
    known = {each.id for each in documents}
    if len(ids) == 1 and not set(ids) <= known:
        raise _missing(ids[0])
    if not set(ids) <= known:
        absent = sorted(set(ids) - known)
        raise status(404, f"NotificationConfigs {_java(absent)} not found")
    rows = [_row(each) for each in documents if not ids or each.id in ids]
    kinds = [each for each in call.query.get("config_type", "").split(",") if each]
    rows = [row for row in rows if not kinds or row["config"]["config_type"] in kinds]
    start, most = int(call.query.get("from_index", 0)), int(call.query.get("max_items", 1000))
    return json_answer(200, {
        "start_index": start, "total_hits": len(rows), "total_hit_relation": "eq",
        "config_list": rows[start : start + most],
    })  # fmt: skip


async def _delete(call: Call, index: ConfigIndex, rest: tuple[str, ...]) -> Answer:
    call.rights.require(f"{ACTION}configs/delete")
    ids = _asked(call, rest)
    if not ids:
        return json_answer(400, "either config_id or config_id_list is required")
    for identifier in ids:
        await _found(index, identifier)
    for identifier in ids:
        await index.remove(identifier)
    return json_answer(200, {"delete_response_list": dict.fromkeys(ids, "OK")})


async def _channels(call: Call, index: ConfigIndex) -> Answer:
    call.rights.require(f"{ACTION}channels/get")
    rows = [
        {"config_id": each.id} | {
            name: each.source["config"][name] for name in ("name", "description", "config_type", "is_enabled")
        }
        for each in await index.all()
    ]  # fmt: skip
    head = {"start_index": 0, "total_hits": len(rows), "total_hit_relation": "eq"}
    return json_answer(200, head | {"channel_list": rows})


def _asked(call: Call, rest: tuple[str, ...]) -> list[str]:
    listed = [each for each in call.query.get("config_id_list", "").split(",") if each]
    one = [call.query["config_id"]] if "config_id" in call.query else []
    return list(dict.fromkeys([*rest, *one, *listed]))


async def _found(index: ConfigIndex, identifier: str) -> Document:
    missing = _missing(identifier)
    return await index.get(identifier, missing, missing)


def _missing(identifier: str) -> Refused:
    return status(404, f"NotificationConfig {identifier} not found")


def _source(config: dict[str, Any], created: int, updated: int) -> dict[str, Any]:
    times = {"created_time_ms": created, "last_updated_time_ms": updated, "access": []}
    return {"metadata": times, "config": config}


def _row(document: Document) -> dict[str, Any]:
    times = document.source["metadata"]
    return {
        "config_id": document.id, "last_updated_time_ms": times["last_updated_time_ms"],
        "created_time_ms": times["created_time_ms"], "config": document.source["config"],
    }  # fmt: skip


def _java(values: list[str]) -> str:
    return f"[{', '.join(values)}]"


def _now() -> int:
    return int(datetime.now(UTC).timestamp() * 1000)
