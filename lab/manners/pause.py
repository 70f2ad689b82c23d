"""Whether the automated snapshots may pause: the callers' own matter, by the control plane."""

from __future__ import annotations

from lab.account import domain_status, pausing
from lab.door.exchange import Door
from lab.manners.switches import Manners


async def turn(door: Door, wanted: Manners) -> None:
    """Let the control plane refuse every pause, and end one that is set; or let it be asked again."""
    if wanted.pause_refused != door.manners.pause_refused:
        forget(door, refuses=wanted.pause_refused)


def forget(door: Door, *, refuses: bool = False) -> None:
    """End a pause that is set. Does nothing where there is no such domain."""
    found = domain_status.known(door.domain, door.region)
    if found is not None:
        pausing.forget(found, refuses=refuses)
