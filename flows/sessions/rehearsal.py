"""One session of a rehearsal: which run it belongs to, and what of it is left. Imports no Prefect."""

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import replace

from pydantic import ValidationError

from configs.plan import Plan
from flows.sessions.session import Options, require_same_clusters, working
from runs.begun_plan import plan_record, require_same_plan
from runs.errors import PlanChanged
from runs.journal import Journal
from runs.lifecycle import RunStatus, is_leftover, is_unfinished_rehearsal
from runs.state import State
from runs.verbs import Verb
from tasks import steps
from tasks.errors import PreconditionError
from tasks.migration import Migration
from tasks.records.resolution import Unit
from tasks.rehearsal import Rehearsal, rehearsal_plan, rename_all, select_units, with_shadow
from tasks.survey import Survey


def leftover(state: State) -> Journal | None:
    """The latest rehearsal that has made something and has not taken it away again; None without one."""
    for journal in state.journals():
        if is_leftover(journal.document):
            return journal
    return None


def unfinished(state: State) -> Journal | None:
    """The rehearsal that the next command resumes: one that is left over and was not to be kept."""
    journal = leftover(state)
    return journal if journal and is_unfinished_rehearsal(journal.document) else None


def settings_of(journal: Journal) -> Rehearsal:
    """How the plan is rehearsed in this run."""
    return Rehearsal.model_validate(journal.document.rehearsal)


@contextmanager
def rehearsing(plan: Plan, wanted: Rehearsal, options: Options) -> Generator[Migration]:
    """Holds plan and pair, yields the rehearsal to work on, and writes how it ended.

    The yielded migration's plan is the real one, with the shadow domain in the target's place.

    Raises:
        PlanChanged: an unfinished rehearsal was begun with other options, or under another plan.
        PreconditionError: an unfinished rehearsal is being taken away.
        SnapferryError: from the steps, after it has been written down.
    """
    state = State(options.state, plan.name)

    def journal_of(uuids: tuple[str, str]) -> Journal:
        current = unfinished(state)
        if current is None:
            journal = state.begin(plan, Verb.REHEARSE)
            journal.document.sessions = 1
            journal.document.rehearsal = wanted.model_dump(mode="json")
            journal.save()
            return journal
        if current.document.aborting:
            raise PreconditionError(
                f"rehearsal {current.run_id} is being taken away",
                hint="finish that first: snapferry abort PLAN --execute",
            )
        require_same_plan(current, plan)
        _require_same_options(current, wanted)
        require_same_clusters(current, uuids)
        current.resume()
        return current

    with working(target_of(plan, wanted), options, journal_of) as m:
        yield m


@contextmanager
def aborting(plan: Plan, options: Options) -> Generator[Migration]:
    """Holds plan and pair, and yields the rehearsal that is to be taken away.

    The yielded migration's plan is the one that the rehearsal began with: names and places are looked for as
    they were then. Its hooks are not told: none may keep what was made from being removed.

    Raises:
        PreconditionError: no rehearsal has left anything.
        PlanChanged: the plan's logins do not fit the domains of that rehearsal any more.
    """
    state = State(options.state, plan.name)

    def journal_of(uuids: tuple[str, str]) -> Journal:
        journal = require_leftover(state)
        require_same_clusters(journal, uuids)
        journal.document.aborting = True
        journal.resume()
        return journal

    journal = require_leftover(state)
    begun = target_of(as_begun(plan, journal), settings_of(journal))
    with working(begun, options, journal_of, (RunStatus.ABANDONED, "taken away by `snapferry abort`")) as m:
        yield m


def as_begun(plan: Plan, journal: Journal) -> Plan:
    """The plan that a run began with, with today's logins and ways to the domains, and without hooks.

    Raises:
        PlanChanged: the two do not go together.
    """
    begun, today = dict(journal.document.plan), plan_record(plan)
    for side in ("source", "target"):
        begun[side] = begun[side] | {key: today[side][key] for key in ("auth", "connect_to", "ca_bundle")}
    try:
        return Plan.model_validate(begun | {"hooks": []})
    except ValidationError as error:
        raise PlanChanged(
            f"the plan's logins do not fit the domains of run {journal.run_id} any more",
            "put the plan back as it was when that run began, and run the same command again",
        ) from error


def as_rehearsed(m: Migration) -> Migration:
    """The migration that a rehearsal carries out: its plan's indices alone, under their prefixed names.

    What was resolved tells which; before that, the plan's patterns do.
    """
    decided = m.journal.document.recorded(steps.RESOLVE)
    return _under_prefix(m, decided.units if decided else (), settings_of(m.journal).prefix)


def to_rehearse(m: Migration, wanted: Rehearsal) -> tuple[Migration, Survey]:
    """The migration that a rehearsal would carry out, and the look at its domains. Reads only.

    Raises:
        PreconditionError: --only fits none of the plan's indices.
    """
    worked = _under_prefix(m, select_units(Survey.of(m).selection.units, wanted.only), wanted.prefix)
    return worked, Survey.of(worked, rename_all)


def _under_prefix(m: Migration, units: Iterable[Unit], prefix: str) -> Migration:
    names = [unit.name for unit in units]
    return replace(m, plan=rehearsal_plan(m.plan, names or m.plan.indices.include, prefix))


def require_leftover(state: State) -> Journal:
    """The rehearsal that has left something.

    Raises:
        PreconditionError: there is none.
    """
    journal = leftover(state)
    if journal is None:
        raise PreconditionError(
            f"no rehearsal, seed round or cutover of plan {state.plan_name} has left anything behind",
            hint="a migration is not taken away again: `snapferry status` shows where it stands",
        )
    return journal


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


def _require_same_options(journal: Journal, wanted: Rehearsal) -> None:
    begun = settings_of(journal)
    differing = [
        f"{name}: {getattr(begun, name)!r} → {getattr(wanted, name)!r}"
        for name in ("prefix", "only", "shadow")
        if getattr(begun, name) != getattr(wanted, name)
    ]
    if differing:
        raise PlanChanged(
            f"rehearsal {journal.run_id} is unfinished; its options were others: {'; '.join(differing)}",
            "go on with the same options, or take it away: snapferry abort PLAN --execute",
        )
    if begun.keep != wanted.keep:
        journal.document.rehearsal = wanted.model_dump(mode="json")
        journal.save()
