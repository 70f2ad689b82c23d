"""Turning the switches of a running lab's domains, from the outside."""

from __future__ import annotations

from typing import Any

import httpx

from lab.description import LabDescription
from lab.errors import LabError

PATIENCE = 300.0  # seconds: a snapshot of everything is waited for


def switch(description: LabDescription, side: str, **manners: Any) -> None:
    """Turn switches (see `lab.manners.switches.Manners`) of the domain called "source" or "target".

    Raises:
        LabError: there is no such switch or value, or the engine does not go along.
    """
    url = f"{description.admin_url}/manners/{side}"
    _send("PUT", url, manners, "these switches")


def take_automated_snapshot(description: LabDescription, side: str, *, slow_s: float | None = None) -> None:
    """Have the service begin one of its own snapshots now; the switch `automated_snapshots` must be on.

    With `slow_s` it goes on for about so many seconds.

    Raises:
        LabError: the switch is off, or the engine refuses.
    """
    url = f"{description.admin_url}/automated/{side}"
    body = {} if slow_s is None else {"slow": True, "seconds": slow_s}
    _send("POST", url, body, "an automated snapshot")


def _send(method: str, url: str, body: dict[str, Any], what: str) -> None:
    try:
        reply = httpx.request(method, url, json=body, timeout=PATIENCE, trust_env=False)
    except httpx.HTTPError as error:
        raise LabError(f"The lab does not answer whether it takes {what}: {error!r}.") from error
    if not reply.is_success:
        raise LabError(f"The lab does not take {what}: {reply.text[:300]}")
