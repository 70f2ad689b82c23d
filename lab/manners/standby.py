"""Multi-AZ with Standby: the engine's balance over three zones, which requires a multiple of three copies.

The engine itself refuses other counts, when an index is created, restored or changed (facts 3.1, 3.6).
"""

from __future__ import annotations

import json

from lab.account import domain_status
from lab.door.exchange import Door
from lab.manners.switches import Manners, NotTaken

AWARENESS = "cluster.routing.allocation.awareness"
BALANCED = {
    f"{AWARENESS}.attributes": "zone",
    f"{AWARENESS}.force.zone.values": "zone-1,zone-2,zone-3",
    f"{AWARENESS}.balance": True,
    "cluster.default_number_of_replicas": 2,
}


async def turn(door: Door, wanted: Manners) -> None:
    """Make the engine require a multiple of three copies, or not, and let the control plane say so.

    Raises:
        NotTaken: the engine has no such balance; Elasticsearch has none.
        httpx.HTTPError: the engine cannot be reached.
    """
    if wanted.standby == door.manners.standby:
        return
    settings = BALANCED if wanted.standby else dict.fromkeys(BALANCED)
    status, reply = await door.engine.ask("PUT", "/_cluster/settings", {"persistent": settings})
    if status >= 400:
        raise NotTaken(f"the engine has no balance over zones: {status} {json.dumps(reply)[:300]}")
    zones = {"AvailabilityZoneCount": 3} if wanted.standby else None
    cluster = {"MultiAZWithStandbyEnabled": wanted.standby, "ZoneAwarenessEnabled": wanted.standby}
    domain_status.show(door.settings, cluster={**cluster, "ZoneAwarenessConfig": zones})
