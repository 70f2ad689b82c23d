"""The copies on the target between rounds: close them, list them, discard those whose index is gone."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from configs.values.listing import counted, listed
from domains.engine import catalog as names_on
from domains.engine.catalog import catalog
from domains.engine.indices.index_opening import health, require_acknowledged
from domains.engine.indices.write_blocks import archived_settings, blocks, settings_requests
from domains.errors import Refused
from domains.http.requests import Request
from domains.shard_mark import Mark
from runs.progress import Progress, report_progress
from runs.state import State
from runs.step_names import StepName
from tasks import steps
from tasks.errors import ExecutionError, TimedOut
from tasks.migration import Migration
from tasks.records.resolution import SelectedIndex
from tasks.records.seeding import RESTORED, ChangesRecord, CopiesRecord, Copy, Ledger
from tasks.records.transfer import RestoreRecord, SnapshotRecord
from tasks.retry_while_busy import close, is_busy, retry_while_busy
from tasks.seeding.changes import BothSides
from tasks.seeding.ledger import after_tail, ledger, maybe_lifted, written_by_tail

_RESTORING = "being restored"

_AT_ONCE = 50

_NO_MOVEMENT_S = 5.0

_NOT_RESTORED = "the last round did not restore it completely"

_DIFFERED = "its copy was compared and differs, or could not be compared"


def close_copies(m: Migration, uuids: Mapping[str, str], step: str) -> None:
    """Close those of these indices that are open; wait while one is being restored or snapshotted.

    Safe to repeat: it reads the target first. An index that is gone, has another UUID by now, belongs to a
        data
    stream or takes writes is left alone: somebody may be using it.

    Args:
        uuids: names on the target, each with its UUID.

    Raises:
        TimedOut: they could not be closed within the migration's patience.
    """
    poll = m.poll(m.patience_s)
    while True:
        opened = _open_copies(m, uuids)
        if not opened:
            return
        try:
            close(m, m.target, opened, step)
        except Refused as error:
            passes = is_busy(error) or _RESTORING in error.reply.text
            if not passes:
                raise
            if poll.expired:
                many = counted(len(opened), "copy", "copies")
                raise TimedOut(
                    f"{many} on the target cannot be closed: {error.message}",
                    "run the same command again",
                ) from error
            report_progress(
                Progress(step, "waiting: a restore or snapshot on the target is using a copy", waiting=True)
            )
            poll.pause()


def _open_copies(m: Migration, uuids: Mapping[str, str]) -> list[str]:
    target = catalog(m.target).indices
    same = [name for name, uuid in uuids.items() if name in target and target[name].uuid == uuid]
    opened = [name for name in same if target[name].open and target[name].stream is None]
    blocked = blocks(m.target) if opened else {}
    return [name for name in opened if name in blocked and blocked[name].write]


def drop_archived_settings(m: Migration, uuids: Mapping[str, str], step: str) -> tuple[str, ...]:
    """Remove from these copies the settings that the target does not know. Safe to repeat.

    The engine keeps such settings as `archived.…` and does nothing with them, but refuses every other change
    of an open index that has one: such a copy could not be opened for writes. Those copies are closed for it.

    Args:
        uuids: names on the target, each with its UUID.

    Returns:
        The copies that had such settings.

    Raises:
        as `close_copies`.
    """
    archived = archived_settings(m.target)
    named = {name: uuid for name, uuid in uuids.items() if name in archived}
    if not named:
        return ()
    close_copies(m, named, step)
    target = catalog(m.target).indices
    closed = [name for name, uuid in named.items() if name in target and target[name].uuid == uuid]
    closed = [name for name in closed if not target[name].open]
    with m.journal.intend(step, "target", "drop archived settings", {"names": closed}):
        for request in settings_requests(closed, {"archived.*": None}):
            require_acknowledged(m.target, "remove archived settings", m.target.connection.send(request))
    known = sorted({key for name in closed for key in archived[name]})
    message = f"removed settings that the target does not know from {len(closed)} copies: {listed(known, 3)}"
    report_progress(Progress(step, message, waiting=True))
    return tuple(closed)


def await_shards(m: Migration, found: Ledger) -> None:
    """Wait while shards of copies are being assigned. Reads only.

    When an index was just closed, or its node just restarted, its shards start again one by one; until then
    they look lost. Shards that never start are left to the comparison.
    """
    poll, stuck = m.poll(m.patience_s), m.poll(_NO_MOVEMENT_S)
    while True:
        target = catalog(m.target).indices
        same = [n for n, c in found.copies.items() if n in target and target[n].uuid == c.target_uuid]
        late = [name for name in same if target[name].health == "red"]
        if late and health(m.target).moving:
            stuck.restart()
        if not late or poll.expired or stuck.expired:
            return
        report_progress(
            Progress(
                StepName.RESOLVE,
                f"waiting for the shards of {counted(len(late), 'copy', 'copies')} on the target",
                waiting=True,
            )
        )
        poll.pause()


def ledger_of(m: Migration) -> Ledger:
    """The copies made by the plan's earlier rounds. Of this run's own journal, what its tail wrote counts."""
    found = ledger(State.of(m.journal), m.journal.run_id, back=m.journal.document.back)
    created = m.journal.document.recorded(steps.CREATE_BACK)
    copies = found.copies | {copy.target: copy for copy in created.copies} if created else found.copies
    return replace(
        found,
        copies=copies | written_by_tail(m.journal, copies),
        lifted=found.lifted | maybe_lifted(m.journal),
    )


def own_uuids(m: Migration, found: Ledger) -> dict[str, str]:
    """Every index on the target that the plan's rounds have made, this round included: name → UUID."""
    return {name: copy.target_uuid for name, copy in found.copies.items()} | m.journal.document.arrived


def discard(m: Migration, unwanted: Sequence[Copy]) -> tuple[str, ...]:
    """Delete owned copies whose index was deleted or resharded on the source, unless they have been replaced.

    Safe to repeat.

    Returns:
        Their names on the target.
    """
    uuids = {copy.target: copy.target_uuid for copy in unwanted}
    names = list(uuids)
    for start in range(0, len(names), _AT_ONCE):
        chunk = names[start : start + _AT_ONCE]

        def look(chunk: list[str] = chunk) -> Callable[[], None] | None:
            there = names_on.uuids(m.target, chunk)
            still = [name for name in chunk if there.get(name) == uuids[name]]
            return partial(names_on.delete_all, m.target, still) if still else None

        retry_while_busy(
            m, m.target, "remove", chunk, "a snapshot on the target is using a copy", is_busy, look
        )
    return tuple(names)


def discard_requests(unwanted: Sequence[Copy]) -> Iterator[Request]:
    """The requests that `discard` sends for copies that are still the same."""
    names = [copy.target for copy in unwanted]
    for start in range(0, len(names), _AT_ONCE):
        yield from names_on.delete_all_requests(names[start : start + _AT_ONCE])


def copies_to_discard(work: ChangesRecord, sides: BothSides) -> tuple[Copy, ...]:
    """Copies that nothing can be restored onto any more, or whose index is gone."""
    gone = {change.target for change in work.of("dropped", "reshaped")}
    return tuple(copy for name, copy in sides.trusted.items() if name in gone)


def fully_restored(restored: RestoreRecord | None, taken: SnapshotRecord | None) -> list[str]:
    """Names on the target that the round restored in full; none if the snapshot is missing shards."""
    if restored is None or taken is None or taken.state != "SUCCESS":
        return []
    return [index.target for index in restored.indices if index.restored]


def current_copies(
    m: Migration,
    work: ChangesRecord,
    sides: BothSides,
    restored: Iterable[str],
    differing: Iterable[str] = (),
) -> CopiesRecord:
    """Every copy as it is after this round, with the marks of what it holds.

    Args:
        sides: both domains as they are now.
        restored: names on the target that this round restored in full.
        differing: names on the target that were found to differ; the next round restores them again.
    """
    target = sides.target.indices
    done, again = set(restored), set(differing)
    decided = m.journal.document.recorded(steps.RESOLVE)
    sources = {index.name: index for index in decided.indices} if decided else {}
    found: list[Copy] = []
    for change in work.changes:
        name = change.target
        before = sides.trusted.get(name) or sides.ledger.copies.get(name)
        if name not in target:
            continue
        if change.kind == "dropped":  # not discarded yet: the next round will
            found += [sides.trusted[name]] if name in sides.trusted else []
            continue
        if change.kind in RESTORED:
            if not _is_ours(m, name, target[name].uuid, before):
                continue  # not restored yet; whatever has the name belongs to somebody else
            copy = _copy(m, work, sources[change.name], target[name].uuid, sides.shapes.get(name, ""))
            copy = copy if name in done else copy.without_marks(_NOT_RESTORED)
        elif before and change.kind == "followed":
            copy = after_tail(before)
        elif before:
            known = before.target_digest or sides.shapes.get(name, "")
            copy = before.model_copy(update={"aliases": work.aliases[change.name], "target_digest": known})
        else:
            continue
        found.append(copy.without_marks(_DIFFERED) if name in again else copy)
    found += [sides.trusted[name] for name in work.left_behind if name in sides.trusted]
    there = {name: index.uuid for name, index in target.items()}
    same = tuple(copy for copy in found if there.get(copy.target) == copy.target_uuid)
    return CopiesRecord(round=work.round, copies=same)


def with_own_marks(found: CopiesRecord, marks: Mapping[str, tuple[Mark, ...]]) -> CopiesRecord:
    """The same copies, each with its own marks right after its restore: later, they show a foreign write.

    Args:
        marks: by name on the target, of the copies that were restored in full.
    """
    copies = (
        copy.model_copy(update={"own": marks[copy.target], "sending": ""})
        if copy.marks and copy.target in marks
        else copy
        for copy in found.copies
    )
    return found.model_copy(update={"copies": tuple(copies)})


def _is_ours(m: Migration, name: str, uuid: str, before: Copy | None) -> bool:
    return m.journal.document.arrived.get(name) == uuid or (before is not None and before.target_uuid == uuid)


def _copy(
    m: Migration, work: ChangesRecord, index: SelectedIndex, target_uuid: str, target_digest: str
) -> Copy:
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
        target_digest=target_digest,
    )


def require_closed_copies(m: Migration, found: CopiesRecord) -> CopiesRecord:
    """Confirm that every copy is closed and refuses writes; return the same copies.

    Raises:
        ExecutionError: at least one is not.
    """
    target, blocked = catalog(m.target).indices, blocks(m.target)
    waiting = {
        name for name, index in target.items() if not index.open and name in blocked and blocked[name].write
    }
    wrong = [copy.target for copy in found.copies if copy.target not in waiting]
    if wrong:
        one, many = "copy on the target is open or takes", "copies on the target are open or take"
        raise ExecutionError(
            f"{counted(len(wrong), one, many)} writes: {', '.join(wrong[:5])}",
            "somebody else is working on them; find out who, then seed again with --new-run",
        )
    return found
