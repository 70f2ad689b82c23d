"""What a run owns on the domains: what its journal recorded and the domains confirm now. Reads only.

A run owns an index if the journal intended it and its UUID is the one recorded when it was restored or
created, or if it carries the run's marker, or if its shards report that they come from the run's snapshot; a
data stream if it owns all of its backing indices; a snapshot if it carries the run's id; a registration if it
is still as this run sent it. Seed rounds and their cutover share one registration.
"""

from dataclasses import dataclass

from domains.engine import catalog as names_on
from domains.engine import repositories, snapshots
from domains.errors import Missing
from tasks.migration import Migration
from tasks.records.cleanup import Skipped, SkippedReason
from tasks.restore.owned_indices import intended, note_created, proven


@dataclass(frozen=True)
class Owned:
    """What is on the target under the names that a run intended.

    Args:
        indices: indices that it owns and that are in no data stream; name → UUID.
        streams: data streams that it owns completely, each with its backing indices and their UUIDs.
        left: what it does not own, or no longer owns.
    """

    indices: dict[str, str]
    streams: dict[str, dict[str, str]]
    left: tuple[Skipped, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Every index that the run owns."""
        return tuple(sorted({*self.indices, *(name for held in self.streams.values() for name in held)}))


def owned(m: Migration) -> Owned:
    """What the run owns now. The UUIDs of what is proved are recorded in the journal."""
    there = names_on.catalog(m.target)
    note_created(m, there)
    present = {name: there.indices[name].uuid for name in sorted(intended(m) & there.indices.keys())}
    ours = proven(m, present, f"{m.repository}/{m.snapshot}")
    own = {name: uuid for name, uuid in present.items() if name in ours}
    others = SkippedReason.NOT_RESTORED_BY_THE_RUN
    left = [Skipped(name=name, why=others) for name in present if name not in ours]
    streams: dict[str, dict[str, str]] = {}
    for name, stream in there.streams.items():
        backing = {index: own.pop(index) for index in stream.backing if index in own}
        if backing and len(backing) == len(stream.backing):
            streams[name] = backing
        elif backing:
            foreign = ", ".join(sorted(set(stream.backing) - backing.keys()))
            why = SkippedReason.BACKING_INDICES_OF_OTHERS
            left.append(Skipped(name=name, why=why, detail=foreign))
    return Owned(own, streams, tuple(left))


def own_snapshot(m: Migration) -> str | None:
    """The snapshot that the run has taken, if it exists and carries the run's id; otherwise None."""
    if not m.journal.intents("snapshot") or repositories.registration(m.source, m.repository) is None:
        return None
    try:
        found = snapshots.get(m.source, m.repository, m.snapshot)
    except Missing:
        return None  # unregistered between the two reads
    return m.snapshot if found and found.run == m.journal.run_id else None
