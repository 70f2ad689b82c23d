"""The pause of a domain's automated snapshots: `AutomatedSnapshotPauseOptions`, which moto lacks.

Names, forms and the three days are grade A (API reference). Guesses: the words of the refusals, that a pause
without a start begins at once, and that a start may be in the past.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

OPTIONS = "AutomatedSnapshotPauseOptions"
LONGEST_S = 3 * 24 * 3600
BUSY = "A change/update is in progress. Please wait for it to complete before requesting another change."
NOT_OFFERED = "Automated snapshot pause is not supported for this domain."


@dataclass(frozen=True)
class Pause:
    """A requested pause; times are Unix seconds."""

    enabled: bool
    starts: float = 0.0
    ends: float = 0.0
    set_at: float = 0.0

    def state(self, now: float) -> str:
        """The control plane's current word for it."""
        if not self.enabled:
            return "Disabled"
        if now < self.starts:
            return "Scheduled"
        return "Active" if now < self.ends else "Completed"


def asked(options: Any, now: float) -> Pause | str:
    """Parse the requested pause, or return why it is refused."""
    if not isinstance(options, dict) or not isinstance(options.get("Enabled"), bool):
        return f"Value at '{OPTIONS}.enabled' failed to satisfy constraint: Member must not be null"
    if not options["Enabled"]:
        return Pause(False, set_at=now)
    starts, ends = options.get("StartTime", now), options.get("EndTime")
    if not isinstance(starts, int | float) or not isinstance(ends, int | float):
        return f"{OPTIONS}: EndTime is required when the pause is enabled."
    if ends <= max(starts, now):
        return f"{OPTIONS}: EndTime must be in the future and after StartTime."
    if ends - starts > LONGEST_S:
        return f"{OPTIONS}: the duration between StartTime and EndTime must not exceed 3 days."
    return Pause(True, float(starts), float(ends), now)


def take(domain: Any, options: Any) -> str:
    """Set the pause of moto's domain; return why it is refused, empty if accepted."""
    if domain.to_dict().get("Processing"):
        return BUSY
    if getattr(domain, "refuses_pauses", False):
        return NOT_OFFERED
    wanted = asked(options, time.time())
    if isinstance(wanted, str):
        return wanted
    domain.snapshot_pause = wanted
    return ""


def pauses(domain: Any) -> bool:
    """Whether the automated snapshots of moto's domain are paused now."""
    return _set(domain).state(time.time()) == "Active"


def forget(domain: Any, *, refuses: bool = False) -> None:
    """Forget every pause; with `refuses`, refuse new ones."""
    domain.snapshot_pause, domain.refuses_pauses = Pause(False), refuses


def shown(domain: Any) -> Mapping[str, Any]:
    """The pause in `DescribeDomain`."""
    pause = _set(domain)
    times = {"StartTime": pause.starts, "EndTime": pause.ends} if pause.enabled else {}
    return {OPTIONS: {"Enabled": pause.enabled, **times, "State": pause.state(time.time())}}


def configured(domain: Any) -> Mapping[str, Any]:
    """The pause in `DescribeDomainConfig` and in the reply to `UpdateDomainConfig`."""
    at = _set(domain).set_at
    status = {"CreationDate": at, "UpdateDate": at, "UpdateVersion": 1, "State": "Active"}
    return {OPTIONS: {"Options": shown(domain)[OPTIONS], "Status": {**status, "PendingDeletion": False}}}


def _set(domain: Any) -> Pause:
    return getattr(domain, "snapshot_pause", Pause(False))
