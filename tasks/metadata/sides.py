"""Both domains, and what several kinds ask of them, each read once."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, cast

from configs.plan import MetadataSettings, Plan, Side
from domains.domain import Domain
from domains.engine import repositories
from domains.engine.cluster import identity
from domains.engine.configuration import creation_dates, policies
from domains.engine.configuration.definition import Definitions
from domains.engine.policies.index_state_management import ManagedIndex, managed_indices
from domains.http.json_replies import Json
from domains.versions import Version
from tasks.selection.system_indices import system_indices_of

T = TypeVar("T")


@dataclass(frozen=True)
class Place:
    """A domain and the version that it runs."""

    domain: Domain
    version: Version


@dataclass(frozen=True)
class Sides:
    """Both domains and the plan's settings, with what was read of them so far.

    Args:
        attach: whether indices are put under their policies now, whatever the plan says.
        dashboards: whether saved objects are copied, whatever the plan says.
        allow_delete: indices that a policy may delete as soon as it is attached.
    """

    source: Place
    target: Place
    plan: Plan
    attach: bool = False
    dashboards: bool = False
    allow_delete: frozenset[str] = frozenset()
    _read: dict[str, Any] = field(default_factory=dict[str, Any], repr=False)

    @property
    def settings(self) -> MetadataSettings:
        """The plan's `metadata`."""
        return self.plan.metadata

    @property
    def attaches(self) -> bool:
        """Whether indices are put under their policies now."""
        return self.attach or self.settings.attach_policies == "now"

    def place(self, side: Side) -> Place:
        """One of the two."""
        return self.source if side == "source" else self.target

    def anew(self) -> "Sides":
        """The same, with nothing read so far."""
        return replace(self, _read={})

    def once(self, what: str, read: Callable[[], T]) -> T:
        """What this read returns, each time the same."""
        if what not in self._read:
            self._read[what] = read()
        return cast(T, self._read[what])

    def created(self, side: Side) -> dict[str, int]:
        """When each index of this side was created, in milliseconds; the service's own are left out."""
        return self.once(f"created {side}", lambda: self._created(side))

    def _created(self, side: Side) -> dict[str, int]:
        found = creation_dates.creation_dates(self.place(side).domain)
        return {name: at for name, at in found.items() if system_indices_of(name) is None}

    def repositories(self) -> dict[str, Json]:
        """The target's registrations."""
        return self.once("repositories", lambda: repositories.all_registrations(self.target.domain))

    def managed(self, side: Side) -> dict[str, ManagedIndex] | None:
        """Which index is under which policy; None where there is no such API."""
        place = self.place(side)
        return self.once(f"managed {side}", lambda: managed_indices(place.domain, place.version))

    def policies(self, side: Side) -> Definitions | None:
        """The index policies; None where there is no such API."""
        place = self.place(side)
        return self.once(f"policies {side}", lambda: policies.index_definitions(place.domain, place.version))


def sides_of(plan: Plan, source: Domain, target: Domain, **chosen: Any) -> Sides:
    """Both sides of a plan, asked for their versions. Reads only.

    Args:
        chosen: as the fields of `Sides`.

    Raises:
        DomainError: a side could not be asked.
    """
    return Sides(
        Place(source, identity(source).version), Place(target, identity(target).version), plan, **chosen
    )
