"""Which indices on the target are this run's own, and how far each has come."""

from collections.abc import Iterable
from dataclasses import dataclass

from domains import restores
from domains.catalog import Catalog
from domains.restores import Primary, Recovery
from tasks.migration import Migration
from tasks.records import SnapshotRecord, Unit


@dataclass(frozen=True)
class Arrival:
    """One index on the target: its primaries, and what is known of their recovery."""

    primaries: tuple[Primary, ...]
    recoveries: tuple[Recovery, ...]

    @property
    def started(self) -> int:
        """Primaries that are started."""
        return sum(primary.state in {"STARTED", "RELOCATING"} for primary in self.primaries)

    @property
    def bytes_total(self) -> int:
        """Bytes of the shards that have begun to arrive."""
        return sum(recovery.bytes_total for recovery in self.recoveries)

    @property
    def bytes_done(self) -> int:
        """Bytes fetched or found there already."""
        return sum(recovery.bytes_done + recovery.bytes_reused for recovery in self.recoveries)

    def comes_from(self, place: str) -> bool:
        """Whether every primary is, or was, restored from `repository/snapshot`."""
        origins = {recovery.snapshot for recovery in self.recoveries}
        origins |= {primary.restoring for primary in self.primaries if primary.state == "UNASSIGNED"}
        named = all(place in primary.reason for primary in self.primaries if primary.state == "UNASSIGNED")
        return bool(self.primaries) and (
            origins == {place} or (origins <= {place, None} and named and bool(origins))
        )


def arrivals(m: Migration, names: Iterable[str]) -> dict[str, Arrival]:
    """How each of these indices stands on the target; one that is not there is absent from the result."""
    wanted = list(names)
    primaries: dict[str, list[Primary]] = {}
    for primary in restores.primaries(m.target, wanted):
        primaries.setdefault(primary.index, []).append(primary)
    recoveries: dict[str, list[Recovery]] = {}
    for recovery in restores.recoveries(m.target, primaries):
        recoveries.setdefault(recovery.index, []).append(recovery)
    return {name: Arrival(tuple(found), tuple(recoveries.get(name, ()))) for name, found in primaries.items()}


def is_ours(m: Migration, unit: Unit, snapshot: SnapshotRecord, target: Catalog) -> bool:
    """Whether what has this unit's names on the target was restored by this run.

    Both must hold: the journal intended it, and the domain says so (the recovery names our snapshot, or the
    index still has the UUID that was noted when it had arrived).
    """
    wanted = [index.target for index in unit.indices]
    present = [name for name in wanted if name in target.indices]
    if len(present) != len(wanted):
        return False
    intended = {name for intent in m.journal.intents("restore") for name in intent.detail["targets"]}
    if not intended.issuperset(wanted):
        return False
    noted = m.journal.document.arrived
    if all(noted.get(name) == target.indices[name].uuid for name in wanted):
        return True
    place = f"{snapshot.repository}/{snapshot.name}"
    found = arrivals(m, wanted)
    return all(name in found and found[name].comes_from(place) for name in wanted)
