"""Which indices on the target are this run's own, and how far each has come."""

from collections.abc import Iterable, Sequence
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
        recovered = {recovery.shard: recovery.snapshot for recovery in self.recoveries}
        return bool(self.primaries) and all(
            place in {primary.restoring, recovered.get(primary.shard)} for primary in self.primaries
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


def ours(m: Migration, units: Sequence[Unit], snapshot: SnapshotRecord, target: Catalog) -> list[Unit]:
    """Those of the units whose names on the target are held by what this run has restored.

    Both must hold: the journal intended it, and the domain says so (the recovery names our snapshot, or the
    index still has the UUID that was noted when it had arrived).
    """
    intended = {name for intent in m.journal.intents("restore") for name in intent.detail["targets"]}
    there = intended & target.indices.keys()
    candidates = [unit for unit in units if there.issuperset(_targets(unit))]
    noted = {name for name in there if m.journal.document.arrived.get(name) == target.indices[name].uuid}
    doubtful = [name for unit in candidates for name in _targets(unit) if name not in noted]
    place = f"{snapshot.repository}/{snapshot.name}"
    seen = {name for name, found in arrivals(m, doubtful).items() if found.comes_from(place)}
    if seen:  # later, when moved or closed, they no longer tell where they came from
        m.journal.note_arrivals({name: target.indices[name].uuid for name in seen})
    proven = noted | seen
    return [unit for unit in candidates if proven.issuperset(_targets(unit))]


def _targets(unit: Unit) -> list[str]:
    return [index.target for index in unit.indices]
