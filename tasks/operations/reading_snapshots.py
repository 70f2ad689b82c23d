"""List the snapshots of a domain's repositories, and show one of them with all that it holds and lacks.

Reads only. Sizes are asked for only where they are cheap: the domain reads one file per shard for them.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches

from domains.engine import repositories, snapshots
from domains.engine.catalog import path_pieces
from domains.engine.snapshots import POLICY_KEY, TAKE_KEY, SnapshotInfo
from domains.errors import DomainError, Refused
from runs.errors import StateUnusable
from runs.progress import Progress, report_progress
from runs.state import State
from tasks.errors import PreconditionError
from tasks.operations.operation import Operation, is_service_repository
from tasks.operations.repositories import require_registration
from tasks.operations.unfinished_runs import plans_of
from tasks.records.operations import (
    LackingIndex,
    LackingShard,
    SnapshotDetails,
    SnapshotList,
    SnapshotRow,
    Taker,
    TakerKind,
    Unread,
)
from tasks.snapshot import is_whole

_AT_ONCE = 20
SIZES_AT_MOST = 20
"""Of how many snapshots of a list the size is asked for."""
_UNREADABLE = "repository_exception"


@dataclass(frozen=True)
class ListWanted:
    """Which snapshots are asked for.

    Args:
        repository: None for all repositories.
        state: only those in this state; empty for all.
        newest: only so many; None for all.
        sizes: whether to ask for the sizes of the newest, up to `SIZES_AT_MOST`.
    """

    repository: str | None = None
    state: str = ""
    newest: int | None = None
    sizes: bool = False


def list_snapshots(op: Operation, wanted: ListWanted) -> SnapshotList:
    """List snapshots, newest first. A repository that cannot be read does not hide the others."""
    if wanted.repository is not None:
        require_registration(op, wanted.repository)
        names = [wanted.repository]
    else:
        names = sorted(repositories.all_registrations(op.domain))
    plans, unread, found = _plans_by_run(op), list[Unread](), list[SnapshotRow]()
    for name in names:
        try:
            found += [row_of(name, each, plans) for each in every_snapshot(op, name)]
        except Refused as error:
            if wanted.repository is not None or (error.transient and error.reply.type != _UNREADABLE):
                raise
            unread.append(Unread(name=name, why=error.message))
    fitting = [each for each in found if wanted.state in {"", each.state}]
    fitting.sort(key=lambda each: (each.started, each.name), reverse=True)
    shown = fitting[: wanted.newest]
    rows = _with_sizes(op, shown) if wanted.sizes else shown
    return SnapshotList(endpoint=op.endpoint, snapshots=tuple(rows), read=len(found), unread=tuple(unread))


def every_snapshot(op: Operation, repository: str) -> Iterator[SnapshotInfo]:
    """Read every snapshot of a repository, some at a time: hundreds of them may be large."""
    names = snapshots.names(op.domain, repository)
    for done, piece in enumerate(_pieces(names)):
        report_progress(
            Progress("snapshots", f"reading {repository}", done * _AT_ONCE, len(names), "snapshots")
        )
        yield from snapshots.several(op.domain, repository, piece)


def _pieces(names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for start in range(0, len(names), _AT_ONCE):
        yield from path_pieces(names[start : start + _AT_ONCE])


def _plans_by_run(op: Operation) -> dict[str, str]:
    """Run ids of the state folder, each with its plan; as many as can be read: a list needs no more."""
    try:
        return {run_id: state.plan_name for state in plans_of(op) for run_id in _run_ids(state)}
    except StateUnusable:
        return {}


def _run_ids(state: State) -> list[str]:
    try:
        return state.run_ids()
    except StateUnusable:
        return []


def row_of(repository: str, found: SnapshotInfo, plans: Mapping[str, str]) -> SnapshotRow:
    """A snapshot as a row of a list."""
    ended = None if found.running else max(0, found.ended_ms - found.started_ms) / 1000
    return SnapshotRow(
        repository=repository,
        name=found.name,
        state=found.state,
        started=datetime.fromtimestamp(found.started_ms / 1000, UTC),
        seconds=ended,
        shards_total=found.shards_total,
        shards_failed=found.shards_failed,
        indices=len(found.indices),
        data_streams=len(found.data_streams),
        version=found.version,
        taken_by=_taker(repository, found, plans),
    )


def _taker(repository: str, found: SnapshotInfo, plans: Mapping[str, str]) -> Taker:
    if found.run:
        return Taker(kind=TakerKind.RUN, name=found.run, plan=plans.get(found.run, ""))
    if TAKE_KEY in found.metadata:
        return Taker(kind=TakerKind.TAKE)
    if POLICY_KEY in found.metadata:
        return Taker(kind=TakerKind.POLICY, name=found.metadata[POLICY_KEY])
    return Taker(kind=TakerKind.SERVICE if is_service_repository(repository) else TakerKind.UNKNOWN)


def _with_sizes(op: Operation, rows: Sequence[SnapshotRow]) -> list[SnapshotRow]:
    """The rows, the first of them with their sizes; those that cannot be had are left out."""
    made: list[SnapshotRow] = []
    asked = min(len(rows), SIZES_AT_MOST)
    for done, row in enumerate(rows):
        if done < asked and row.seconds is not None:
            report_progress(Progress("sizes", f"asking for {row.name}", done, asked, "snapshots"))
            row = _sized(op, row)[0]
        made.append(row)
    return made


def _sized(op: Operation, row: SnapshotRow) -> tuple[SnapshotRow, str]:
    """The row with its size, or why it is not known."""
    try:
        found = snapshots.size(op.domain, row.repository, row.name)
    except DomainError as error:
        return row, error.message
    if found is None:
        return row, "the domain does not say"
    return row.model_copy(update={"bytes_total": found.total, "bytes_added": found.incremental}), ""


def require_snapshot(op: Operation, repository: str, name: str) -> SnapshotInfo:
    """Read a snapshot that must be there.

    Raises:
        PreconditionError: the repository, or the snapshot, is not; close names are suggested.
    """
    require_registration(op, repository)
    found = snapshots.get(op.domain, repository, name)
    if found is not None:
        return found
    known = snapshots.names(op.domain, repository)
    close = get_close_matches(name, known, n=1, cutoff=0.6)
    listed = f"`{op.command('snapshot list', repository)}` lists its {len(known)} snapshots"
    raise PreconditionError(
        f"repository {repository} has no snapshot {name}",
        hint=f"did you mean {close[0]}? {listed}" if close else listed,
    )


def show_snapshot(op: Operation, repository: str, name: str) -> SnapshotDetails:
    """Show one snapshot: what it holds, its size, and what it lacks. Reads only."""
    return details_of(op, repository, require_snapshot(op, repository, name), with_size=True)


def details_of(op: Operation, repository: str, found: SnapshotInfo, *, with_size: bool) -> SnapshotDetails:
    """A snapshot with all that it holds and lacks. Reads only.

    Args:
        with_size: whether to ask for its size, which reads one file per shard.
    """
    row, problem = row_of(repository, found, _plans_by_run(op)), ""
    shards = size = 0
    if found.running:
        now = next((r for r in snapshots.running(op.domain) if r.name == found.name), None)
        shards, size = (now.shards_done, now.bytes_done) if now else (0, 0)
        if now:
            row = row.model_copy(update={"shards_total": now.shards_total, "bytes_added": now.bytes_total})
    elif with_size:
        row, problem = _sized(op, row)
    return SnapshotDetails(
        endpoint=op.endpoint,
        row=row,
        indices=tuple(sorted(found.indices)),
        data_streams=tuple(sorted(found.data_streams)),
        metadata=dict(found.metadata),
        lacking=tuple(lacking(op, repository, found)),
        size_problem=problem,
        shards_done=shards,
        bytes_done=size,
    )


def lacking(op: Operation, repository: str, found: SnapshotInfo) -> Iterator[LackingIndex]:
    """Yield each index that a finished snapshot does not hold whole, and which older one does."""
    if found.running or is_whole(found):
        return
    shards: dict[str, list[LackingShard]] = {}
    for each in found.failed:
        shards.setdefault(each.index, []).append(LackingShard(shard=each.shard, reason=each.reason))
    older = _whole_in(op, repository, found, shards.keys()) if shards else {}
    for name, failures in sorted(shards.items()):
        other = older.get(name)
        yield LackingIndex(
            name=name,
            shards=tuple(failures),
            whole_in=other.name if other else "",
            whole_in_started=datetime.fromtimestamp(other.started_ms / 1000, UTC) if other else None,
        )


def _whole_in(
    op: Operation, repository: str, found: SnapshotInfo, wanted: Collection[str]
) -> dict[str, SnapshotInfo]:
    """The newest older snapshot of the repository that holds each of these indices whole."""
    best: dict[str, SnapshotInfo] = {}
    for other in every_snapshot(op, repository):
        if other.uuid == found.uuid or other.started_ms > found.started_ms or not holds_any(other):
            continue
        broken = {each.index for each in other.failed}
        for name in {*wanted} & {*other.indices} - broken:
            if name not in best or best[name].started_ms < other.started_ms:
                best[name] = other
    return best


def holds_any(found: SnapshotInfo) -> bool:
    """Whether something can be restored from it: it is finished, and at least a part of it is whole."""
    return found.state == "SUCCESS" or (found.state == "PARTIAL" and bool(found.failed))
