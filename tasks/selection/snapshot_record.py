"""A snapshot as the source of a migration: find it through the target, and list what its record tells.

The record names indices and data streams, and how large they are. Aliases, replicas, creation versions, and
which indices were closed, are in the snapshot too, but only a restore reads them.
"""

import re
from collections.abc import Mapping, Sequence

from configs.plan import Plan
from configs.values.listing import counted, listed
from domains.domain import Domain
from domains.engine import repositories, snapshots
from domains.engine.catalog import Catalog, Index, Stream, path_pieces
from domains.engine.cluster import identity
from domains.engine.registrations import same_place
from domains.engine.snapshots import HeldIndex, SnapshotInfo
from domains.errors import DomainError
from domains.versions import version_of
from tasks.errors import PreconditionError

_BY_INDEX_SINCE = version_of("opensearch", "2.17")
_AT_ONCE = 100
_SHOWN = 5
_BACKING = r"\.ds-{}-(\d{{4}}\.\d{{2}}\.\d{{2}}-)?\d{{6,}}"


class NoSuchSnapshot(PreconditionError):
    """The repository does not list the snapshot that is the plan's source."""


def source_snapshot(target: Domain, plan: Plan) -> SnapshotInfo:
    """Read the record of the snapshot that is the plan's source, through the target. Reads only.

    Raises:
        PreconditionError: the target has no registration through which it could.
        NoSuchSnapshot: it lists none of this name there.
        DomainError: the target could not be read, or cannot read the repository.
    """
    name, through = plan.existing_snapshot or "", readable_through(target, plan)
    if through is None:
        raise PreconditionError(
            f"the target has no repository for the plan's place yet, so it cannot read snapshot {name}",
            hint="`snapferry migrate PLAN --execute` registers it, readonly, before it decides anything",
        )
    found = snapshots.get(target, through, name)
    if found is None:
        raise _not_there(target, plan, through, name)
    return found


def readable_through(target: Domain, plan: Plan) -> str | None:
    """The name under which the target has the plan's bucket and path registered; None if it has not."""
    repository = plan.repository
    wanted = {"type": repository.type, "settings": repository.place}
    there = repositories.all_registrations(target)
    fitting = [name for name, found in there.items() if same_place(found, wanted)]
    return repository.name if repository.name in fitting else next(iter(fitting), None)


def _not_there(target: Domain, plan: Plan, through: str, name: str) -> NoSuchSnapshot:
    listed_there = snapshots.names(target, through)
    said = f"there is no snapshot {name} in {'/'.join(filter(None, plan.repository.place.values()))}"
    if not listed_there:
        return NoSuchSnapshot(
            f"{said}, nor any other: a readonly registration of a wrong path succeeds, and looks empty",
            hint="correct repository.base_path: it must be the one that the snapshots were written to",
        )
    have = counted(len(listed_there), "snapshot", "snapshots")
    newest = listed(tuple(reversed(listed_there)), _SHOWN)
    return NoSuchSnapshot(f"{said}, which has {have}: {newest}", hint="correct source.snapshot")


def held_indices(target: Domain, plan: Plan, found: SnapshotInfo) -> dict[str, HeldIndex]:
    """What the snapshot holds of each index; without those for which the target cannot tell. Reads only.

    Engines before OpenSearch 2.17 read all of it for one reply, which a large snapshot may not allow.
    """
    through = readable_through(target, plan) or plan.repository.name
    pieces: list[Sequence[str] | None] = [None]
    if identity(target).version >= _BY_INDEX_SINCE:
        pieces = [part for piece in path_pieces(found.indices) for part in _parts(piece)]
    held: dict[str, HeldIndex] = {}
    for piece in pieces:
        try:
            held |= snapshots.contents(target, through, found.name, piece)
        except DomainError as error:
            if piece is not None and error.transient:
                raise
            return held
    return held


def _parts(names: Sequence[str]) -> list[Sequence[str]]:
    return [names[start : start + _AT_ONCE] for start in range(0, len(names), _AT_ONCE)]


def catalog_of(found: SnapshotInfo, held: Mapping[str, HeldIndex]) -> Catalog:
    """List what a snapshot holds, as far as its record tells: no aliases, no replicas, all open. Pure."""
    streams = {name: Stream(name, _backing(name, found.indices)) for name in sorted(found.data_streams)}
    owner = {index: stream.name for stream in streams.values() for index in stream.backing}
    indices = {name: _index(name, held.get(name), owner.get(name)) for name in sorted(found.indices)}
    return Catalog(indices, streams)


def _backing(stream: str, indices: Sequence[str]) -> tuple[str, ...]:
    """The stream's backing indices, by their names: the record does not say which they are."""
    pattern = re.compile(_BACKING.format(re.escape(stream)))
    return tuple(sorted(name for name in indices if pattern.fullmatch(name)))


def _index(name: str, held: HeldIndex | None, stream: str | None) -> Index:
    return Index(
        name=name,
        uuid="",
        open=True,
        shards=held.shards if held else 0,
        replicas=0,
        documents=None,
        bytes=held.bytes if held else None,
        created_id=None,
        stream=stream,
    )
