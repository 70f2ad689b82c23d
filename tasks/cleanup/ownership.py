"""What on the domains is a run's own: by its journal, and by what the domains say now. Reads only.

An index is the run's own when the journal intended it and its UUID is the one that was noted when it arrived,
or its shards say that they come from the run's snapshot. A data stream is, when all its backing indices are.
A snapshot is, when it carries the run's id. A registration is, when it is as this run sent it; seed rounds
and their cutover share one.
"""

from dataclasses import dataclass

from domains.engine import catalog as names_on
from domains.engine import repositories, snapshots
from tasks.migration import Migration
from tasks.records.cleanup import Skipped, SkippedReason
from tasks.restore.owned_indices import intended, proven


@dataclass(frozen=True)
class Owned:
    """What of the names that a run has intended is on the target.

    Args:
        indices: those that are its own and in no data stream; name → UUID.
        streams: data streams that are wholly its own, each with its backing indices and their UUIDs.
        left: what is not its own, or not any more.
    """

    indices: dict[str, str]
    streams: dict[str, dict[str, str]]
    left: tuple[Skipped, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Every index that is the run's own."""
        return tuple(sorted({*self.indices, *(name for held in self.streams.values() for name in held)}))


def owned(m: Migration) -> Owned:
    """What is the run's own now. The UUIDs of what is proven are noted in the journal."""
    there = names_on.catalog(m.target)
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
    """The snapshot that the run has taken, if it is there and carries the run's id; None otherwise."""
    if not m.journal.intents("snapshot") or repositories.registration(m.source, m.repository) is None:
        return None
    found = snapshots.get(m.source, m.repository, m.snapshot)
    return m.snapshot if found and found.run == m.journal.run_id else None
