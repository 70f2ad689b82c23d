"""Stages shared by a seed round and the last round of a cutover: move only what has changed."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from flows.chains.stages import require_restored, take_snapshot
from flows.chains.steps import perform, run_step
from runs.verbs import Verb
from tasks import steps
from tasks.cleanup import removal
from tasks.cutover.open_target import open_copies
from tasks.migration import Migration
from tasks.planning import resolve
from tasks.queries.in_verification import with_queries
from tasks.records.resolution import Resolution
from tasks.records.seeding import ChangesRecord, RoundRecord, round_record
from tasks.records.transfer import RestoreRecord, SnapshotRecord
from tasks.records.verification import Verdict, VerificationRecord
from tasks.restore import restore
from tasks.seeding import copies, trusted_copies
from tasks.seeding.changes import find_changes, inspect_both_sides
from tasks.seeding.copies import ledger_of
from tasks.seeding.scope import COPY_SETTINGS, as_copies, select_only, with_streams_split
from tasks.steps import StepKey
from tasks.tail.session import put_in_order
from tasks.verification.asked_settings import require_asked_settings, with_asked_settings
from tasks.verification.run import verify

CHANGING = ("snapshot", "restore", "delete")
_BINDING = (*CHANGING, "block")
"""Actions of intents: once one may have been sent, a round keeps to its decision. The removal of copies whose
index is gone is not one of them: deciding again finds them gone."""


def resolve_once(m: Migration) -> Resolution:
    """Decide once which indices the round covers.

    Raises:
        PreconditionError: it is refused, with every reason at once.
    """
    check = partial(resolve.require_round, m)
    return perform(m, steps.RESOLVE, lambda: _resolve(m), check=check, bound_by=_BINDING)


def _resolve(m: Migration) -> Resolution:
    trusted_copies.require_own_snapshots(m)
    put_in_order(m)
    found = ledger_of(m)
    copies.await_shards(m, found)
    return resolve.resolve(m, trusted_copies.survey_ignoring_copies(m, found))


def compare_once(m: Migration, resolution: Resolution) -> ChangesRecord:
    """Decide once what has changed since the last round."""
    return perform(
        m,
        steps.COMPARE,
        lambda: find_changes(m, resolution, inspect_both_sides(m, ledger_of(m))),
        bound_by=CHANGING,
    )


def snapshot_and_restore(
    m: Migration,
    resolution: Resolution,
    work: ChangesRecord,
    select_contents: Callable[[Resolution], Resolution],
) -> SnapshotRecord | None:
    """Take the round's snapshot and restore what changed onto its copies; None if there is nothing to take.

    Args:
        select_contents: narrows the resolution to what the snapshot names.
    """
    _discard_copies(m, work)
    names = {change.name for change in work.restored}
    contents = select_contents(resolution)
    if not contents.moving:
        return None
    taken = take_snapshot(m, contents)
    if names:
        _restore(m, select_only(resolution, names), taken)
    return taken


def _discard_copies(m: Migration, work: ChangesRecord) -> None:
    unwanted = (
        copies.copies_to_discard(work, inspect_both_sides(m, ledger_of(m)))
        if work.of("dropped", "reshaped")
        else ()
    )
    if unwanted:
        run_step(m.journal, steps.DISCARD_COPIES.name, lambda: copies.discard(m, unwanted))


def _restore(m: Migration, resolution: Resolution, taken: SnapshotRecord) -> None:
    before = m.journal.document.recorded(steps.RESTORE)
    if before and all(index.restored for index in before.indices):
        return
    if not m.journal.intents("restore"):  # copies opened ahead, or left open by a kill
        base = {name: uuid for unit in resolution.units for name, uuid in unit.base.items()}
        close = steps.CLOSE_COPIES.name
        run_step(m.journal, close, lambda: copies.close_copies(m, base, close))
    require_restored(perform(m, steps.RESTORE, lambda: _restore_onto_copies(m, resolution, taken)))


def _restore_onto_copies(m: Migration, resolution: Resolution, taken: SnapshotRecord) -> RestoreRecord:
    based = trusted_copies.drop_untrusted_bases(m, resolution, ledger_of(m))
    restored = restore.restore(as_copies(m), based, taken)
    require_asked_settings(m, resolution, but=COPY_SETTINGS)
    return restored


def open_copies_for_reading(m: Migration, resolution: Resolution) -> None:
    """Open every copy for reading whose index is open on the source; they still refuse writes."""
    names = [index.target for index in with_streams_split(resolution).indices if index.open]
    run_step(m.journal, steps.OPEN_COPIES.name, lambda: open_copies(m, names))


def open_unchanged_ahead(m: Migration, resolution: Resolution) -> int:
    """Open the copies of unchanged indices for reading, so that the window need not wait for them.

    If one of them changes after all, the last round closes its copy again.
    """
    work = find_changes(m, resolution, inspect_both_sides(m, ledger_of(m)))
    unchanged = {change.name for change in work.of("unchanged", "aliases")}
    names = [i.target for i in with_streams_split(resolution).indices if i.open and i.name in unchanged]
    return open_copies(m, names)


def verify_copies(
    m: Migration,
    resolution: Resolution,
    work: ChangesRecord,
    step: StepKey[VerificationRecord],
    proved: Mapping[str, Verdict] = {},
) -> VerificationRecord:
    """Compare the opened copies as they are: without aliases, and at least at level operations.

    Args:
        proved: verdicts on the operations of indices that went by the tail, by name on the source.
    """
    waiting = as_copies(m)
    if waiting.plan.verify.level == "counts":
        level = waiting.plan.verify.model_copy(update={"level": "operations"})
        waiting = replace(waiting, plan=waiting.plan.model_copy(update={"verify": level}))
    return perform(m, step, lambda: _verified(m, waiting, resolution, work, step, proved))


def _verified(
    m: Migration,
    waiting: Migration,
    resolution: Resolution,
    work: ChangesRecord,
    step: StepKey[VerificationRecord],
    proved: Mapping[str, Verdict],
) -> VerificationRecord:
    """Compare; then, once and only if that passes, run the query gate: every second of a window counts."""
    record = verify(waiting, resolution, work.marks, proved)
    record = with_asked_settings(m, resolution, record, but=COPY_SETTINGS)
    is_gate = step is steps.VERIFY and m.journal.document.verb is not Verb.FALLBACK
    holds = record.passed or record.bracketed
    return with_queries(m, resolution, record) if is_gate and holds else record


def round_result(m: Migration, work: ChangesRecord, taken: SnapshotRecord | None) -> RoundRecord:
    """How the round went, from the records of its steps."""
    restored = m.journal.document.recorded(steps.RESTORE)
    return round_record(work, restored, taken, removal.removed_names(m, "remove"))
