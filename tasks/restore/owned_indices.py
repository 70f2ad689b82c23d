"""Indices on the target that this run owns, and the progress of each."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from domains.domain import Domain
from domains.engine import restores
from domains.engine.catalog import Catalog
from domains.engine.indices.index_metadata import index_settings
from domains.engine.restores import Primary, Recovery
from domains.errors import Denied
from tasks.migration import Migration
from tasks.records.resolution import SelectedIndex, Unit
from tasks.records.transfer import SnapshotRecord

_STARTED = frozenset({"STARTED", "RELOCATING"})


@dataclass(frozen=True)
class Arrival:
    """One index on the target: its primaries and their known recoveries."""

    primaries: tuple[Primary, ...]
    recoveries: tuple[Recovery, ...]

    @property
    def started(self) -> int:
        """How many primaries are started."""
        return sum(primary.state in _STARTED for primary in self.primaries)

    @property
    def bytes_total(self) -> int:
        """Bytes of the shards whose recovery has begun."""
        return sum(recovery.bytes_total for recovery in self.recoveries)

    @property
    def bytes_done(self) -> int:
        """Bytes that were fetched or reused."""
        return sum(recovery.bytes_done + recovery.bytes_reused for recovery in self.recoveries)

    @property
    def is_forgotten(self) -> bool:
        """Whether some primary is not started, and the domain does not know where any of those comes from."""
        waiting = [each for each in self.primaries if each.state not in _STARTED]
        return bool(waiting) and not any(map(self._origins, waiting))

    def comes_from(self, place: str) -> bool:
        """Whether every primary is, or was, restored from `repository/snapshot`."""
        return bool(self.primaries) and all(place in self._origins(each) for each in self.primaries)

    def _origins(self, primary: Primary) -> set[str]:
        """Every `repository/snapshot` that the primary is, or was, restored from."""
        recovered = (each.snapshot for each in self.recoveries if each.shard == primary.shard)
        return {place for place in (primary.restoring, *recovered) if place}


def arrivals(domain: Domain, names: Iterable[str]) -> dict[str, Arrival]:
    """Read the state of each of these indices on a domain; missing ones are absent from the result."""
    wanted = list(names)
    primaries: dict[str, list[Primary]] = {}
    for primary in restores.primaries(domain, wanted):
        primaries.setdefault(primary.index, []).append(primary)
    recoveries: dict[str, list[Recovery]] = {}
    for recovery in restores.recoveries(domain, primaries):
        recoveries.setdefault(recovery.index, []).append(recovery)
    return {name: Arrival(tuple(found), tuple(recoveries.get(name, ()))) for name, found in primaries.items()}


def intended(m: Migration) -> set[str]:
    """Names on the target under which the journal's intents restore or create."""
    found = (*m.journal.intents("restore"), *m.journal.intents("create"))
    return {name for intent in found for name in intent.detail["targets"]}


def marker(m: Migration, name: str) -> str:
    """The alias that this run's new index carries from its creation until it is filled."""
    return f"snapferry-{m.journal.run_id}-{sha256(name.encode()).hexdigest()[:8]}"


def is_marked(m: Migration, name: str, target: Catalog) -> bool:
    """Whether the index is one that this run has created and not finished."""
    return target.aliases.get(marker(m, name)) == (name,)


def note_created(m: Migration, target: Catalog) -> None:
    """Note the UUIDs of the indices on the target that carry this run's marker.

    Without it, an index whose creation was not confirmed before a kill would look like somebody else's.
    """
    created = {name for intent in m.journal.intents("create") for name in intent.detail["targets"]}
    marked = {name: target.indices[name].uuid for name in created if is_marked(m, name, target)}
    if not marked.items() <= m.journal.document.arrived.items():
        m.journal.note_arrivals(marked)


def proven(m: Migration, there: Mapping[str, str], place: str) -> set[str]:
    """Return the intended indices that this run owns according to the domain, and note their UUIDs.

    The domain proves it by the UUID that was noted on arrival, or by a recovery from this run's snapshot:
    once the index has been moved or closed, the domain no longer shows its origin.

    Args:
        there: intended names that exist on the target, each with its current UUID.
        place: `repository/snapshot`.
    """
    noted = {name for name, uuid in there.items() if m.journal.document.arrived.get(name) == uuid}
    found = arrivals(m.target, there.keys() - noted)
    seen = {name for name, arrival in found.items() if arrival.comes_from(place)}
    if seen:
        m.journal.note_arrivals({name: there[name] for name in seen})
    return noted | seen


def ours(m: Migration, units: Sequence[Unit], snapshot: SnapshotRecord, target: Catalog) -> list[Unit]:
    """Return the units that this run has restored on the target.

    Both must hold: the journal has an intent for it, and the domain confirms it (the recovery names this
    run's snapshot, or the index still has the UUID that was noted on arrival).

    Args:
        target: without the closed copies to restore onto, see `besides`. A copy that is open now was closed
            when the restore was sent, so the restore has opened it.
    """
    there = intended(m) & target.indices.keys()
    candidates = [unit for unit in units if there.issuperset(_targets(unit)) and _is_whole(unit, target)]
    held = {name: target.indices[name].uuid for unit in candidates for name in _targets(unit)}
    based = {name for unit in candidates for name, uuid in unit.base.items() if held.get(name) == uuid}
    others = {name: uuid for name, uuid in held.items() if name not in based}
    own = based | proven(m, others, f"{snapshot.repository}/{snapshot.name}")
    rest = [index for unit in candidates for index in unit.indices if index.target not in own]
    own |= _forgotten(m, rest, held)
    return [unit for unit in candidates if own.issuperset(_targets(unit))]


def _forgotten(m: Migration, indices: Sequence[SelectedIndex], held: Mapping[str, str]) -> set[str]:
    """Return indices that this run has restored although the target no longer tells; note their UUIDs.

    A target that is restarted before anybody has looked forgets where a half-restored index came from. It is
    this run's if the domain accepted the restore under that name and this run has not seen it arrive since,
    no primary of it is started, and it has the creation date of the source's index: somebody who makes an
    index gives it another.
    """
    accepted = {
        name
        for intent in m.journal.intents("restore")
        if intent.result == "sent"
        for name in intent.detail["targets"]
    }
    unseen = accepted - m.journal.document.arrived.keys()
    asked = {index.target: index.name for index in indices if index.target in unseen}
    if not asked or m.source_domain is None:
        return set()
    found = arrivals(m.target, asked)
    there = {name for name, arrival in found.items() if arrival.is_forgotten and not arrival.started}
    born = _creation_dates(m.target, there)
    at_source = _creation_dates(m.source, {asked[name] for name in there})
    own = {name for name in there if born.get(name) and born.get(name) == at_source.get(asked[name])}
    if own:
        m.journal.note_arrivals({name: held[name] for name in own})
    return own


def _creation_dates(domain: Domain, names: Collection[str]) -> dict[str, str]:
    """Read when these indices were created; empty if the caller may not know."""
    try:
        read = index_settings(domain, names) if names else {}
    except Denied:
        return {}
    return {name: str(settings.get("index.creation_date") or "") for name, settings in read.items()}


def besides(target: Catalog, units: Iterable[Unit]) -> Catalog:
    """Return the catalog without the closed copies that these units will be restored onto."""
    base = {name: uuid for unit in units for name, uuid in unit.base.items()}
    kept = {name: i for name, i in target.indices.items() if i.open or base.get(name) != i.uuid}
    return replace(target, indices=kept)


def _is_whole(unit: Unit, target: Catalog) -> bool:
    """Whether a data stream itself exists: its backing indices may exist without it."""
    return not unit.is_stream or unit.target in target.streams


def _targets(unit: Unit) -> list[str]:
    return [index.target for index in unit.indices]
