"""Remove what seed rounds have made. Needs no Prefect: it is one step, which reads before it acts."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from functools import partial

from configs.plan import Plan
from flows.sessions.begin_or_resume import Request, begin_or_resume
from flows.sessions.first_contact import contact
from flows.sessions.options import RunOptions
from flows.sessions.session import working
from flows.sessions.several_runs import clusters, migrations_of
from flows.sessions.verb_rules import ABORT_SEEDING
from runs.begun_plan import as_begun
from runs.journal import Journal
from runs.lifecycle import is_finished
from runs.progress import Progress, report_progress
from runs.seed_cycles import runs_with_copies
from runs.state import State
from runs.step_names import StepName
from tasks.cleanup.seed_rounds import leftovers_of_rounds, remove_rounds, require_rounds_removed
from tasks.migration import Migration
from tasks.records.cleanup import Leftovers, RemovalRecord, Skipped, SkippedReason


def preview(plan: Plan, journals: Sequence[Journal]) -> Leftovers:
    """What the plan's seed rounds have left. Changes nothing on the domains.

    Args:
        journals: of the rounds, the oldest first.
    """
    latest = journals[-1]
    begun = as_begun(plan, latest)
    met = contact(begun, State.of(latest))
    m = Migration(begun, met.source, met.target, latest)
    found = leftovers_of_rounds(m, migrations_of(m, plan, journals))
    return found.model_copy(update={"left": (*found.left, *_elsewhere(journals))})


def abort_seeding(plan: Plan, options: RunOptions, before: Journal) -> RemovalRecord:
    """Remove what the plan's seed rounds have left; may be repeated and resumed.

    Args:
        before: the journal of the latest of them.

    Raises:
        Busy: another process has worked on them meanwhile.
        SnapferryError: a domain refused, or was busy for too long; how the run stands is in its journal.
    """
    state = State(options.state, plan.name)
    with _removing(plan, options, before) as m:
        journals = tuple(m.journal if j.run_id == m.journal.run_id else j for j in runs_with_copies(state))
        rounds = migrations_of(m, plan, journals)
        with m.journal.step(StepName.CLEAN):
            removed = remove_rounds(m, rounds)
            require_rounds_removed(m, rounds)
        removed = removed.model_copy(update={"left": (*removed.left, *_elsewhere(journals))})
        for journal in journals:
            if journal is m.journal or not is_finished(journal.document):
                journal.settle(*ABORT_SEEDING.ends)
        state.remove_sent(())
        m.journal.keep(StepName.CLEAN, removed)  # the last thing: from now on the next round is the first
        report_progress(Progress(StepName.CLEAN, "what the seed rounds have made is removed", finished=True))
    return removed


@contextmanager
def _removing(plan: Plan, options: RunOptions, before: Journal) -> Generator[Migration]:
    """Hold plan and pair, and yield the latest round, whose journal records the removal."""
    journal_of = partial(begin_or_resume, Request(plan, options, seen=before.run_id), ABORT_SEEDING)
    with working(as_begun(plan, before), options, journal_of, ABORT_SEEDING.ends) as m:
        yield m


def _elsewhere(journals: Sequence[Journal]) -> tuple[Skipped, ...]:
    """Rounds between other domains than the latest: nothing of them is removed."""
    here = clusters(journals[-1])
    why = SkippedReason.OTHER_DOMAINS
    return tuple(
        Skipped(name=f"round {journal.run_id}", why=why) for journal in journals if clusters(journal) != here
    )
