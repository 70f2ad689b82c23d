"""What `snapferry abort` is about: an unfinished cutover, a rehearsal, the seed rounds, or a migration.

Needs no Prefect server.
"""

from dataclasses import dataclass
from typing import Literal

from configs.plan import Plan
from flows import abort_cutover
from flows.aborting import migration, seeding
from flows.guard.agreement import await_guard
from flows.sessions.exclusion import TAKE_AWAY
from flows.sessions.first_contact import contact
from flows.sessions.options import RunOptions
from flows.sessions.rehearsal import aborting, as_rehearsed, target_of
from flows.sessions.verb_rules import require_nothing_open
from flows.sessions.which_run import (
    leftover,
    migration_to_undo,
    require_leftover,
    unfinished_cutover,
)
from runs.begun_plan import as_begun, require_same_sides
from runs.guard_record import GuardState
from runs.journal import Journal, UnsavedJournal
from runs.lifecycle import is_opening, is_rolled_back
from runs.progress import Progress, report_progress
from runs.seed_cycles import runs_with_copies, seed_cycles
from runs.state import State
from runs.step_names import StepName
from tasks.cleanup import removal
from tasks.errors import PreconditionError
from tasks.migration import Migration
from tasks.records.cleanup import Leftovers, RemovalRecord, RolledBackRecord
from tasks.records.previews import UnfinishedCutover
from tasks.rehearsal import settings_of


@dataclass(frozen=True)
class Subject:
    """What an abort is about.

    Args:
        journal: where the work is written down: the cutover's, the rehearsal's, the migration's, or the
            latest round's.
    """

    what: Literal["cutover", "rehearsal", "seed rounds", "migration"]
    journal: Journal


def subject(state: State) -> Subject:
    """What the next abort of the plan is about. One thing at a time, the most urgent first.

    Raises:
        PreconditionError: nothing is left; or what there is cannot be undone any more.
    """
    unfinished = unfinished_cutover(state)
    if unfinished:
        require_nothing_open(unfinished)
        return Subject("cutover", unfinished)
    rehearsal = leftover(state)
    if rehearsal:
        return Subject("rehearsal", rehearsal)
    rounds = runs_with_copies(state)
    if rounds:
        return Subject("seed rounds", rounds[-1])
    _require_not_open(state)
    migration = migration_to_undo(state)
    if migration:
        return Subject("migration", migration)
    return Subject("rehearsal", require_leftover(state))


def _require_consent(options: RunOptions) -> None:
    """Whoever has just rolled back a cutover, and repeats the command, must not lose the seed rounds."""
    if not options.seeds:
        raise PreconditionError(
            "what is left are the copies of seed rounds, and no cutover or rehearsal",
            hint=f"to remove them, with their snapshots: {TAKE_AWAY}",
        )


def _require_not_open(state: State) -> None:
    newest = next(seed_cycles(state), None)
    if newest and is_opening(newest[0].document):
        raise PreconditionError(
            f"cutover {newest[0].run_id} of plan {state.plan_name} has opened the target: its indices are in "
            "use, and nothing of what its rounds have left behind is removed",
            hint="`snapferry finish PLAN` cleans up snapshots, registrations and the source's block",
        )


def preview(plan: Plan, options: RunOptions) -> Leftovers | UnfinishedCutover:
    """What an abort would remove, or roll back. Changes nothing on the domains.

    Raises:
        PreconditionError: as in `subject`.
    """
    state = State(options.state, plan.name)
    found = subject(state)
    require_same_sides(found.journal, plan)
    if found.what == "cutover":
        return abort_cutover.preview(plan, found.journal)
    if found.what == "seed rounds":
        return seeding.preview(plan, runs_with_copies(state))
    if found.what == "migration":
        return migration.preview(plan, found.journal)
    return leftovers(plan, options)


def leftovers(plan: Plan, options: RunOptions) -> Leftovers:
    """What the plan's latest rehearsal has left. Changes nothing on the domains.

    Raises:
        PreconditionError: it has left nothing.
    """
    state = State(options.state, plan.name)
    journal = require_leftover(state)
    begun = target_of(as_begun(plan, journal), settings_of(journal))
    met = contact(begun, state)
    unsaved = UnsavedJournal(journal.path, journal.document)
    return removal.leftovers(as_rehearsed(Migration(begun, met.source, met.target, unsaved)))


def abort(plan: Plan, options: RunOptions) -> RemovalRecord | RolledBackRecord:
    """Remove, or roll back, what the plan has left; may be repeated and resumed.

    Raises:
        PreconditionError: as in `subject`.
        SnapferryError: a domain refused, or was busy for too long; how the run stands is in its journal.
    """
    state = State(options.state, plan.name)
    found = subject(state)
    require_same_sides(found.journal, plan)
    if found.what == "cutover":
        await_guard(state, but=(GuardState.RELEASING,))
        by_guard = Journal.load(found.journal.path)
        if is_rolled_back(by_guard.document):
            return abort_cutover.rolled_back(by_guard)
        return abort_cutover.abort_cutover(plan, options, found.journal)
    if found.what == "seed rounds":
        _require_consent(options)
        return seeding.abort_seeding(plan, options, found.journal)
    if found.what == "migration":
        return migration.abort_migration(plan, options, found.journal)
    return _rehearsal(plan, options)


def _rehearsal(plan: Plan, options: RunOptions) -> RemovalRecord:
    with aborting(plan, options) as m:
        with m.journal.step(StepName.CLEAN):
            removed = removal.remove_made(as_rehearsed(m))
            removal.require_removed(as_rehearsed(m))
        m.journal.keep(StepName.CLEAN, removed)
        report_progress(Progress(StepName.CLEAN, "what the rehearsal has made is removed", finished=True))
    return removed
