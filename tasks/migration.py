"""What every step receives: two domains, the plan, the run."""

from collections.abc import Callable
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict, Field

from configs.plan import Plan
from domains.domain import Domain
from domains.errors import SnapferryError
from runs.journal import Journal
from runs.progress import Poll


class Consents(BaseModel):
    """The risks accepted for this run, each by name; none by default."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    allow_delete: tuple[str, ...] = Field(
        default=(), description="Names on the target that may be deleted, as the plan lists them."
    )
    allow_partial: bool = Field(default=False, description="Whether a PARTIAL snapshot may be restored.")
    allow_freeze: bool = Field(
        default=False, description="Whether the source may be made to refuse writes for a cutover."
    )

    @classmethod
    def assumed(cls, plan: Plan) -> "Consents":
        """All that this plan can need: for reads that say what it would do, and for estimates."""
        return cls(allow_delete=tuple(plan.conflicts.delete), allow_partial=True)


class NoSource(SnapferryError):
    """There is no source to ask: the plan's source is a snapshot."""


@dataclass(frozen=True)
class Migration:
    """Two domains, the plan, the run.

    Args:
        source_domain: None where the plan's source is a snapshot, which the target alone reads.
        patience_s: seconds without any progress after which a wait is given up (TimedOut).
        poll: makes the polling loop of one long wait, given its limit in seconds.
    """

    plan: Plan
    source_domain: Domain | None
    target: Domain
    journal: Journal
    consents: Consents = field(default_factory=Consents)
    patience_s: float = 1800.0
    poll: Callable[[float | None], Poll] = field(default=Poll)

    @property
    def source(self) -> Domain:
        """The domain that the indices come from.

        Raises:
            NoSource: the plan's source is a snapshot. Steps for such plans go by `domains` and `reader`.
        """
        if self.source_domain is None:
            raise NoSource("the plan's source is a snapshot, so there is no source to ask")
        return self.source_domain

    @property
    def domains(self) -> tuple[Domain, ...]:
        """The domains that there are, the source first."""
        return (self.source_domain, self.target) if self.source_domain else (self.target,)

    @property
    def reader(self) -> Domain:
        """The domain that is asked about the run's snapshot: the source, if there is one."""
        return self.domains[0]

    @property
    def repository(self) -> str:
        """The repository's name, the same on both domains."""
        return self.plan.repository.name

    @property
    def snapshot(self) -> str:
        """The snapshot's name: the plan's existing one, or this run's own."""
        return self.plan.existing_snapshot or f"{self.plan.name}-{self.journal.run_id}"
