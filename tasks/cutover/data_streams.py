"""Data streams on the target, made from their closed backing indices when it is opened."""

from collections.abc import Iterator

from domains.engine.catalog import catalog, close_requests
from domains.http.requests import Request
from runs.step_names import StepName
from tasks.migration import Migration
from tasks.records.resolution import Resolution, Unit
from tasks.records.transfer import RestoreRecord, SnapshotRecord
from tasks.restore.restore import requests as restore_requests
from tasks.restore.restore import restore
from tasks.seeding.copies import close_copies, ledger_of, own_uuids
from tasks.seeding.scope import as_copies, streams
from tasks.survey import Survey


def make_streams(m: Migration, resolution: Resolution, taken: SnapshotRecord) -> RestoreRecord | None:
    """Restores the data streams by their names onto their own closed backing indices, from the last snapshot.

    Its write index cannot be closed, so that the copies were indices by themselves. Their files are there
    already. May be repeated: a data stream that is whole is left alone.

    Returns:
        How they arrived; None when there was nothing to make.
    """
    lacking = [unit for unit in streams(resolution) if not _is_there(m, unit)]
    if not lacking:
        return None
    held, mine = catalog(m.target).indices, own_uuids(m, ledger_of(m))
    named = [index.target for unit in lacking for index in unit.indices]
    own = {name: mine[name] for name in named if name in held and held[name].uuid == mine.get(name)}
    close_copies(m, own, StepName.MAKE_STREAMS)  # what is not the plan's own stands in the way of the restore
    units = tuple(unit.model_copy(update={"base": _base(unit, own)}) for unit in lacking)
    return restore(as_copies(m), resolution.model_copy(update={"units": units}), taken)


def requests(m: Migration, look: Survey, resolution: Resolution) -> Iterator[Request]:
    """What making the data streams sends once the last round has opened their copies. Reads only."""
    made = streams(resolution)
    if not made:
        return
    yield from close_requests(index.target for unit in made for index in unit.indices if index.open)
    yield from restore_requests(as_copies(m), look, resolution.model_copy(update={"units": made}))


def _is_there(m: Migration, unit: Unit) -> bool:
    target = catalog(m.target)
    stream = target.streams.get(unit.target)
    return stream is not None and set(stream.backing) == {index.target for index in unit.indices}


def _base(unit: Unit, own: dict[str, str]) -> dict[str, str]:
    return {index.target: own[index.target] for index in unit.indices if index.target in own}
