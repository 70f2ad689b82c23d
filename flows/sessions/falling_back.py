"""The session of a fallback, and which opening a way back leads away from."""

from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from itertools import takewhile

from configs.plan import Plan
from flows.sessions.begin_or_resume import Request, begin_or_resume
from flows.sessions.options import RunOptions
from flows.sessions.session import give_up_follow, working
from flows.sessions.verb_rules import FALLBACK
from flows.sessions.which_run import followed_opening
from runs.journal import Journal
from runs.state import State
from tasks import steps
from tasks.migration import Migration
from tasks.tail.way_back import CREATES


@contextmanager
def falling_back(plan: Plan, options: RunOptions) -> Generator[Migration]:
    """Hold plan and pair, yield the fallback to work on, and write how it ended.

    Args:
        plan: with its domains exchanged.

    Raises:
        PreconditionError: no cutover of the plan has promised a way back.
        PlanChanged: an unfinished fallback was begun under another plan.
        SnapferryError: from the steps, after it has been written down.
    """
    request = Request(plan, options)
    with working(plan, options, partial(begin_or_resume, request, FALLBACK)) as m:
        give_up_follow(m)
        yield m


def closed_by_plan(journal: Journal) -> frozenset[str]:
    """Names, on the domain that writes come back to, that refuse writes because of this plan.

    The opening's freeze has blocked them there, or a fallback since then has created them so: this one, or an
    earlier one that was rolled back.
    """
    state, back = State.of(journal), journal.document.back
    opening = followed_opening(state, back=back, besides=journal.run_id)
    if opening is None:
        return frozenset()
    frozen = opening.document.recorded(steps.FREEZE)
    since = takewhile(lambda each: each.run_id != opening.run_id, state.journals())
    created = {
        name
        for each in since
        if each.document.back is back
        for intent in each.intents(CREATES)
        if not intent.was_turned_away
        for name in intent.names
    }
    return frozenset(created.union(frozen.blocked if frozen else ()))
