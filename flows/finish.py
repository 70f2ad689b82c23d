"""Clean up after a finished run: snapshots, registrations, the source's block. Needs no Prefect."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from configs.plan import Plan
from flows.sessions.begin_or_resume import Request, begin_or_resume
from flows.sessions.first_contact import contact
from flows.sessions.notifications import write_report
from flows.sessions.options import RunOptions
from flows.sessions.session import count_requests
from flows.sessions.several_runs import migrations_of
from flows.sessions.verb_rules import FINISH
from flows.sessions.which_run import finished_run
from runs.begun_plan import as_begun, require_same_clusters, require_same_sides
from runs.journal import Journal
from runs.progress import Progress, report_progress
from runs.seed_cycles import cycle_of
from runs.state import State
from runs.step_names import StepName
from tasks import finish as finishing
from tasks.migration import Migration
from tasks.records.cleanup import Finish, FinishRecord
from tasks.records.previews import FinishPreview


@dataclass(frozen=True)
class Choices:
    """What a user has chosen; None leaves an earlier command's choice, or else the default."""

    snapshots: str | None = None
    registrations: str | None = None
    source: str | None = None


def preview(plan: Plan, options: RunOptions, choices: Choices) -> FinishPreview:
    """What `finish` would do. Changes nothing on the domains.

    Raises:
        PreconditionError: the latest run is not done; or something of what is wanted cannot be done any more.
    """
    state = State(options.state, plan.name)
    journal = finished_run(state)
    require_same_sides(journal, plan)
    begun = as_begun(plan, journal)
    met = contact(begun, state)
    m = Migration(begun, met.source, met.target, journal)
    require_same_clusters(journal, met.uuids)
    runs = _runs(state, journal)
    return finishing.preview(m, migrations_of(m, plan, _rounds(journal)), runs, _wanted(m, choices))


def finish(plan: Plan, options: RunOptions, choices: Choices) -> FinishRecord:
    """Clean up what the finished run has left. May be repeated, and resumed after a kill.

    The run's status is not touched by it: it stays done.

    Raises:
        PreconditionError: the latest run is not done; or something of what is wanted cannot be done any more.
        SnapferryError: a domain refused, or was busy for too long; the same command resumes it.
    """
    state = State(options.state, plan.name)
    with _held(plan, options) as m:
        wanted, before = _wanted(m, choices), finishing.earlier_finish(m)
        if before and finishing.is_cleaned_up(m, wanted):
            return before
        runs = _runs(state, m.journal)
        of_it = {journal.run_id for journal in _rounds(m.journal)}
        rounds = migrations_of(m, plan, [journal for journal in runs if journal.run_id in of_it])
        with m.journal.step(StepName.FINISH):
            settled = finishing.clean_up(m, rounds, runs, wanted)
        m.journal.keep(StepName.FINISH, settled)
        report_progress(Progress(StepName.FINISH, "what the run has left is cleaned up", finished=True))
        return settled


@contextmanager
def _held(plan: Plan, options: RunOptions) -> Generator[Migration]:
    """Hold plan and pair, and yield the finished run; its status stays as it is."""
    state = State(options.state, plan.name)
    with state.lock_plan():
        journal = begin_or_resume(Request(plan, options), FINISH)
        require_same_sides(journal, plan)
        begun = as_begun(plan, journal)
        met = contact(begun, state)
        with state.lock_pair(*met.uuids):
            require_same_clusters(journal, met.uuids)
            try:
                yield Migration(begun, met.source, met.target, journal)
            finally:
                count_requests(journal, met.domains)
                journal.save()
                write_report(journal)


def _runs(state: State, journal: Journal) -> tuple[Journal, ...]:
    """All runs of the plan, the oldest first, this very journal among them: they share registrations."""
    found = reversed(tuple(state.journals()))
    return tuple(journal if each.run_id == journal.run_id else each for each in found)


def _rounds(journal: Journal) -> tuple[Journal, ...]:
    """The run and its seed rounds, the oldest first."""
    if not journal.document.verb.is_round:
        return (journal,)
    return tuple(each for each in cycle_of(journal) if each.changed_something)


def _wanted(m: Migration, choices: Choices) -> Finish:
    before = finishing.earlier_finish(m)
    said: dict[str, Any] = {
        "snapshots": choices.snapshots,
        "registrations": choices.registrations,
        "source": choices.source,
    }
    kept = (before.wanted if before else Finish()).model_dump()
    return Finish.model_validate(kept | {key: value for key, value in said.items() if value is not None})
