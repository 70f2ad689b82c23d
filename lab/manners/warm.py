"""Indices in UltraWarm storage, as far as they concern a migration.

The index stays in place; the engine itself refuses writes to it. A manual snapshot includes a warm index only
if it is named alone (ultrawarm.md, grade A; the words of a refusal are a guess). Not modelled: the service
restores such a snapshot to hot storage; here the setting is restored too.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from lab.account import domain_status
from lab.door import bodies
from lab.door.answers import Answer, not_read
from lab.door.exchange import Door, Exchange
from lab.manners import answers as manners_answers
from lab.manners.concurrency import creation
from lab.manners.switches import Manners, NotTaken

BOX_TYPE = "index.routing.allocation.require.box_type"
BLOCK = "index.blocks.read_only_allow_delete"
WARM, HOT = "_warm", "_hot"


async def turn(door: Door, wanted: Manners) -> None:
    """Give the indices the settings of warm ones, or remove those.

    Raises:
        NotTaken: there is no such index.
        httpx.HTTPError: the engine cannot be reached.
    """
    now, then = set(wanted.warm_indices), set(door.manners.warm_indices)
    if now - then:
        await _set(door, now - then, {BOX_TYPE: "warm", BLOCK: True})
    if then - now:
        for name in (BLOCK, BOX_TYPE):  # blocked, no other setting can be changed
            await _set(door, then - now, {name: None}, "ignore_unavailable=true&allow_no_indices=true")
    if bool(now) != bool(then):
        domain_status.show(door.settings, cluster={"WarmEnabled": bool(now)})


async def gate(exchange: Exchange, door: Door) -> Answer | None:
    """Expand `_warm` and `_hot` to names; keep warm indices out of snapshots, and refuse mixed ones.

    Raises:
        httpx.HTTPError: the engine cannot be reached.
    """
    warm = door.manners.warm_indices
    if not warm:
        return None
    request = exchange.received
    if creation(request.method, request.path) is not None:
        return await _snapshot(exchange, door, warm)
    named = {WARM: ",".join(warm), HOT: ",".join(("*", *(f"-{name}" for name in warm)))}
    parts = request.path.split("/")
    if any(_is_place(parts, number) for number in range(len(parts))):
        put_in = [
            quote(named[part], safe="*,") if _is_place(parts, number) else part
            for number, part in enumerate(parts)
        ]
        exchange.instead = replace(request, path="/".join(put_in))
    return None


def _is_place(parts: list[str], number: int) -> bool:
    """Whether `_warm` or `_hot` stands for indices here: as the first part, or the last after `_cat` and
    `_cluster`."""
    first, last = number == 1, number == len(parts) - 1 and number > 1 and parts[1] in ("_cat", "_cluster")
    return parts[number] in (WARM, HOT) and (first or last)


async def _snapshot(exchange: Exchange, door: Door, warm: tuple[str, ...]) -> Answer | None:
    request = exchange.received
    try:
        document = bodies.document(request.content)
    except bodies.Unreadable:
        return not_read()
    body: dict[str, Any] = document if isinstance(document, dict) else {}
    if not body.get("indices"):
        without = {**body, "indices": ["*", *(f"-{name}" for name in warm)]}
        headers = {**request.headers, "content-type": "application/json"}
        exchange.instead = replace(request, body=json.dumps(without).encode(), headers=headers)
        return None
    asked = body["indices"] if isinstance(body["indices"], str) else ",".join(map(str, body["indices"]))
    names = await _matching(door, asked)
    chosen = names & set(warm)
    if chosen and names - chosen:
        return manners_answers.mixed_with_warm(sorted(chosen), sorted(names - chosen))
    return manners_answers.several_warm(sorted(chosen)) if len(chosen) > 1 else None


async def _matching(door: Door, expression: str) -> set[str]:
    path = f"/_cat/indices/{quote(expression, safe='*,')}"
    status, rows = await door.engine.ask(
        "GET", path, query="format=json&h=index&expand_wildcards=open,hidden"
    )
    return {row["index"] for row in rows} if status == 200 else set()  # the engine says what it is


async def _set(door: Door, names: set[str], settings: dict[str, Any], query: str = "") -> None:
    """Set it on all or none: a missing index leaves the others unchanged."""
    path = f"/{quote(','.join(sorted(names)), safe=',')}/_settings"
    status, reply = await door.engine.ask("PUT", path, settings, query)
    if status >= 400:
        raise NotTaken(f"the engine refused {path}: {status} {json.dumps(reply)[:300]}")
