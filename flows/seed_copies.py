"""Close and list the copies of a plan's rounds. Imports no Prefect: rolling back depends on it."""

from dataclasses import replace

from domains.engine.catalog import catalog
from domains.engine.shard_stats import marks
from runs.journal import Journal
from runs.step_names import StepName
from tasks import steps
from tasks.in_flight import await_in_flight
from tasks.migration import Migration
from tasks.records.seeding import ChangesRecord, CopiesRecord
from tasks.restore.owned_indices import intended, proven
from tasks.seeding import copies
from tasks.seeding.changes import inspect_both_sides
from tasks.seeding.copies import ledger_of


def close_and_list(
    m: Migration, work: ChangesRecord | None, differing: frozenset[str] = frozenset()
) -> CopiesRecord:
    """Close the round's copies and return all copies as they are now. Changes no document; safe to repeat.

    Args:
        work: what the round was about; None if it did not get that far.
        differing: names on the target that were found to differ.
    """
    found = ledger_of(m)
    own = copies.own_uuids(m, found)
    document = m.journal.document
    arrived = copies.fully_restored(document.recorded(steps.RESTORE), document.recorded(steps.SNAPSHOT))
    there = marks(m.target, arrived) if arrived else {}
    copies.close_copies(m, own, StepName.COPIES)
    copies.drop_archived_settings(m, own, StepName.COPIES)
    if work is None:
        return CopiesRecord(round=found.round, copies=tuple(inspect_both_sides(m, found).trusted.values()))
    listed = copies.current_copies(m, work, inspect_both_sides(m, found), arrived, differing)
    return copies.with_own_marks(listed, there)


def note_unfinished(m: Migration, journal: Journal) -> None:
    """Record in the journal of an abandoned round what it has restored on the target."""
    old = replace(m, journal=journal)
    await_in_flight(old, StepName.COPIES)  # a restore whose reply was lost may still begin
    there = catalog(m.target).indices
    held = {name: there[name].uuid for name in intended(old) & there.keys()}
    proven(old, held, f"{old.repository}/{old.snapshot}")
