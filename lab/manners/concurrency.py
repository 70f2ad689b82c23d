"""One snapshot at a time, on engines with that limit."""

from __future__ import annotations

import re
from urllib.parse import unquote

from lab.door.answers import Answer
from lab.door.exchange import Door, Exchange
from lab.manners import answers as manners_answers

CREATION = re.compile(r"^/_snapshot/([^/]+)/([^/]+)/?$")


def creation(method: str, path: str) -> tuple[str, str] | None:
    """The repository and name of the snapshot that the request would take, or None."""
    found = CREATION.match(path)
    if method not in ("PUT", "POST") or not found or found.group(2).startswith("_"):
        return None
    return unquote(found.group(1)), unquote(found.group(2))


async def refusal(exchange: Exchange, door: Door) -> Answer | None:
    """Refuse a snapshot while the engine takes another one, even an automated one.

    Raises:
        httpx.HTTPError: the engine cannot be reached.
    """
    status = door.manners.concurrent_snapshots
    asked = creation(exchange.received.method, exchange.received.path)
    if status == "accepted" or asked is None:
        return None
    _, running = await door.engine.ask("GET", "/_snapshot/_status")
    return manners_answers.snapshot_running(*asked, status) if (running or {}).get("snapshots") else None
