"""The switches of one domain: behaviours of the service that vary between domains.

The answers' docstrings and docs/lab.md say how the front door answers with each, and how certain that is.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

MIB = 1 << 20

ConcurrentSnapshots = Literal["accepted", 503, 409, 429]


class NotTaken(Exception):
    """The engine rejects a switch, or something that a switch allows; the message says why."""


class Manners(BaseModel):
    """The switches of one domain, all at their defaults unless said otherwise.

    - `automated_snapshots`: the service takes snapshots into `cs-automated-enc`, one every
      `automated_interval_s` seconds.
    - `concurrent_snapshots`: the answer to a second snapshot while one is running: "accepted" as engines
      do, or refused with the status of older engines.
    - `request_timeout_s`: seconds after which the gateway answers 504, while the engine keeps working. -
    `body_limit_bytes`: a larger body is refused. Small instance types have 10 MiB, the others 100 MiB. -
    `warm_indices`: names of existing indices that are in UltraWarm storage. - `standby`: Multi-AZ with
    Standby; every index must have a multiple of three copies. - `processing`: a configuration change
    (blue/green) is in progress. - `upgrading`: an upgrade of the engine is in progress. - `told_version`: the
    engine version that the control plane reports (`OpenSearch_2.19`), if it differs from
      the engine's, as if the domain behind the endpoint had not been upgraded.
    - `told`: more fields of `DescribeDomain`, such as `{"EngineMode": "OPTIMIZED"}`.
    - `clone_upgrade`: a clone upgrade waits for a decision.
    - `replication_role`: the domain replicates with a peer in another Region, as this.
    - `upgrade_targets`: the versions that it can be upgraded to; without it those that are documented.
    - `upgrade_issues`: what a check of an upgrade finds; without any it succeeds.
    - `pause_refused`: the control plane refuses to pause the automated snapshots.
    - `old_location_constraint`: `region: us-east-1` causes the error of older stacks.
    """

    model_config = ConfigDict(extra="forbid")

    automated_snapshots: bool = False
    automated_interval_s: float = Field(default=3600.0, gt=0)
    concurrent_snapshots: ConcurrentSnapshots = "accepted"
    request_timeout_s: float | None = Field(default=None, gt=0)
    body_limit_bytes: int = Field(default=100 * MIB, gt=0)
    warm_indices: tuple[str, ...] = ()
    standby: bool = False
    processing: bool = False
    upgrading: bool = False
    told_version: str | None = None
    told: dict[str, Any] = {}
    clone_upgrade: bool = False
    replication_role: Literal["PRIMARY", "SECONDARY"] | None = None
    upgrade_targets: tuple[str, ...] | None = None
    upgrade_issues: tuple[str, ...] = ()
    pause_refused: bool = False
    old_location_constraint: bool = False

    def changed(self, changes: Any) -> Manners:
        """Copy the switches with these changes (names and values).

        Raises:
            pydantic.ValidationError: a switch is unknown, or its value invalid.
        """
        return Manners.model_validate(self.model_dump() | changes if isinstance(changes, dict) else changes)

    def become(self, other: Manners) -> None:
        """Copy every switch from the other."""
        for name in type(self).model_fields:
            setattr(self, name, getattr(other, name))
