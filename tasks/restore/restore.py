"""Restore on the target in batches: an explicit list of names, followed until every primary is started.

`accepted: true` proves nothing, and neither does an empty list of recoveries. What counts is the cluster
state: every index exists, every primary is started, and for any other the allocator gives the reason.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from domains.engine import catalog as names_on
from domains.engine import restores, snapshots
from domains.engine.catalog import Catalog
from domains.errors import DomainError, Refused
from domains.http.requests import Request
from runs.step_names import StepName
from tasks.migration import Migration
from tasks.records.resolution import Resolution, Unit
from tasks.records.transfer import IndexRestore, RestoreRecord, SnapshotRecord
from tasks.repository.lost import is_snapshot_gone, registration_required, require_own_places, snapshot_lost
from tasks.restore.allocation import await_allocation, is_off
from tasks.restore.free_names import deleted_names, make_room, require_free
from tasks.restore.owned_indices import arrivals, besides, ours
from tasks.restore.recovery import Whole, follow
from tasks.restore.requests import batches, restore_request
from tasks.retry_while_busy import close
from tasks.selection.conflicts import own_names
from tasks.survey import Survey

_NAMES_AT_FAULT = (
    "snapshot_restore_exception",
    "index_not_found_exception",
    "illegal_argument_exception",
    "invalid_index_name_exception",
    "illegal_state_exception",
)

_SHARDS_S = 30.0


@dataclass
class _Work:
    """Progress of this attempt; `own`: names on the target that this migration assigns or deletes."""

    resolution: Resolution
    own: frozenset[str]
    done: list[IndexRestore] = field(default_factory=list[IndexRestore])
    batches: int = 0

    @property
    def whole(self) -> Whole:
        """The restore as far as it has come."""
        return Whole(self.resolution.indices, self.done)


def restore(m: Migration, resolution: Resolution, snapshot: SnapshotRecord) -> RestoreRecord:
    """Restore every unit that is not on the target yet and wait until its indices are started.

    May be repeated: it adopts indices that this run has already restored, and restores the others. Deletes
    on the target only the names that the resolution replaces.

    Raises:
        ExecutionError: a name has been taken since by something that this run does not own.
        TimedOut: nothing moved for `patience_s`; the restore continues by itself.
        DomainError: transient, or denied.
    """
    target = _look(m, resolution.moving)
    present = ours(m, resolution.moving, snapshot, target)
    known = {unit.name for unit in present}
    absent = [unit for unit in resolution.moving if unit.name not in known]
    doomed = frozenset(name for unit in resolution.moving for name in unit.takes)
    work = _Work(resolution, own_names(resolution.moving) | doomed)
    require_free(m, absent, target, work.own)
    if present:
        arrived = follow(m, snapshot, present, work.whole, adopted=True)
        again = _still_ours(m, snapshot, list(_given_up(present, arrived)))
        _take_or_restore_again(m, snapshot, arrived, again, work)
    for batch in batches(absent, m.plan.restore.batch):
        look = _look(m, batch)  # a restore takes long: a free name may be taken by now
        require_free(m, batch, look, work.own)
        for unit in batch:
            make_room(m, unit, look, StepName.RESTORE)
        _restore_patiently(m, snapshot, batch, work)
    _close_again(m, resolution, work)
    return RestoreRecord(
        indices=tuple(work.done), batches=work.batches, deleted=deleted_names(m, StepName.RESTORE)
    )


def requests(
    m: Migration, look: Survey, resolution: Resolution, arrived: Collection[str] = ()
) -> Iterator[Request]:
    """Requests that the restore sends, by the survey. Reads only.

    Args:
        arrived: names on the target that the run has restored already.
    """
    absent = [unit for unit in resolution.moving if not {i.target for i in unit.indices} <= {*arrived}]
    target = look.catalog("target")
    partial = m.plan.snapshot.allow_partial and m.consents.allow_partial
    for batch in batches(absent, m.plan.restore.batch):
        for name in (name for unit in batch for name in unit.takes):
            if name in target.indices or name in target.streams:
                yield names_on.delete_request(name, stream=name in target.streams)
        yield restore_request(m.plan, resolution.snapshot, batch, partial=partial)
    yield from names_on.close_requests(index.target for index in resolution.indices if not index.open)


def _look(m: Migration, units: Sequence[Unit]) -> Catalog:
    return besides(names_on.catalog(m.target), units)


def _restore_patiently(m: Migration, snapshot: SnapshotRecord, batch: Sequence[Unit], work: _Work) -> None:
    """Restore a batch; if the target is restarted, or its allocation switched off meanwhile, once more."""
    await_allocation(m)
    arrived = _restored(m, snapshot, batch, work.whole)
    work.batches += 1
    given_up = list(_given_up(batch, arrived))
    was_off = bool(given_up) and is_off(m)
    if was_off:
        await_allocation(m)
    own = _still_ours(m, snapshot, given_up)
    again = own if was_off else _without_origin(m, own)
    _take_or_restore_again(m, snapshot, arrived, again, work)


def _take_or_restore_again(
    m: Migration,
    snapshot: SnapshotRecord,
    arrived: Sequence[IndexRestore],
    again: Sequence[Unit],
    work: _Work,
) -> None:
    """Note the outcomes; but units that the engine has given up are closed, and restored again."""
    named = {unit.name for unit in again}
    work.done += [index for index in arrived if index.source not in named]
    for batch in batches(again, m.plan.restore.batch):
        _close(m, [unit.target for unit in batch])
        work.done += _restored(m, snapshot, batch, work.whole)
        work.batches += 1


def _given_up(units: Sequence[Unit], arrived: Sequence[IndexRestore]) -> Iterator[Unit]:
    """Indices of this run whose restore the engine has given up. Those of a data stream cannot be closed."""
    failed = {index.source for index in arrived if not index.restored}
    return (unit for unit in units if unit.name in failed and not unit.is_stream)


def _still_ours(m: Migration, snapshot: SnapshotRecord, units: Sequence[Unit]) -> list[Unit]:
    """Of indices that are to be closed by their names: those that this run owns now."""
    return ours(m, units, snapshot, _look(m, units)) if units else []


def _without_origin(m: Migration, units: Sequence[Unit]) -> list[Unit]:
    """Of these, what a restarted target has left without an origin, so that it cannot come by itself."""
    found = arrivals(m.target, [unit.target for unit in units]) if units else {}
    return [unit for unit in units if unit.target in found and found[unit.target].is_forgotten]


def _restored(
    m: Migration, snapshot: SnapshotRecord, batch: Sequence[Unit], whole: Whole, *, lenient: bool = False
) -> list[IndexRestore]:
    """Send one request and follow it. A rejected request is halved until the name at fault is alone."""
    try:
        _start(m, snapshot, batch, lenient=lenient)
    except Refused as error:
        if is_snapshot_gone(error):
            require_own_places(m)
            raise snapshot_lost(m) from error
        if error.transient or not error.says(*_NAMES_AT_FAULT):
            raise
        if _all_ours(m, batch, snapshot):
            return follow(m, snapshot, batch, whole, adopted=True)
        if not lenient and _streams_unknown(batch, error):
            return _by_their_indices(m, snapshot, batch, whole, error)
        if len(batch) == 1:
            return [_failed(batch[0], error)]
        middle = len(batch) // 2
        first = _restored(m, snapshot, batch[:middle], whole)
        return first + _restored(m, snapshot, batch[middle:], whole.after(first))
    return follow(m, snapshot, batch, whole, adopted=False)


def _streams_unknown(batch: Sequence[Unit], error: Refused) -> bool:
    """Whether the domain mistook a data stream's name for an index that the snapshot lacks.

    The security plugin compares the names with the snapshot's indices before the engine sees them (2.19).
    """
    named = (f"no such index [{unit.name}]" for unit in batch if unit.is_stream)
    return error.says("index_not_found_exception") and any(name in error.reply.text for name in named)


def _by_their_indices(
    m: Migration, snapshot: SnapshotRecord, batch: Sequence[Unit], whole: Whole, error: Refused
) -> list[IndexRestore]:
    """Restore the data streams that the snapshot holds by name and indices together, leniently.

    A data stream that it does not hold has failed: its indices alone would not become a data stream.
    """
    found = snapshots.get(m.target, snapshot.repository, snapshot.name)
    held = set(found.data_streams) if found else set[str]()
    lost = [unit for unit in batch if unit.is_stream and unit.name not in held]
    streams = [unit for unit in batch if unit.is_stream and unit.name in held]
    others = [unit for unit in batch if not unit.is_stream]
    done = [_failed(unit, error) for unit in lost]
    done += _restored(m, snapshot, others, whole.after(done)) if others else []
    after = whole.after(done)
    return done + (_restored(m, snapshot, streams, after, lenient=True) if streams else [])


def _start(m: Migration, snapshot: SnapshotRecord, batch: Sequence[Unit], *, lenient: bool) -> None:
    partial = snapshot.state == "PARTIAL"
    request = restore_request(m.plan, snapshot.name, batch, partial=partial, lenient=lenient)
    targets = [index.target for unit in batch for index in unit.indices]
    intent = {"snapshot": snapshot.name, "names": request.body["indices"], "targets": targets}
    try:
        with (
            registration_required(m, "target"),
            m.journal.intend(StepName.RESTORE, "target", "restore", intent),
        ):
            m.target.connection.send(request)
    except DomainError as error:
        if not error.transient or not _all_ours(m, batch, snapshot):
            raise
        # the reply was lost, but the restore has begun


def _all_ours(m: Migration, batch: Sequence[Unit], snapshot: SnapshotRecord) -> bool:
    return len(ours(m, batch, snapshot, _look(m, batch))) == len(batch)


def _failed(unit: Unit, error: Refused) -> IndexRestore:
    return IndexRestore(
        source=unit.name,
        target=unit.target,
        restored=False,
        shards=0,
        bytes=0,
        reused_bytes=0,
        adopted=False,
        problem=error.reply.text,
    )


def _close_again(m: Migration, resolution: Resolution, work: _Work) -> None:
    """Close the indices that are closed on the source, because a restore opens them."""
    arrived = {index.target for index in work.done if index.restored}
    closed = [index.target for index in resolution.indices if not index.open and index.target in arrived]
    _close(m, closed)
    if closed:
        _await_shards(m, closed)


def _await_shards(m: Migration, names: Sequence[str]) -> None:
    """Wait a moment for the shards of closed indices: they start anew, and report nothing until then.

    Shards that never start are left to the verification.
    """
    poll = m.poll(_SHARDS_S)
    while not poll.expired:
        states = {primary.state for primary in restores.primaries(m.target, names)}
        if states <= {"STARTED", "RELOCATING"}:
            return
        poll.pause()


def _close(m: Migration, names: Sequence[str]) -> None:
    if names:
        close(m, m.target, names, StepName.RESTORE)
