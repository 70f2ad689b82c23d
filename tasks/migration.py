"""What every step receives: two domains, the plan, the run."""

from collections.abc import Callable
from dataclasses import dataclass, field

from configs.plan import Plan
from domains.domain import Domain
from runs.journal import Journal
from runs.progress import Poll


@dataclass(frozen=True)
class Consents:
    """The risks a user has accepted, each by name.

    Args:
        delete: names on the target that may be deleted (`--allow-delete NAME`).
        partial: whether a PARTIAL snapshot may be restored (`--allow-partial`).
        freeze: whether the source may be made to refuse writes (`--allow-freeze`).
        seeds: whether the copies of seed rounds may be removed (`--seeds`).
    """

    delete: frozenset[str] = frozenset()
    partial: bool = False
    freeze: bool = False
    seeds: bool = False


@dataclass(frozen=True)
class Migration:
    """Two domains, the plan, the run.

    Args:
        patience_s: seconds without any progress after which a wait is given up (TimedOut).
        poll: makes the polling loop of one long wait, given its limit in seconds.
    """

    plan: Plan
    source: Domain
    target: Domain
    journal: Journal
    consents: Consents = Consents()
    patience_s: float = 1800.0
    poll: Callable[[float | None], Poll] = field(default=Poll)

    @property
    def repository(self) -> str:
        """The repository's name, the same on both domains."""
        return self.plan.repository.name

    @property
    def snapshot(self) -> str:
        """The snapshot's name: the plan's existing one, or this run's own."""
        return self.plan.snapshot.existing or f"{self.plan.name}-{self.journal.run_id}"
