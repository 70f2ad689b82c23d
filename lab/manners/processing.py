"""A domain in the middle of a change, according to the control plane. Its engine keeps running."""

from __future__ import annotations

from typing import Any

from lab.account import domain_status
from lab.door.exchange import Door
from lab.manners.switches import Manners

SWITCHES = ("processing", "upgrading", "told_version")


async def turn(door: Door, wanted: Manners) -> None:
    """Let `DescribeDomain` report a change or an upgrade in progress, or none, and the version."""
    if any(getattr(wanted, name) != getattr(door.manners, name) for name in SWITCHES):
        domain_status.show(door.domain, door.region, told=_told(wanted))


def _told(wanted: Manners) -> dict[str, Any]:
    status = "UpgradingEngineVersion" if wanted.upgrading else "Modifying" if wanted.processing else "Active"
    version = {"EngineVersion": wanted.told_version} if wanted.told_version else {}
    busy = wanted.processing or wanted.upgrading
    changing = {"Processing": busy, "UpgradeProcessing": wanted.upgrading, "DomainProcessingStatus": status}
    return changing | version
