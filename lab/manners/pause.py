"""Let the control plane refuse, or accept, pauses of the automated snapshots."""

from __future__ import annotations

from lab.account import domain_status, pausing
from lab.door.exchange import Door
from lab.manners.switches import Manners


async def turn(door: Door, wanted: Manners) -> None:
    """Make the control plane refuse every pause, and end a current one; or accept pauses again."""
    if wanted.pause_refused != door.manners.pause_refused:
        forget(door, refuses=wanted.pause_refused)


def forget(door: Door, *, refuses: bool = False) -> None:
    """End a current pause. Does nothing if there is no such domain."""
    found = domain_status.of(door.settings)
    if found is not None:
        pausing.forget(found, refuses=refuses)
