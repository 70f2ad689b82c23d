"""Take the snapshot: start it without waiting, follow it until it ends, find it from the target.

Whether a snapshot runs, has finished or is this run's own is always read, never concluded from a reply: long
requests end in 504 while the work continues (AWS guide), and a lost reply may hide a started snapshot.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TypeVar

from domains.domain import Domain
from domains.engine import snapshots
from domains.engine.catalog import catalog
from domains.engine.shard_stats import marks
from domains.engine.snapshots import RunningSnapshot, SnapshotInfo
from domains.errors import Denied, DomainError, Refused, UnexpectedReply, Unreachable
from domains.http.requests import Request
from runs.progress import Poll, Progress, report_progress
from runs.step_names import StepName
from tasks.errors import ExecutionError, SelectionOutdated, TimedOut
from tasks.migration import Migration
from tasks.records.resolution import Resolution
from tasks.records.transfer import MarksRecord, SnapshotRecord
from tasks.repository.hints import hint_for
from tasks.repository.lost import registration_required, require_own_places, snapshot_lost

_APPEARS_WITHIN_S = 15.0
_REPAIR = "repair the source's shards"
T = TypeVar("T")
_AGAIN = (
    "run the same command again: no snapshot was taken yet, so it selects again; an index that is made and "
    "deleted all the time belongs under indices.exclude"
)


def mark(m: Migration, resolution: Resolution) -> MarksRecord:
    """Read each shard's mark right before the snapshot, which holds at least that. Reads only.

    No marks if the snapshot exists already or the caller may not read them: verification then proves less.
    """
    if m.plan.existing_snapshot:
        return MarksRecord(marks={})
    try:
        return MarksRecord(marks=marks(m.source, [index.name for index in resolution.indices]))
    except Denied:
        return MarksRecord(marks={})


def start_snapshot(m: Migration, resolution: Resolution) -> bool:
    """Start this run's snapshot of the resolved names, unless it exists; do not wait until it ends.

    May be repeated: it checks first. Waits for other snapshots: the service takes one at a time.

    Returns:
        Whether it already existed (running or finished).

    Raises:
        SelectionOutdated: an index is gone, or was recreated; no snapshot was taken.
        ExecutionError: the name belongs to another run's snapshot; the existing one, or ours from which a
            restore has begun, is missing.
        TimedOut: other snapshots ran for longer than snapshot.wait_for_running.
        DomainError: transient, or denied.
    """
    with registration_required(m, m.reader.side):
        return _started(m, resolution)


def _started(m: Migration, resolution: Resolution) -> bool:
    found = snapshots.get(m.reader, m.repository, m.snapshot)
    if m.plan.existing_snapshot:
        if found is None:
            raise ExecutionError(
                f"repository {m.repository} has no snapshot {m.snapshot}", f"check {m.plan.snapshot_key}"
            )
        return True
    if found is not None:
        _require_ours(m, found)
        return True
    if m.journal.may_have_sent(["restore"]):
        raise snapshot_lost(m)  # a new one of this name would mix with what was restored from the lost one
    limit = m.plan.snapshot.wait_for_running.total_seconds()
    later = "run the same command later, or raise snapshot.wait_for_running"
    return when_idle(m.source, m.snapshot, m.poll, limit, later, lambda: _create(m, resolution))


def when_idle(
    domain: Domain,
    name: str,
    polling: Callable[[float | None], Poll],
    limit_s: float,
    later: str,
    create: Callable[[], T],
) -> T:
    """Call `create` once no other snapshot runs on the domain: the service takes one at a time.

    Args:
        name: the snapshot to take, which does not count.
        later: what to do if the others run for longer.

    Raises:
        TimedOut: they ran for longer than `limit_s`.
    """
    poll = polling(limit_s)
    while True:
        others = [running for running in snapshots.running(domain) if running.name != name]
        if not others:
            try:
                return create()
            except Refused as error:
                if not error.says("concurrent_snapshot_execution_exception"):
                    raise
        if poll.expired:
            raise TimedOut(
                f"the {domain.label} has been busy with another snapshot for {limit_s:.0f} s "
                f"({_named(others)})",
                later,
            )
        message = f"waiting for a running snapshot to end: {_named(others)}"
        report_progress(Progress(StepName.SNAPSHOT, message, waiting=True))
        poll.pause()


def _named(others: list[RunningSnapshot]) -> str:
    return ", ".join(f"{other.repository}/{other.name}" for other in others) or "refused as concurrent"


def require_unchanged(m: Migration, resolution: Resolution) -> None:
    """Confirm that the resolved indices still exist and are the same: a recreated index has another UUID.

    Raises:
        SelectionOutdated: one is gone, or was recreated.
    """
    indices = catalog(m.source).indices
    for index in resolution.indices:
        if index.name not in indices or indices[index.name].uuid != index.uuid:
            what = "is gone" if index.name not in indices else "has been recreated"
            raise SelectionOutdated(f"{index.name} on the source {what} since this run selected it", _AGAIN)


def requests(m: Migration, resolution: Resolution) -> Iterator[Request]:
    """The request that starts the snapshot; none if the plan names an existing one."""
    if not m.plan.existing_snapshot:
        yield snapshot_request(m, resolution)


def snapshot_request(m: Migration, resolution: Resolution) -> Request:
    """Build the request that starts this run's snapshot of the resolved names."""
    names = [unit.name for unit in resolution.moving]
    run, partial = m.journal.run_id, _partial_allowed(m)
    return snapshots.create_request(m.repository, m.snapshot, names, run=run, partial=partial)


def _create(m: Migration, resolution: Resolution) -> bool:
    require_unchanged(m, resolution)
    try:
        with m.journal.intend(
            StepName.SNAPSHOT, "source", "snapshot", {"repository": m.repository, "name": m.snapshot}
        ):
            m.source.connection.send(snapshot_request(m, resolution))
    except Denied:
        raise  # permissions may change later: this request took no effect
    except Refused as error:
        if error.says("index_not_found_exception"):
            raise SelectionOutdated(f"gone from the source: {error.reply.text}", _AGAIN) from error
        if not (error.transient or error.says("invalid_snapshot_name_exception")):
            raise
        return _adopted(m, error)
    except (Unreachable, UnexpectedReply) as error:
        return _adopted(m, error)
    _adopted(m, None)
    return False


def _adopted(m: Migration, doubt: DomainError | None) -> bool:
    """Search some seconds for this run's snapshot after a reply that does not decide.

    Raises:
        DomainError: `doubt` itself, if no such snapshot appears.
    """
    found = appearing(m.source, m.repository, m.snapshot, m.poll)
    if found is None:
        raise doubt or UnexpectedReply(f"source: snapshot {m.snapshot}", "accepted, but it did not appear")
    _require_ours(m, found)
    return True


def appearing(
    domain: Domain, repository: str, name: str, polling: Callable[[float | None], Poll]
) -> SnapshotInfo | None:
    """Search some seconds for a snapshot that was asked for; None if it does not appear. Reads only."""
    poll = polling(_APPEARS_WITHIN_S)
    while True:
        found = snapshots.get(domain, repository, name)
        if found is not None or poll.expired:
            return found
        poll.pause()


def _require_ours(m: Migration, found: SnapshotInfo) -> None:
    if found.run != m.journal.run_id:
        place = f"is already in repository {m.repository}"
        raise ExecutionError(
            f"snapshot {found.name} {place} and is not this run's (run: {found.run})",
            "rename the plan, or start another run with --new-run",
        )


def _partial_allowed(m: Migration) -> bool:
    return m.plan.snapshot.allow_partial and m.consents.allow_partial


def follow_snapshot(m: Migration, *, adopted: bool) -> SnapshotRecord:
    """Wait until the snapshot ends and accept it only if it is complete. Changes nothing; may be repeated.

    Raises:
        ExecutionError: it vanished, failed, or is partial without plan and consent allowing that.
        TimedOut: nothing moved for `patience_s`; the snapshot continues by itself.
    """
    with registration_required(m, m.reader.side):
        found, written = await_end(m.reader, m.repository, m.snapshot, m.poll, m.patience_s)
    if found is None:
        raise snapshot_lost(m)
    return _accepted(m, found, adopted=adopted, written=written)


def await_end(
    domain: Domain, repository: str, name: str, polling: Callable[[float | None], Poll], patience_s: float
) -> tuple[SnapshotInfo | None, int | None]:
    """Wait until a snapshot ends, however. Reads only; may be repeated.

    Returns:
        The snapshot, None if it vanished; and the bytes that it has written, None if it was never seen
        running.

    Raises:
        TimedOut: nothing moved for `patience_s`; the snapshot continues by itself.
    """
    poll = polling(patience_s)
    moved: tuple[int, int] | None = None
    written: int | None = None
    while True:
        found = snapshots.get(domain, repository, name)
        if found is None or not found.running:
            return found, written
        now = _running_now(domain, name)
        if now:
            written = now.bytes_total
            _tell(now)
            if (now.bytes_done, now.shards_done) != moved:
                moved = (now.bytes_done, now.shards_done)
                poll.restart()
        if poll.expired:
            raise TimedOut(
                f"snapshot {name} has not moved for {patience_s:.0f} s", "the same command resumes"
            )
        poll.pause()


def _running_now(domain: Domain, name: str) -> RunningSnapshot | None:
    return next((running for running in snapshots.running(domain) if running.name == name), None)


def _tell(now: RunningSnapshot) -> None:
    shards = f"{now.shards_done} of {now.shards_total} shards"
    counts = {"shards": (now.shards_done, now.shards_total)}
    done, total, said = now.bytes_done, now.bytes_total, "taking the snapshot"
    report_progress(Progress(StepName.SNAPSHOT, said, done, total, "bytes", detail=shards, counts=counts))


def is_whole(found: SnapshotInfo) -> bool:
    """Whether a snapshot lacks nothing: SUCCESS alone does not say so."""
    return found.state == "SUCCESS" and found.shards_failed == 0 < found.shards_total and not found.failures


def _accepted(m: Migration, found: SnapshotInfo, *, adopted: bool, written: int | None) -> SnapshotRecord:
    if not is_whole(found) and not (found.state == "PARTIAL" and _partial_allowed(m)):
        raise _incomplete(m, found)
    report_progress(
        Progress(
            StepName.SNAPSHOT, "the snapshot is complete", found.shards_total, found.shards_total, "shards"
        )
    )
    return SnapshotRecord(
        repository=m.repository,
        name=found.name,
        uuid=found.uuid,
        state=found.state,
        indices=len(found.indices),
        shards_total=found.shards_total,
        shards_failed=found.shards_failed,
        started=datetime.fromtimestamp(found.started_ms / 1000, UTC),
        ended=datetime.fromtimestamp(found.ended_ms / 1000, UTC),
        adopted=adopted,
        existing=m.plan.existing_snapshot is not None,
        bytes_written=written,
        failures=found.failures,
    )


def _incomplete(m: Migration, found: SnapshotInfo) -> ExecutionError:
    """The snapshot lacks something, and plan or consent do not allow that."""
    why = "; ".join(found.failures[:3]) or f"{found.shards_failed} of {found.shards_total} shards failed"
    cause = hint_for(m, m.reader.side, why)
    if m.source_domain:
        hint = f"{cause or _REPAIR}; then start again with --new-run"
    else:
        hint = f"name another one under {m.plan.snapshot_key}, and start again with --new-run"
    accept = ", or accept it with snapshot.allow_partial and --allow-partial"
    said = f"snapshot {found.name} ended as {found.state}: {why}"
    return ExecutionError(said, hint + (accept if found.state == "PARTIAL" else ""))


def find_on_target(m: Migration, resolution: Resolution, snapshot: SnapshotRecord) -> None:
    """Prove that the target reads the source's bucket and path: it must list this very snapshot, complete.

    Reads only; may be repeated.

    Raises:
        ExecutionError: it does not list it, or the snapshot lacks an index.
    """
    try:
        with registration_required(m, "target"):
            found = snapshots.get(m.target, m.repository, snapshot.name)
    except Refused as error:
        if error.transient:
            raise
        hint = hint_for(m, "target", error.reply.text) or error.hint or "see the service's message above"
        raise ExecutionError(f"the target cannot read the repository: {error.message}", hint) from error
    if found is None or found.uuid != snapshot.uuid:
        with registration_required(m, m.reader.side):
            kept = snapshots.get(m.reader, m.repository, snapshot.name)
        if kept is None or kept.uuid != snapshot.uuid:
            raise snapshot_lost(m)
        require_own_places(m)
        listed = f"it lists {len(snapshots.names(m.target, m.repository))} snapshots"
        place = f"through repository {m.repository} ({listed})"
        raise ExecutionError(
            f"the target does not see snapshot {snapshot.name} {place}",
            "bucket and base_path must be the same on both domains; "
            "the target's role must be allowed to list and get",
        )
    lacking = sorted({index.name for index in resolution.indices} - set(found.indices))
    if lacking:
        raise ExecutionError(
            f"snapshot {snapshot.name} lacks {len(lacking)} of the indices to move: {', '.join(lacking[:5])}",
            f"exclude them, or name a snapshot that holds them under {m.plan.snapshot_key}"
            if m.plan.existing_snapshot
            else "start again with --new-run: it takes a snapshot of the current indices",
        )
