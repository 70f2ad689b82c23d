"""Sessions of a rehearsal: one works on it, one removes what it has left. Imports no Prefect."""

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from configs.plan import Plan
from flows.sessions.begin_or_resume import Request, begin_or_resume
from flows.sessions.options import RunOptions
from flows.sessions.session import working
from flows.sessions.verb_rules import ABORT_REHEARSAL, REHEARSE
from flows.sessions.which_run import require_leftover
from runs.begun_plan import as_begun
from tasks import steps
from tasks.errors import PreconditionError
from tasks.migration import Migration
from tasks.records.resolution import Unit
from tasks.rehearsal import (
    Rehearsal,
    rehearsal_plan,
    rename_all,
    select_units,
    settings_of,
    with_shadow,
)
from tasks.selection.select import Selection
from tasks.survey import Survey


@contextmanager
def rehearsing(plan: Plan, wanted: Rehearsal, options: RunOptions) -> Generator[Migration]:
    """Hold plan and pair, yield the rehearsal to work on, and write how it ended.

    The yielded migration's plan is the real one, with the shadow domain in the target's place.

    Raises:
        PlanChanged: an unfinished rehearsal was begun with other options, or under another plan.
        PreconditionError: an unfinished rehearsal is being removed.
        SnapferryError: from the steps, after it has been written down.
    """
    request = Request(plan, options, rehearsal=wanted)
    with working(target_of(plan, wanted), options, partial(begin_or_resume, request, REHEARSE)) as m:
        yield m


@contextmanager
def aborting(plan: Plan, options: RunOptions) -> Generator[Migration]:
    """Hold plan and pair, and yield the rehearsal to remove.

    The yielded migration's plan is the one that the rehearsal began with: names and places are those of
    then. Its hooks are not called: none may keep what was made from being removed.

    Raises:
        PreconditionError: no rehearsal has left anything.
        PlanChanged: the plan's logins do not fit the domains of that rehearsal any more.
    """
    request = Request(plan, options)
    journal = require_leftover(request.state)
    begun = target_of(as_begun(plan, journal), settings_of(journal))
    journal_of = partial(begin_or_resume, request, ABORT_REHEARSAL)
    with working(begun, options, journal_of, ABORT_REHEARSAL.ends) as m:
        yield m


def as_rehearsed(m: Migration) -> Migration:
    """The migration that a rehearsal carries out: its plan's indices alone, under their prefixed names.

    They are those that it resolved; before that, those that fit the plan's patterns.
    """
    decided = m.journal.document.recorded(steps.RESOLVE)
    return _under_prefix(m, decided.every_unit if decided else (), settings_of(m.journal).prefix)


def to_rehearse(m: Migration, wanted: Rehearsal) -> tuple[Migration, Survey, Selection]:
    """The migration that a rehearsal would carry out, its survey, and what the plan selects. Reads only.

    Raises:
        PreconditionError: --only fits none of the plan's indices.
    """
    selection = Survey.of(m).selection
    worked = _under_prefix(m, select_units(selection.units, wanted.only), wanted.prefix)
    return worked, Survey.of(worked, rename_all), selection


def _under_prefix(m: Migration, units: Iterable[Unit], prefix: str) -> Migration:
    names = [unit.name for unit in units]
    return replace(m, plan=rehearsal_plan(m.plan, names or m.plan.indices.include, prefix))


def target_of(plan: Plan, wanted: Rehearsal) -> Plan:
    """The plan with the domain that is rehearsed on as its target.

    Raises:
        PreconditionError: --shadow names nothing that could be the target.
    """
    try:
        return with_shadow(plan, wanted.shadow)
    except ValueError as error:
        raise PreconditionError(
            f"--shadow {wanted.shadow} cannot be used: {error}",
            hint="give a domain's name or its https:// URL",
        ) from error
