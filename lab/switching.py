"""Turning the switches of a running lab's domains, from the outside."""

from __future__ import annotations

from typing import Any

import httpx

from lab.description import LabDescription
from lab.errors import LabError


def switch(description: LabDescription, side: str, **manners: Any) -> None:
    """Turn switches (see `lab.manners.switches.Manners`) of the domain called "source" or "target".

    Raises:
        LabError: there is no such switch or value, or the engine does not go along.
    """
    url = f"{description.admin_url}/manners/{side}"
    _require(httpx.put(url, json=manners, timeout=60, trust_env=False), "these switches")


def take_automated_snapshot(description: LabDescription, side: str, *, slow_s: float | None = None) -> None:
    """Have the service begin one of its own snapshots now; the switch `automated_snapshots` must be on.

    With `slow_s` it goes on for about so many seconds.

    Raises:
        LabError: the switch is off, or the engine refuses.
    """
    url = f"{description.admin_url}/automated/{side}"
    body = {} if slow_s is None else {"slow": True, "seconds": slow_s}
    _require(httpx.post(url, json=body, timeout=60, trust_env=False), "an automated snapshot")


def _require(reply: httpx.Response, what: str) -> None:
    if not reply.is_success:
        raise LabError(f"The lab does not take {what}: {reply.text[:300]}")
