"""A domain in the middle of a change, according to the control plane. Its engine keeps running."""

from __future__ import annotations

from typing import Any

from lab.account import domain_status, native_paths
from lab.door.exchange import Door
from lab.manners.switches import Manners

SWITCHES = ("processing", "upgrading", "clone_upgrade", "told_version", "told")


async def turn(door: Door, wanted: Manners) -> None:
    """Let `DescribeDomain` report a change or an upgrade in progress, the version, and more fields."""
    if any(getattr(wanted, name) != getattr(door.manners, name) for name in SWITCHES):
        domain_status.show(door.settings, told=_told(wanted))
        found = domain_status.of(door.settings)
        if found is not None:
            native_paths.state_of(found).clone_upgrade = wanted.clone_upgrade


def _told(wanted: Manners) -> dict[str, Any]:
    upgrading = wanted.upgrading or wanted.clone_upgrade
    status = "UpgradingEngineVersion" if upgrading else "Modifying" if wanted.processing else "Active"
    version = {"EngineVersion": wanted.told_version} if wanted.told_version else {}
    busy = wanted.processing or upgrading
    changing = {"Processing": busy, "UpgradeProcessing": upgrading, "DomainProcessingStatus": status}
    waiting = {"ChangeProgressDetails": {"ConfigChangeStatus": "PendingUserInput"}}
    return {**changing, **version, **(waiting if wanted.clone_upgrade else {}), **wanted.told}
