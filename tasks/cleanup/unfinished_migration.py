"""Undo an unfinished migration: what it made on the target goes, its snapshot stays if it is complete.

An index goes only if the run owns it and nobody else has written to it. What the run did to indices that were
there before it, as merging documents into them, is not undone.
"""

from collections.abc import Iterator
from dataclasses import replace

from domains.domain import Domain
from domains.engine import catalog as names_on
from domains.engine import reindexing, repositories, snapshots
from domains.engine.shard_stats import writes_so_far
from domains.engine.snapshots import SnapshotInfo
from domains.errors import Missing
from runs.journal import Journal
from runs.progress import Progress, report_progress
from runs.step_names import StepName
from tasks import steps
from tasks.cleanup.ownership import Owned, own_snapshot, owned
from tasks.cleanup.removal import end_snapshot, remove_indices, removed_names, require_gone
from tasks.errors import PreconditionError, TimedOut
from tasks.in_flight import await_in_flight
from tasks.migration import Migration
from tasks.records.cleanup import (
    Leftovers,
    Registration,
    RegistrationOutcome,
    RemovalRecord,
    Skipped,
    SkippedReason,
)
from tasks.repository.history import is_own_registration
from tasks.repository.revert import revert
from tasks.restore.owned_indices import arrivals, is_marked

_CANCEL_S = 60.0


def require_undoable(journal: Journal) -> None:
    """Refuse a run that has begun to change indices which were on the target before it.

    Raises:
        PreconditionError: it has merged documents into them, or moved their aliases.
    """
    resolution = journal.document.recorded(steps.RESOLVE)
    begun = journal.document.steps.keys() & {StepName.MERGE, StepName.SWITCH_ALIASES}
    if begun and resolution and (resolution.merges or resolution.switches):
        raise PreconditionError(
            f"migration {journal.run_id} has verified what it moved, and has begun to merge it into indices "
            "of the target or to switch their aliases: that cannot be undone",
            hint="finish it with the same command: snapferry migrate PLAN --execute",
        )


def leftovers_of_migration(m: Migration) -> Leftovers:
    """What `undo_migration` would remove now. Changes nothing on the domains."""
    found = _unused(m)
    running = _running_snapshot(m)
    return Leftovers(
        run_id=m.journal.run_id,
        concerns="migration",
        indices=found.names,
        snapshots=(running,) if running else (),
        registrations=("target",) if _registered_target(m) else (),
        left=(*found.left, *_kept_snapshot(m), *_deleted(m)),
    )


def undo_migration(m: Migration) -> RemovalRecord:
    """Stop what is in flight; delete the indices that the run made on the target, and its registration there.

    Safe to repeat, and resumable after a kill: it reads the domains each time.

    Raises:
        TimedOut: a copying task of the target does not end; the same command resumes.
        DomainError: transient, or denied.
    """
    await_in_flight(m, StepName.CLEAN)
    _stop_copying(m)
    left = [*remove_indices(m, _unused(m))]
    if m.source_domain:
        end_snapshot(m)
    kept = [*_kept_snapshot(m)]
    registrations = {domain.side: _reverted(m, domain, bool(kept)) for domain in reversed(m.domains)}
    return RemovalRecord(
        indices=removed_names(m, "remove"),
        snapshots=removed_names(m, "remove snapshot"),
        registrations=registrations,
        left=(*left, *kept, *_deleted(m)),
    )


def require_undone(m: Migration) -> None:
    """Confirm that nothing which was to go is left.

    Raises:
        ExecutionError: something is left.
    """
    require_gone([*_unused(m).names, *filter(None, [_running_snapshot(m)])])


def _unused(m: Migration) -> Owned:
    """What the run owns and nobody else has written to; the rest is among what is left."""
    found = owned(m)
    used = dict(_in_use(m, found))
    streams = {name: held for name, held in found.streams.items() if not used.keys() & held}
    skipped = [Skipped(name=name, why=SkippedReason.IN_USE, detail=used[name]) for name in sorted(used)]
    return replace(
        found,
        indices={name: uuid for name, uuid in found.indices.items() if name not in used},
        streams=streams,
        left=(*found.left, *skipped),
    )


def _in_use(m: Migration, found: Owned) -> Iterator[tuple[str, str]]:
    """Indices that others have written to, or may have, each with the number of its writes if that is known.

    An engine counts writes since a shard was started. So the count says something only while each primary is
    still the one that was restored, or that the run has filled; else nobody knows, and the index is left.
    """
    filled = {name for intent in m.journal.intents("create") for name in intent.detail["targets"]}
    catalog = names_on.catalog(m.target)
    writes, own = writes_so_far(m.target, found.names), _own_writes(m)
    restored = arrivals(m.target, [name for name in found.names if name not in filled])
    for name in found.names:
        if name in filled:
            unused = is_marked(m, name, catalog) or (name in own and writes.get(name) == own[name])
        else:
            as_it_came = name in restored and restored[name].comes_from(f"{m.repository}/{m.snapshot}")
            unused = as_it_came and not writes.get(name)
        if not unused:
            yield name, str(writes.get(name) or "")


def _own_writes(m: Migration) -> dict[str, int]:
    """How many documents the run itself has written, by index."""
    record = m.journal.document.recorded(steps.REINDEX)
    return {index.target: index.documents for index in record.indices if index.documents} if record else {}


def _stop_copying(m: Migration) -> None:
    """End the target's tasks that fill indices of this run: they would make them again once they are gone."""
    into = {name for intent in m.journal.intents("reindex") for name in intent.detail["targets"]}
    poll = m.poll(_CANCEL_S)
    while running := [task for name in sorted(into) for task in reindexing.running_tasks(m.target, name)]:
        if poll.expired:
            raise TimedOut(
                f"{len(running)} tasks on the target do not end: {', '.join(running[:3])}",
                "run the same command again",
            )
        with m.journal.intend(StepName.CLEAN, "target", "cancel", {"names": running}):
            for task in running:
                _cancel(m, task)
        report_progress(Progress(StepName.CLEAN, "waiting: tasks that copy documents end", waiting=True))
        poll.pause()


def _cancel(m: Migration, task: str) -> None:
    try:
        reindexing.cancel(m.target, task)
    except Missing:
        return  # it has ended


def _own_snapshot(m: Migration) -> SnapshotInfo | None:
    """The snapshot that the run has taken; None without one."""
    return snapshots.get(m.source, m.repository, m.snapshot) if own_snapshot(m) else None


def _running_snapshot(m: Migration) -> str | None:
    """The run's own snapshot, while it runs."""
    found = _own_snapshot(m)
    return found.name if found and found.running else None


def _kept_snapshot(m: Migration) -> Iterator[Skipped]:
    found = _own_snapshot(m)
    if found and not found.running:
        yield Skipped(name=found.name, why=SkippedReason.SNAPSHOT_STAYS, detail=found.state)


def _deleted(m: Migration) -> Iterator[Skipped]:
    for intent in m.journal.intents("delete"):
        if intent.may_have_changed:
            yield Skipped(name=intent.names[0], why=SkippedReason.DELETED_FOR_THE_RUN)


def _reverted(m: Migration, domain: Domain, has_snapshot: bool) -> Registration:
    """Revert a side's registration, but not the one through which the run's snapshot is reached."""
    if domain.side == "source" and has_snapshot:
        return Registration(outcome=RegistrationOutcome.KEPT)
    return revert(m, domain)


def _registered_target(m: Migration) -> bool:
    return is_own_registration(m, m.target, repositories.registration(m.target, m.repository))
