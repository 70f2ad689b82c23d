"""Automated snapshots: `cs-automated-enc`, written every hour; callers can read and restore them.

The engine takes real snapshots into a folder that no caller can name. Callers see the repository as the
service shows it: of type s3, without settings (facts 1.4, grade R).
"""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

import httpx

from lab.account import domain_status, pausing
from lab.door.answers import Answer
from lab.door.exchange import Door, Exchange
from lab.door.repositories import RESERVED_PREFIX
from lab.door.translation import REGISTERED
from lab.manners import answers as manners_answers
from lab.manners.switches import Manners, NotTaken

REPOSITORY = "cs-automated-enc"
PATH = f"/_snapshot/{REPOSITORY}"
FULL_SPEED = "40mb"
LEAST_BYTES = 100
ATTEMPTS = 50


async def turn(door: Door, wanted: Manners) -> None:
    """Start or stop automated snapshots, as the switches say.

    Raises:
        NotTaken: the engine does not release the repository while it is in use.
        httpx.HTTPError: the engine cannot be reached.
    """
    on, was_on = wanted.automated_snapshots, door.manners.automated_snapshots
    if on and not was_on:
        place = f"{REPOSITORY}/{door.domain}/{uuid4().hex}"  # drops old snapshots
        await _register(door, {"location": place, "max_snapshot_bytes_per_sec": FULL_SPEED})
    if was_on and not on:
        _keep_taking(door, None)
        try:
            await _remove(door)
        except (NotTaken, httpx.HTTPError):
            _keep_taking(door, door.manners.automated_interval_s)
            raise
    if (on, wanted.automated_interval_s) != (was_on, door.manners.automated_interval_s):
        _keep_taking(door, wanted.automated_interval_s if on else None)


async def take(door: Door, slow_s: float | None = None) -> str:
    """Take a snapshot of everything now, and return its name once it is complete.

    With `slow_s` it is throttled to take about that many seconds, and the call returns when it has started;
    data of an earlier snapshot is not written again.

    Raises:
        NotTaken: the switch is off, the control plane has paused the snapshots, or the repository is in use.
        httpx.HTTPError: the engine cannot be reached.
    """
    if not door.manners.automated_snapshots:
        raise NotTaken("automated_snapshots is off")
    if pausing.pauses(domain_status.of(door.settings)):
        raise NotTaken("the automated snapshots are paused (AutomatedSnapshotPauseOptions)")
    await _set_speed(door, FULL_SPEED if slow_s is None else f"{await _slow(door, slow_s)}b")
    name = f"{datetime.now(UTC).strftime('%Y-%m-%dt%H-%M-%S')}.{uuid4()}"
    wait = "true" if slow_s is None else "false"
    await _asked(door, "PUT", f"{PATH}/{name}", {"include_global_state": True}, f"wait_for_completion={wait}")
    return name


async def refusal(exchange: Exchange, door: Door) -> Answer | None:
    """Refuse changes to the service's own repositories, which can only be read and restored from.
    Registrations under such a name are refused elsewhere."""
    request = exchange.received
    parts = [unquote(part) for part in request.path.split("/") if part]
    if len(parts) < 2 or parts[0] != "_snapshot" or request.method in ("GET", "HEAD"):
        return None
    if len(parts) == 2:
        covers = request.method == "DELETE" and _covers(parts[1], door)
        return manners_answers.not_the_callers(request.path) if covers else None
    if parts[1].startswith(RESERVED_PREFIX) and parts[-1] not in ("_restore", "_verify"):
        return manners_answers.not_the_callers(request.path)
    return None


def _covers(names: str, door: Door) -> bool:
    patterns = names.split(",")
    if any(each.startswith(RESERVED_PREFIX) for each in patterns):
        return True
    return door.manners.automated_snapshots and any(fnmatchcase(REPOSITORY, each) for each in patterns)


async def _remove(door: Door) -> None:
    """Abort a running snapshot, which keeps the repository in use, and remove the registration."""
    reply: Any = None
    for _ in range(ATTEMPTS):
        shown = await _asked(door, "GET", f"{PATH}/_status")
        for each in shown["snapshots"]:
            await door.engine.ask("DELETE", f"{PATH}/{each['snapshot']}")
        status, reply = await door.engine.ask("DELETE", PATH)
        if status == 200:
            return
        await asyncio.sleep(0.1)
    raise NotTaken(f"the engine does not give the repository back: {json.dumps(reply)[:300]}")


def _keep_taking(door: Door, interval_s: float | None) -> None:
    hourly = door.background.pop(REPOSITORY, None)
    if hourly is not None:
        hourly.cancel()
    if interval_s is not None:
        door.background[REPOSITORY] = asyncio.ensure_future(_every(door, interval_s))


async def _every(door: Door, seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        try:
            await take(door)
        except (NotTaken, httpx.HTTPError):
            continue  # like the service, skip this one and take the next


async def _set_speed(door: Door, speed: str) -> None:
    shown = await _asked(door, "GET", PATH)
    settings = shown[REPOSITORY]["settings"]
    if settings["max_snapshot_bytes_per_sec"] != speed:
        await _register(door, {"location": settings["location"], "max_snapshot_bytes_per_sec": speed})


async def _slow(door: Door, seconds: float) -> int:
    """Bytes a second."""
    query = "filter_path=_all.primaries.store.size_in_bytes&expand_wildcards=open,hidden"
    shown = await _asked(door, "GET", "/_stats/store", query=query)
    size = shown.get("_all", {}).get("primaries", {}).get("store", {}).get("size_in_bytes", 0)
    return max(LEAST_BYTES, int(size / seconds))


async def _register(door: Door, settings: dict[str, Any]) -> None:
    settings = {**settings, REGISTERED: json.dumps({"type": "s3"})}
    await _asked(door, "PUT", PATH, {"type": "fs", "settings": settings}, "verify=false")


async def _asked(door: Door, method: str, path: str, body: Any = None, query: str = "") -> Any:
    status, reply = await door.engine.ask(method, path, body, query)
    if status >= 400:
        raise NotTaken(f"the engine refused {method} {path}: {status} {json.dumps(reply)[:500]}")
    return reply or {}
