"""The session of `follow`, in either direction."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from configs.plan import Plan
from flows.sessions.begin_or_resume import Request, VerbRules, begin_or_resume
from flows.sessions.options import RunOptions
from flows.sessions.session import working
from flows.sessions.verb_rules import FOLLOW, FOLLOW_BACK
from flows.sessions.which_run import followed_opening
from runs.begun_plan import exchanged
from runs.lifecycle import RunStatus
from runs.state import State
from runs.verbs import Verb
from tasks.cutover import automated_snapshots
from tasks.migration import Migration


def direction(plan: Plan, folder: Path) -> tuple[Plan, VerbRules]:
    """The plan and the rules of the next session: after an opening that promised a way back, it goes back.

    Args:
        plan: as in its file.
        folder: the state folder.
    """
    if followed_opening(State(folder, plan.name), back=True):
        return exchanged(plan), FOLLOW_BACK
    return plan, FOLLOW


@contextmanager
def following(plan: Plan, options: RunOptions) -> Generator[Migration]:
    """Hold plan and pair, yield the run to work on, and write how it ended.

    Args:
        plan: in the direction of the session.

    Raises:
        PreconditionError: an unfinished cutover has frozen a domain, a seed round is unfinished, or the
            rounds are being removed.
        SnapferryError: from the steps, after it has been written down.
    """
    request = Request(plan, options)
    rules = FOLLOW_BACK if followed_opening(request.state, back=True) else FOLLOW
    with working(plan, options, partial(begin_or_resume, request, rules)) as m:
        unfinished = request.state.unfinished(Verb.FALLBACK if rules.back else Verb.CUTOVER)
        if unfinished:  # where its copies are, is what this session notes from now on
            automated_snapshots.resume(replace(m, journal=unfinished))
            why = f"it had frozen nothing, and follow {m.journal.run_id} was started"
            unfinished.settle(RunStatus.ABANDONED, why)
        yield m
