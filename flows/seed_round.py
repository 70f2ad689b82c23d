"""What a seed round and the last round of a cutover have in common: only what has changed is moved."""

from collections.abc import Callable
from dataclasses import replace

from flows.prefect_runtime.steps import kept, run_step
from flows.stages import require_restored
from reports.words import common
from reports.words import seeding as words
from runs.journal import Journal
from tasks import snapshot
from tasks.cleanup import removal
from tasks.cutover.open_target import open_copies
from tasks.migration import Migration
from tasks.planning import resolve
from tasks.records.resolution import Resolution
from tasks.records.seeding import ChangesRecord, RoundRecord, round_record
from tasks.records.transfer import RestoreRecord, SnapshotRecord
from tasks.records.verification import VerificationRecord
from tasks.restore import restore
from tasks.seeding import copies, trusted_copies
from tasks.seeding.changes import STEP as COMPARE
from tasks.seeding.changes import changes, known
from tasks.seeding.copies import ledger_of
from tasks.seeding.scope import apart, as_copies, only
from tasks.verification.run import verify

ROUND = "round"
_CLOSE = "close before restore"
VERIFY = "verify"
_BINDING = ("snapshot", "restore", "remove", "delete", "block")


def is_bound(journal: Journal) -> bool:
    """Whether a run has to keep to what it has decided: it may have changed something by it."""
    return any(journal.intents(action) for action in _BINDING)


def resolve_once(m: Migration) -> Resolution:
    """Which indices the round is about, decided once.

    Raises:
        PreconditionError: with every reason at once.
    """
    before = m.journal.document.recorded("resolve", Resolution) if is_bound(m.journal) else None
    if before:
        return before
    resolution = run_step(m.journal, "resolve", lambda: _resolved(m))
    resolve.require_moving(resolution)
    kept(m, "resolve", resolution, common.resolved(resolution))
    return resolution


def _resolved(m: Migration) -> Resolution:
    trusted_copies.require_own_snapshots(m)
    found = ledger_of(m)
    copies.await_shards(m, found)
    return resolve.resolve(m, trusted_copies.surveyed(m, found))


def compare_once(m: Migration, resolution: Resolution) -> ChangesRecord:
    """What has changed since the last round, decided once."""
    bound = any(m.journal.intents(action) for action in ("snapshot", "restore", "remove", "delete"))
    before = m.journal.document.recorded(COMPARE, ChangesRecord) if bound else None
    if before:
        return before
    found = ledger_of(m)
    work = run_step(m.journal, COMPARE, lambda: changes(m, resolution, known(m, found)))
    kept(m, COMPARE, work, words.compared(work))
    return work


def snapshot_and_restore(
    m: Migration, resolution: Resolution, work: ChangesRecord, named: Callable[[Resolution], Resolution]
) -> SnapshotRecord | None:
    """Takes the round's snapshot and restores what has changed onto its copies; None with nothing to take.

    Args:
        named: what of the resolution the snapshot names.
    """
    _discarded(m, work)
    names = {change.name for change in work.restored}
    contents = named(resolution)
    if not contents.moving:
        return None
    adopted = run_step(m.journal, "start snapshot", lambda: snapshot.start_snapshot(m, contents))
    taken = run_step(m.journal, "snapshot", lambda: snapshot.follow_snapshot(m, adopted=adopted))
    kept(m, "snapshot", taken, common.snapshot(taken))
    run_step(m.journal, "find on target", lambda: snapshot.find_on_target(m, contents, taken))
    if names:
        _restored(m, only(resolution, names), taken)
    return taken


def _discarded(m: Migration, work: ChangesRecord) -> None:
    gone = copies.doomed(work, known(m, ledger_of(m))) if work.of("dropped", "reshaped") else ()
    if gone:
        run_step(m.journal, "discard copies", lambda: copies.discard(m, gone))


def _restored(m: Migration, resolution: Resolution, taken: SnapshotRecord) -> None:
    before = m.journal.document.recorded("restore", RestoreRecord)
    if before and all(index.restored for index in before.indices):
        return
    if not m.journal.intents("restore"):  # what was opened ahead, or left open by a kill
        base = {name: uuid for unit in resolution.units for name, uuid in unit.base.items()}
        run_step(m.journal, _CLOSE, lambda: copies.close_copies(m, base, _CLOSE))
    restored = run_step(m.journal, "restore", lambda: _onto_copies(m, resolution, taken))
    kept(m, "restore", restored, common.restored(restored))
    require_restored(restored)


def _onto_copies(m: Migration, resolution: Resolution, taken: SnapshotRecord) -> RestoreRecord:
    based = trusted_copies.still_based(m, resolution, ledger_of(m))
    return restore.restore(as_copies(m), based, taken)


def open_copies_for_reading(m: Migration, resolution: Resolution) -> None:
    """Opens every copy for reading, where its index is open on the source; they go on refusing writes."""
    names = [index.target for index in apart(resolution).indices if index.open]
    run_step(m.journal, "open copies", lambda: open_copies(m, names))


def open_unchanged_ahead(m: Migration, resolution: Resolution) -> int:
    """Opens for reading the copies of what has not changed, so that the window need not wait for them.

    Of those that change after all, the last round closes the copies again.
    """
    work = changes(m, resolution, known(m, ledger_of(m)))
    still = {change.name for change in work.of("unchanged", "aliases")}
    names = [i.target for i in apart(resolution).indices if i.open and i.name in still]
    return open_copies(m, names)


def verify_copies(m: Migration, resolution: Resolution, work: ChangesRecord, step: str) -> VerificationRecord:
    """The opened copies compared as they wait: without aliases, and at level operations at least."""
    waiting = as_copies(m)
    if waiting.plan.verify.level == "counts":
        level = waiting.plan.verify.model_copy(update={"level": "operations"})
        waiting = replace(waiting, plan=waiting.plan.model_copy(update={"verify": level}))
    verified = run_step(m.journal, step, lambda: verify(waiting, resolution, work.marks))
    kept(m, step, verified, common.verified(verified))
    return verified


def round_result(m: Migration, work: ChangesRecord, taken: SnapshotRecord | None) -> RoundRecord:
    """How the round went, from what its steps have kept."""
    restored = m.journal.document.recorded("restore", RestoreRecord)
    return round_record(work, restored, taken, removal.removed_names(m, "remove"))
