"""The session of a cutover, and what a finished one shows again."""

from collections.abc import Generator
from contextlib import contextmanager
from functools import partial

from configs.plan import Plan
from flows.sessions.begin_or_resume import Request, begin_or_resume
from flows.sessions.options import RunOptions
from flows.sessions.session import give_up_follow, working
from flows.sessions.verb_rules import CUTOVER
from flows.sessions.which_run import opened_by
from runs.begun_plan import require_same_plan
from runs.guard_record import is_window_over
from runs.journal import Journal
from runs.lifecycle import is_finished, opening_has_begun
from runs.state import State
from tasks.cutover import freeze
from tasks.migration import Migration


def finished_cutover(plan: Plan, options: RunOptions) -> Journal | None:
    """The plan's cutover that has opened the target; None while there is none.

    Raises:
        PlanChanged: the plan has changed since.
    """
    current = opened_by(State(options.state, plan.name))
    if current is None or current.document.back or not is_finished(current.document):
        return None
    require_same_plan(current, plan, but=CUTOVER.may_differ or ())
    return current


def require_consent(plan: Plan, options: RunOptions) -> None:
    """Refuse a cutover that would freeze the source, or resume in its window, without the consent to that.

    Rolling back and opening need none: an unfinished cutover has come so far with it.

    Raises:
        PreconditionError: the consent is lacking.
    """
    unfinished = CUTOVER.resumes(Request(plan, options))
    if unfinished is None or not _only_ends(unfinished):
        freeze.require_consent(options.consents)


def _only_ends(unfinished: Journal) -> bool:
    """Whether all that the command can do to this cutover is to roll it back, or to open the target."""
    run = unfinished.document
    return run.aborting or opening_has_begun(run) or is_window_over(unfinished)


@contextmanager
def cutting_over(plan: Plan, options: RunOptions) -> Generator[Migration]:
    """Hold plan and pair, yield the cutover to work on, and write how it ended.

    Raises:
        PreconditionError: a seed round is unfinished, the rounds are being removed, or the consent to freeze
            is lacking.
        PlanChanged: an unfinished cutover was begun under another plan.
        SnapferryError: from the steps, after it has been written down.
    """
    request = Request(plan, options)
    with working(plan, options, partial(begin_or_resume, request, CUTOVER)) as m:
        give_up_follow(m)
        yield m
