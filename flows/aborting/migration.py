"""Undo an unfinished migration. Needs no Prefect: it is one step, which reads before it acts."""

from functools import partial

from configs.plan import Plan
from flows.sessions.begin_or_resume import Request, begin_or_resume
from flows.sessions.first_contact import contact
from flows.sessions.options import RunOptions
from flows.sessions.session import working
from flows.sessions.verb_rules import ABORT_MIGRATION
from runs.begun_plan import as_begun
from runs.journal import Journal, UnsavedJournal
from runs.progress import Progress, report_progress
from runs.state import State
from runs.step_names import StepName
from tasks.cleanup.unfinished_migration import (
    leftovers_of_migration,
    require_undoable,
    require_undone,
    undo_migration,
)
from tasks.migration import Migration
from tasks.records.cleanup import Leftovers, RemovalRecord


def preview(plan: Plan, journal: Journal) -> Leftovers:
    """What the migration has left on the domains. Changes nothing there.

    Raises:
        PreconditionError: it cannot be undone any more.
    """
    require_undoable(journal)
    begun = as_begun(plan, journal)
    met = contact(begun, State.of(journal))
    unsaved = UnsavedJournal(journal.path, journal.document)
    return leftovers_of_migration(Migration(begun, met.source, met.target, unsaved))


def abort_migration(plan: Plan, options: RunOptions, before: Journal) -> RemovalRecord:
    """Undo the migration on the target; may be repeated and resumed.

    Args:
        before: its journal.

    Raises:
        PreconditionError: it cannot be undone any more; nothing was changed.
        Busy: another process has worked on it meanwhile.
        SnapferryError: a domain refused, or was busy for too long; how the run stands is in its journal.
    """
    begun = as_begun(plan, before)
    require_undoable(before)
    journal_of = partial(begin_or_resume, Request(plan, options, seen=before.run_id), ABORT_MIGRATION)
    with working(begun, options, journal_of, ABORT_MIGRATION.ends) as m:
        with m.journal.step(StepName.CLEAN):
            removed = undo_migration(m)
            require_undone(m)
        m.journal.keep(StepName.CLEAN, removed)
        report_progress(
            Progress(StepName.CLEAN, "what the migration has made on the target is removed", finished=True)
        )
    return removed
