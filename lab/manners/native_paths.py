"""What the control plane says of replication, and of upgrades, of a domain. Its engine stays as it is."""

from __future__ import annotations

from lab.account import domain_status
from lab.account.native_paths import NativePaths, state_of
from lab.door.exchange import Door
from lab.manners.switches import Manners

SWITCHES = ("replication_role", "upgrade_targets", "upgrade_issues")


async def turn(door: Door, wanted: Manners) -> None:
    """Give the domain a role in replication, the versions it can be upgraded to, the issues of a check."""
    found = domain_status.of(door.settings)
    if found is None:
        return
    state = state_of(found)
    state.role = wanted.replication_role
    state.targets, state.issues = wanted.upgrade_targets, wanted.upgrade_issues


def forget(door: Door) -> None:
    """Forget all of it, also the upgrade checks that were made. Does nothing if there is no such domain."""
    found = domain_status.of(door.settings)
    if found is not None:
        found.native_paths = NativePaths()
