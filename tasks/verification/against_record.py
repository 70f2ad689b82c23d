"""Level record: compare what was restored with the snapshot's own record, where there is no source.

An index is `as recorded` if every primary of it is started, was restored from this very snapshot, and has all
of the files and bytes that the snapshot holds of it. Documents are counted, and compared with what the run
that took the snapshot counted, if its journal is in the state folder. Fails closed, like every level.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from configs.values.names import check_plan_name
from domains.engine import snapshots
from domains.engine.catalog import Catalog, catalog, refresh
from domains.engine.cluster import identity
from domains.engine.comparison.seq_no_figures import SeqNoFigures, counts
from domains.engine.restores import Recovery
from domains.engine.shard_stats import marks
from domains.engine.snapshots import HeldIndex, SnapshotInfo
from domains.errors import DomainError
from domains.shard_mark import Mark
from runs.errors import StateUnusable
from runs.journal import Document, Journal, now
from runs.state import State
from tasks import steps
from tasks.migration import Migration
from tasks.records.resolution import Resolution, SelectedIndex
from tasks.records.transfer import IndexRestore
from tasks.records.verification import Figures, Limit, Verdict, VerificationRecord, not_compared
from tasks.restore.owned_indices import Arrival, arrivals
from tasks.selection.snapshot_record import held_indices, readable_through
from tasks.verification.drift import torn_streams
from tasks.verification.figures import Shards, Wanted, read_figures
from tasks.verification.queries import answers_on_target

LIMITS = (Limit.RECORD_ONLY, Limit.OPENED)


@dataclass(frozen=True)
class TakenBy:
    """What the run that took the snapshot knew of its source.

    Args:
        documents: live documents by index of the source, where its own verification found them equal.
        marks: by index of the source: its shards' marks before the snapshot, which holds at least those.
    """

    run_id: str
    documents: Mapping[str, int]
    marks: Mapping[str, tuple[Mark, ...]]


@dataclass(frozen=True)
class _Copies:
    """What the target shows of the restored indices, by their names there."""

    catalog: Catalog
    arrivals: Mapping[str, Arrival]
    counted: Mapping[str, SeqNoFigures]
    marks: Mapping[str, tuple[Mark, ...]]
    torn: Mapping[str, str]
    unrefreshed: Mapping[str, str]


@dataclass(frozen=True)
class _Recorded:
    """What the copies must agree with.

    Args:
        found: the snapshot's record.
        held: what it holds of each index; None for an index if that could not be read.
        place: `repository/snapshot`, as recoveries name it.
        restored, arrived: by name on the target: what the run recorded when it restored it, and its UUID.
        taken_by: the run that took the snapshot; None if its journal is not there.
    """

    found: SnapshotInfo
    held: Mapping[str, HeldIndex]
    place: str
    restored: Mapping[str, IndexRestore]
    arrived: Mapping[str, str]
    taken_by: TakenBy | None


def verify_against_record(
    m: Migration, resolution: Resolution, document: Document | None, state: Path
) -> VerificationRecord:
    """Compare every restored index with the record of the snapshot that it comes from.

    Changes no document; refreshes the target. May be repeated at any time.

    Args:
        document: the journal of the run that restored them; None without one.
        state: the state folder, where the journal of the run that took the snapshot may be.

    Raises:
        DomainError: transient errors only; any other makes the indices `not compared`.
    """
    try:
        verdicts = _verdicts(m, resolution, document, state)
        general = answers_on_target(m.target, resolution.indices, m.plan.verify.queries)
    except DomainError as error:
        if error.transient:
            raise
        verdicts, general = tuple(not_compared(each, str(error)) for each in resolution.indices), ()
    return VerificationRecord(
        level="record",
        verdicts=verdicts,
        skipped=resolution.left_out,
        at=now(),
        general=general,
        limits=LIMITS,
    )


def _verdicts(
    m: Migration, resolution: Resolution, document: Document | None, state: Path
) -> tuple[Verdict, ...]:
    through = readable_through(m.target, m.plan)
    found = snapshots.get(m.target, through, m.snapshot) if through else None
    if found is None or (resolution.origin and found.uuid != resolution.origin.uuid):
        why = (
            f"the target has no repository any more through which it could read snapshot {m.snapshot}"
            if through is None
            else f"snapshot {m.snapshot} is not in the repository any more"
            if found is None
            else f"snapshot {m.snapshot} is another one than the run restored from"
        )
        return tuple(not_compared(index, why) for index in resolution.indices)
    restored = document.recorded(steps.RESTORE) if document else None
    recorded = _Recorded(
        found,
        held_indices(m.target, m.plan, found),
        f"{m.repository}/{m.snapshot}",
        {each.target: each for each in restored.indices} if restored else {},
        document.arrived if document else {},
        taken_by(found, state),
    )
    copies = _read(m, resolution)
    found = tuple(_verdict(index, copies, recorded) for index in resolution.indices)
    return _with_figures(m, found, copies.catalog)


def _with_figures(m: Migration, verdicts: tuple[Verdict, ...], there: Catalog) -> tuple[Verdict, ...]:
    """The verdicts with the figures of the target, which is all that there is."""
    good = [each.target for each in verdicts if each.outcome == "as recorded"]
    wanted = [Wanted(name, there.indices[name].shards, "operations") for name in good]
    read = read_figures(m.target, identity(m.target).version, wanted) if wanted else {}
    return tuple(_with_target(each, read.get(each.target), there) for each in verdicts)


def _with_target(verdict: Verdict, read: Shards | None, there: Catalog) -> Verdict:
    if read is None:
        return verdict
    uuid = there.indices[verdict.target].uuid
    figures = Figures(kind="operations", source=(), target=read, target_uuid=uuid)
    return verdict.model_copy(update={"figures": figures})


def _read(m: Migration, resolution: Resolution) -> _Copies:
    there = catalog(m.target)
    names = [i.target for i in resolution.indices if i.target in there.indices]
    opened = [name for name in names if there.indices[name].open]
    unrefreshed = refresh(m.target, opened)
    return _Copies(
        there,
        arrivals(m.target, names),
        counts(m.target, identity(m.target).version, opened) if opened else {},
        marks(m.target, opened),
        dict(torn_streams(resolution, there)),
        unrefreshed,
    )


def _verdict(index: SelectedIndex, copies: _Copies, recorded: _Recorded) -> Verdict:
    figures = copies.counted.get(index.target)
    documents = figures.count if figures and not figures.problem else None
    taken_by, copy = recorded.taken_by, copies.catalog.indices.get(index.target)
    told = taken_by.documents.get(index.name) if taken_by else None
    wrong = tuple(_differences(index, copies, recorded, documents))
    unknown = () if wrong else tuple(_undecided(index, copies, recorded))
    if unknown:
        return not_compared(index, "; ".join(unknown), told, documents)
    return Verdict(
        source=index.name,
        target=index.target,
        outcome="different" if wrong else "as recorded",
        source_count=told,
        target_count=documents,
        shards=copy.shards if copy else index.shards,
        detail="; ".join(wrong),
    )


def _differences(
    index: SelectedIndex, copies: _Copies, recorded: _Recorded, documents: int | None
) -> Iterator[str]:
    """What contradicts the record."""
    copy, arrival = copies.catalog.indices.get(index.target), copies.arrivals.get(index.target)
    if copy is None or arrival is None:
        yield "it is not on the target"
        return
    lacking = [each for each in recorded.found.failed if each.index == index.name]
    if lacking:
        shards = (f"{each.index}[{each.shard}]: {each.reason}" for each in lacking)
        yield f"the snapshot lacks {'; '.join(shards)}"
    held = recorded.held.get(index.name)
    if held and copy.shards != held.shards:
        yield f"{held.shards} shards in the snapshot, {copy.shards} on the target"
    if arrival.started < copy.shards:
        yield f"{arrival.started} of {copy.shards} primary shards are started"
    if index.target in copies.torn:
        yield copies.torn[index.target]
    if recorded.taken_by:
        yield from _short_of(index, copies, recorded.taken_by, documents)


def _short_of(index: SelectedIndex, copies: _Copies, before: TakenBy, documents: int | None) -> Iterator[str]:
    """What the copy lacks of what the run that took the snapshot knew of the source."""
    counted = before.documents.get(index.name)
    if None not in (counted, documents) and counted != documents:
        yield f"run {before.run_id} counted {counted} documents in this snapshot, the target has {documents}"
    now_at = {mark.shard: mark.max_seq_no for mark in copies.marks.get(index.target, ())}
    for mark in before.marks.get(index.name, ()):
        at = now_at.get(mark.shard)
        if at is not None and at < mark.global_checkpoint:
            yield (
                f"shard {mark.shard} ends at operation {at}, the source was at {mark.global_checkpoint} when "
                f"run {before.run_id} took the snapshot"
            )


def _undecided(index: SelectedIndex, copies: _Copies, recorded: _Recorded) -> Iterator[str]:
    """What keeps the copy from being compared with the record."""
    copy, arrival = copies.catalog.indices[index.target], copies.arrivals[index.target]
    held = recorded.held.get(index.name)
    if held is None:
        yield "the target could not tell what the snapshot holds of it"
        return
    if not copy.open:
        yield "it is closed on the target, so its documents cannot be counted"
        return
    figures = copies.counted[index.target]
    if figures.problem or index.target in copies.unrefreshed:
        yield figures.problem or f"its refresh failed: {copies.unrefreshed[index.target]}"
    if arrival.comes_from(recorded.place):
        yield from _incomplete(arrival, held)
    elif recorded.arrived.get(index.target) != copy.uuid:
        yield f"the target does not show that it was restored from {recorded.place}"
    else:  # its shards have moved since, so the target shows only that
        yield from _recorded_incomplete(recorded.restored.get(index.target), held)


def _incomplete(arrival: Arrival, held: HeldIndex) -> Iterator[str]:
    """What the recoveries of the primaries lack of what the snapshot holds."""
    recoveries = arrival.recoveries
    unfinished = [each.shard for each in recoveries if not _is_whole(each)]
    if unfinished or len(recoveries) != held.shards:
        yield f"the recovery of {len(unfinished) or 'some'} of its primary shards is not complete"
        return
    files, size = sum(each.files_total for each in recoveries), sum(each.bytes_total for each in recoveries)
    if (files, size) != (held.files, held.bytes):
        yield (
            f"the snapshot holds {held.bytes} bytes of it in {held.files} files, the target has restored "
            f"{size} in {files}"
        )


def _is_whole(recovery: Recovery) -> bool:
    return (
        recovery.stage == "DONE"
        and recovery.bytes_done + recovery.bytes_reused == recovery.bytes_total
        and recovery.files_done + recovery.files_reused == recovery.files_total
    )


def _recorded_incomplete(then: IndexRestore | None, held: HeldIndex) -> Iterator[str]:
    """The same by what the run recorded when it restored the index."""
    if then is None or not then.restored or then.bytes + then.reused_bytes != held.bytes:
        yield "its shards have moved since, and the run has not recorded that it restored all of it"


def taken_by(found: SnapshotInfo, state: Path) -> TakenBy | None:
    """What the run that took a snapshot knew of its source; None if no journal in the state folder tells."""
    journal = _journal_of(found, state)
    taken = journal.document.recorded(steps.SNAPSHOT) if journal else None
    if journal is None or taken is None or taken.uuid != found.uuid:
        return None
    verified, marked = journal.document.recorded(steps.VERIFY), journal.document.recorded(steps.MARK)
    equal = (each for each in verified.verdicts if each.outcome == "equal") if verified else ()
    return TakenBy(
        journal.run_id,
        {each.source: each.source_count for each in equal if each.source_count is not None},
        marked.marks if marked else {},
    )


def _journal_of(found: SnapshotInfo, state: Path) -> Journal | None:
    """The journal of the run that a snapshot's metadata names. Its plan's name is in the snapshot's name."""
    if not found.run or not found.name.endswith(f"-{found.run}"):
        return None
    try:
        runs = State(state, check_plan_name(found.name.removesuffix(f"-{found.run}")))
        return runs.run(found.run) if found.run in runs.run_ids() else None
    except (ValueError, StateUnusable):
        return None  # no name of a plan of ours; or a journal that cannot be read tells nothing
