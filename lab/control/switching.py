"""Turn the switches of a running lab's domains, from outside the lab."""

from __future__ import annotations

from typing import Any

import httpx

from lab.description import LabDescription
from lab.errors import LabError

TIMEOUT_S = 300.0  # includes a snapshot of everything


def switch(description: LabDescription, side: str, **manners: Any) -> None:
    """Turn switches (see `lab.manners.switches.Manners`) of the domain called "source" or "target".

    Raises:
        LabError: there is no such switch or value, or the engine does not go along.
    """
    url = f"{description.admin_url}/manners/{side}"
    _send("PUT", url, manners, "these switches")


def take_automated_snapshot(description: LabDescription, side: str, *, slow_s: float | None = None) -> None:
    """Let the service start an automated snapshot now; the switch `automated_snapshots` must be on.

    With `slow_s` it takes about that many seconds.

    Raises:
        LabError: the switch is off, or the engine refuses.
    """
    url = f"{description.admin_url}/automated/{side}"
    body = {} if slow_s is None else {"slow": True, "seconds": slow_s}
    _send("POST", url, body, "an automated snapshot")


def _send(method: str, url: str, body: dict[str, Any], what: str) -> None:
    try:
        reply = httpx.request(method, url, json=body, timeout=TIMEOUT_S, trust_env=False)
    except httpx.HTTPError as error:
        said = f"The lab does not answer whether it accepts {what}: {error!r}."
        raise LabError(said, "Check with `snapferry lab status` that the lab is up.") from error
    if not reply.is_success:
        said = f"The lab does not accept {what}: {reply.text[:300]}"
        raise LabError(said, "docs/lab.md lists the switches and their values.")
