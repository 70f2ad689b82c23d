"""The session of a seed round."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from configs.plan import Plan
from flows.seed_copies import note_unfinished
from flows.sessions.begin_or_resume import Request, begin_or_resume
from flows.sessions.options import RunOptions
from flows.sessions.session import working
from flows.sessions.verb_rules import SEED
from runs.journal import Journal
from runs.lifecycle import RunStatus
from runs.verbs import Verb
from tasks.cutover import automated_snapshots
from tasks.migration import Migration


@contextmanager
def seeding(plan: Plan, options: RunOptions) -> Generator[Migration]:
    """Hold plan and pair, yield the round to work on, and write how it ended.

    Raises:
        PreconditionError: an unfinished cutover has frozen the source; or the rounds are being removed.
        PlanChanged: an unfinished round was begun under another plan.
        SnapferryError: from the steps, after it has been written down.
    """
    request = Request(plan, options)
    with working(plan, options, partial(begin_or_resume, request, SEED)) as m:
        for journal in _replaced(request):
            _give_up(m, journal)
        yield m


def _replaced(request: Request) -> tuple[Journal, ...]:
    """What this round replaces: a cutover that froze nothing, a follow, and with --new-run a round."""
    seed = request.state.unfinished(Verb.SEED) if request.options.new_run else None
    others = (request.state.unfinished(Verb.CUTOVER), request.state.unfinished(Verb.FOLLOW))
    return tuple(filter(None, (*others, seed)))


def _give_up(m: Migration, journal: Journal) -> None:
    """Give up a run that this round replaces, and note first what it brought to the target."""
    if journal.document.verb is Verb.SEED:
        note_unfinished(m, journal)
        why = f"run {m.journal.run_id} was started with --new-run"
    elif journal.document.verb is Verb.FOLLOW:
        why = f"seed round {m.journal.run_id} was started"
    else:
        automated_snapshots.resume(replace(m, journal=journal))
        why = f"it had frozen nothing, and seed round {m.journal.run_id} was started"
    journal.settle(RunStatus.ABANDONED, why)
