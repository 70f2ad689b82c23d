"""A domain in the middle of a configuration change, as the control plane tells it. Its engine goes on."""

from __future__ import annotations

from lab.account import domain_status
from lab.door.exchange import Door
from lab.manners.switches import Manners


async def turn(door: Door, wanted: Manners) -> None:
    """Let `DescribeDomain` say that a change is under way, or no longer."""
    if wanted.processing != door.manners.processing:
        domain_status.show(door.domain, door.region, processing=wanted.processing)
