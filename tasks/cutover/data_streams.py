"""Create the data streams on the target from their closed backing indices when the target is opened."""

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
from tasks.seeding.scope import as_copies, data_streams
from tasks.survey import Survey


def make_streams(m: Migration, resolution: Resolution, taken: SnapshotRecord) -> RestoreRecord | None:
    """Restore the data streams by name onto their closed backing indices, from the last snapshot.

    A data stream's write index cannot be closed, so the copies were kept as plain indices; their files are
    already there. Safe to repeat: a complete data stream is left alone.

    Returns:
        How they were restored; None if there was nothing to create.
    """
    missing = [unit for unit in data_streams(resolution) if not _is_there(m, unit)]
    if not missing:
        return None
    present, uuids = catalog(m.target).indices, own_uuids(m, ledger_of(m))
    named = [index.target for unit in missing for index in unit.indices]
    own = {name: uuids[name] for name in named if name in present and present[name].uuid == uuids.get(name)}
    close_copies(m, own, StepName.MAKE_STREAMS)  # an index that the plan does not own blocks the restore
    units = tuple(unit.model_copy(update={"base": _base(unit, own)}) for unit in missing)
    return restore(as_copies(m), resolution.model_copy(update={"units": units}), taken)


def requests(m: Migration, survey: Survey, resolution: Resolution) -> Iterator[Request]:
    """The requests that create the data streams, after the last round has opened their copies. Reads only."""
    made = data_streams(resolution)
    if not made:
        return
    yield from close_requests(index.target for unit in made for index in unit.indices if index.open)
    yield from restore_requests(as_copies(m), survey, resolution.model_copy(update={"units": made}))


def _is_there(m: Migration, unit: Unit) -> bool:
    target = catalog(m.target)
    stream = target.streams.get(unit.target)
    return stream is not None and set(stream.backing) == {index.target for index in unit.indices}


def _base(unit: Unit, own: dict[str, str]) -> dict[str, str]:
    return {index.target: own[index.target] for index in unit.indices if index.target in own}
