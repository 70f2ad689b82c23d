"""The copies on the target between rounds: closed, told, and taken away where their index is gone."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

from domains.engine import catalog as names_on
from domains.engine.catalog import catalog
from domains.engine.index_opening import health
from domains.engine.write_blocks import blocks
from domains.errors import Refused
from domains.http.requests import Request
from runs.progress import Progress, report_progress
from runs.state import State
from runs.step_names import StepName
from tasks import steps
from tasks.errors import ExecutionError, TimedOut
from tasks.migration import Migration
from tasks.records.resolution import SelectedIndex
from tasks.records.seeding import RESTORED, ChangesRecord, CopiesRecord, Copy, Ledger
from tasks.records.transfer import RestoreRecord, SnapshotRecord
from tasks.retry_while_busy import is_busy, retry_while_busy
from tasks.seeding.changes import Known
from tasks.seeding.ledger import ledger

_RESTORING = "being restored"

_AT_ONCE = 50

_STILL_S = 5.0

_NOT_ARRIVED = "the last round has not restored it whole"

_DIFFERED = "its copy was compared, and found to differ or could not be compared"


def close_copies(m: Migration, uuids: Mapping[str, str], step: str) -> None:
    """Closes those of these indices that are open; waits while one is being restored or snapshotted.

    May be repeated: it looks first. What has another UUID by now, is gone, belongs to a data stream or was
    made to take writes is left alone: somebody may use it.

    Args:
        uuids: names on the target, each with its UUID.

    Raises:
        TimedOut: they could not be closed for the migration's patience.
    """
    poll = m.poll(m.patience_s)
    while True:
        opened = _open_copies(m, uuids)
        if not opened:
            return
        try:
            with m.journal.intend(step, "target", "close", {"names": opened}):
                names_on.close(m.target, opened)
        except Refused as error:
            passes = is_busy(error) or _RESTORING in error.reply.text
            if not passes:
                raise
            if poll.expired:
                raise TimedOut(
                    f"{len(opened)} copies on the target cannot be closed: {error.message}",
                    "run the same command again",
                ) from error
            report_progress(
                Progress(step, "waiting: a restore or a snapshot on the target holds a copy", waiting=True)
            )
            poll.pause()


def _open_copies(m: Migration, uuids: Mapping[str, str]) -> list[str]:
    target = catalog(m.target).indices
    same = [name for name, uuid in uuids.items() if name in target and target[name].uuid == uuid]
    opened = [name for name in same if target[name].open and target[name].stream is None]
    blocked = blocks(m.target) if opened else {}
    return [name for name in opened if name in blocked and blocked[name].write]


def await_shards(m: Migration, found: Ledger) -> None:
    """Waits while shards of copies are on their way. Reads only.

    An index that was closed, or whose node was started again, starts its shards anew, one after the other;
    until then it looks like one that has lost them. What does not come is left to the comparison.
    """
    poll, still = m.poll(m.patience_s), m.poll(_STILL_S)
    while True:
        target = catalog(m.target).indices
        same = [n for n, c in found.copies.items() if n in target and target[n].uuid == c.target_uuid]
        late = [name for name in same if target[name].health == "red"]
        if late and health(m.target).moving:
            still.restart()
        if not late or poll.expired or still.expired:
            return
        report_progress(
            Progress(
                StepName.RESOLVE, f"waiting for the shards of {len(late)} copies on the target", waiting=True
            )
        )
        poll.pause()


def ledger_of(m: Migration) -> Ledger:
    """The copies that the plan's earlier rounds have made; the run's own journal does not count."""
    return ledger(State.of(m.journal), m.journal.run_id)


def own_uuids(m: Migration, found: Ledger) -> dict[str, str]:
    """Names on the target that the plan's rounds have made, this one included, each with its UUID."""
    return {name: copy.target_uuid for name, copy in found.copies.items()} | m.journal.document.arrived


def discard(m: Migration, doomed: Sequence[Copy]) -> tuple[str, ...]:
    """Deletes own copies whose index the source has dropped or reshaped, if they are still the same.

    May be repeated.

    Returns:
        The names on the target.
    """
    uuids = {copy.target: copy.target_uuid for copy in doomed}
    names = list(uuids)
    for start in range(0, len(names), _AT_ONCE):
        chunk = names[start : start + _AT_ONCE]

        def look(chunk: list[str] = chunk) -> Callable[[], None] | None:
            there = names_on.uuids(m.target, chunk)
            still = [name for name in chunk if there.get(name) == uuids[name]]
            return partial(names_on.delete_all, m.target, still) if still else None

        retry_while_busy(m, m.target, "remove", chunk, "a snapshot on the target holds a copy", is_busy, look)
    return tuple(names)


def discard_requests(doomed: Sequence[Copy]) -> Iterator[Request]:
    """What `discard` sends of copies that are still the same."""
    names = [copy.target for copy in doomed]
    for start in range(0, len(names), _AT_ONCE):
        yield from names_on.delete_all_requests(names[start : start + _AT_ONCE])


def doomed(work: ChangesRecord, at: Known) -> tuple[Copy, ...]:
    """The copies that cannot be restored onto any more, or have nothing to be a copy of."""
    gone = {change.target for change in work.of("dropped", "reshaped")}
    return tuple(copy for name, copy in at.own.items() if name in gone)


def arrived_whole(restored: RestoreRecord | None, taken: SnapshotRecord | None) -> list[str]:
    """Names on the target that a round has restored in full: none from a snapshot that lacks shards."""
    if restored is None or taken is None or taken.state != "SUCCESS":
        return []
    return [index.target for index in restored.indices if index.restored]


def copies_now(
    m: Migration, work: ChangesRecord, at: Known, arrived: Iterable[str], doubted: Iterable[str] = ()
) -> CopiesRecord:
    """Every copy as it is after this round, with the marks of what it holds.

    Args:
        at: as both domains are now.
        arrived: names on the target that this round has restored in full.
        doubted: names on the target that were found to differ: they are restored again.
    """
    target = at.target.indices
    done, doubts = set(arrived), set(doubted)
    decided = m.journal.document.recorded(steps.RESOLVE)
    sources = {index.name: index for index in decided.indices} if decided else {}
    found: list[Copy] = []
    for change in work.changes:
        name = change.target
        before = at.own.get(name) or at.ledger.copies.get(name)
        if name not in target:
            continue
        if change.kind == "dropped":  # not discarded yet: the next round does it
            found += [at.own[name]] if name in at.own else []
            continue
        if change.kind in RESTORED:
            if not _is_ours(m, name, target[name].uuid, before):
                continue  # not restored yet, and what has the name is somebody else's
            copy = _copy(m, work, sources[change.name], target[name].uuid)
            copy = copy if name in done else _unknown(copy, _NOT_ARRIVED)
        elif before:
            copy = before.model_copy(update={"aliases": work.aliases[change.name]})
        else:
            continue
        found.append(_unknown(copy, _DIFFERED) if name in doubts else copy)
    found += [at.own[name] for name in work.left_behind if name in at.own]
    there = {name: index.uuid for name, index in target.items()}
    same = tuple(copy for copy in found if there.get(copy.target) == copy.target_uuid)
    return CopiesRecord(round=work.round, copies=same)


def _is_ours(m: Migration, name: str, uuid: str, before: Copy | None) -> bool:
    return m.journal.document.arrived.get(name) == uuid or (before is not None and before.target_uuid == uuid)


def _copy(m: Migration, work: ChangesRecord, index: SelectedIndex, target_uuid: str) -> Copy:
    return Copy(
        source=index.name,
        uuid=index.uuid,
        target=index.target,
        target_uuid=target_uuid,
        stream=index.stream,
        marks=work.marks.get(index.name, ()),
        digest=work.digests[index.name],
        aliases=work.aliases[index.name],
        run_id=m.journal.run_id,
        snapshot=m.snapshot,
    )


def _unknown(copy: Copy, why: str) -> Copy:
    return copy.model_copy(update={"marks": (), "digest": "", "aliases": "", "doubt": why})


def require_waiting(m: Migration, found: CopiesRecord) -> CopiesRecord:
    """Makes sure that every copy is closed and refuses writes; returns the same copies.

    Raises:
        ExecutionError: one is not.
    """
    target, blocked = catalog(m.target).indices, blocks(m.target)
    waiting = {
        name for name, index in target.items() if not index.open and name in blocked and blocked[name].write
    }
    wrong = [copy.target for copy in found.copies if copy.target not in waiting]
    if wrong:
        raise ExecutionError(
            f"{len(wrong)} copies on the target are open, or take writes: {', '.join(wrong[:5])}",
            "somebody else works on them; see who, then seed again with --new-run",
        )
    return found
