"""The switches of one domain: how the service behaves there, where it does not always behave the same.

What each of them makes the front door answer, and how well that is known, stands with the answers and in
docs/lab.md.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

MIB = 1 << 20

ConcurrentSnapshots = Literal["accepted", 503, 409, 429]


class NotTaken(Exception):
    """The engine does not go along with a switch, or with what a switch allows; says why."""


class Manners(BaseModel):
    """The switches of one domain, all at their defaults unless said otherwise.

    - `automated_snapshots`: the service takes snapshots into `cs-automated-enc`, one every
      `automated_interval_s` seconds.
    - `concurrent_snapshots`: what becomes of a second snapshot while one is running: "accepted" as engines
      do, or refused with the status that engines of the time used.
    - `request_timeout_s`: seconds after which the gateway gives up on the engine with 504, while the engine
      goes on.
    - `body_limit_bytes`: a larger body is refused. Small instance types have 10 MiB, the others 100 MiB.
    - `warm_indices`: names of existing indices that are in UltraWarm storage.
    - `standby`: Multi-AZ with Standby; every index must have a multiple of three copies.
    - `processing`: a configuration change (blue/green) is under way.
    - `upgrading`: an upgrade of the engine is under way.
    - `told_version`: the engine version that the control plane tells (`OpenSearch_2.19`), where it is not the
      engine's: as after an upgrade that the endpoint's domain has not had.
    - `pause_refused`: the control plane does not let the automated snapshots pause.
    - `old_location_constraint`: `region: us-east-1` brings the error of older stacks.
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
    pause_refused: bool = False
    old_location_constraint: bool = False

    def changed(self, changes: Any) -> Manners:
        """The switches after these changes (names and values); this object stays as it is.

        Raises:
            pydantic.ValidationError: a switch is unknown, or its value is none that it can have.
        """
        return Manners.model_validate(self.model_dump() | changes if isinstance(changes, dict) else changes)

    def become(self, other: Manners) -> None:
        """Take over every switch of the other."""
        for name in type(self).model_fields:
            setattr(self, name, getattr(other, name))
