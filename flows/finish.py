"""Settling what a finished run has left: snapshots, registrations, the source's block. Needs no Prefect."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from configs.plan import Plan
from domains.engine.cluster import identity
from flows.sessions.notifications import write_report
from flows.sessions.rehearsal import as_begun
from flows.sessions.session import Options, count_requests, open_domains, require_same_clusters
from flows.sessions.several_runs import migrations_of
from runs.journal import Journal
from runs.lifecycle import RunStatus, is_finished, is_opening, is_rolled_back
from runs.progress import Progress, report_progress
from runs.seed_cycles import cycle_of, removed_runs
from runs.state import State
from runs.step_names import StepName
from runs.verbs import Verb
from tasks import finish as finishing
from tasks.errors import PreconditionError
from tasks.migration import Migration
from tasks.records.cleanup import Finish, FinishRecord
from tasks.records.previews import FinishPreview

_TAKE_AWAY = "or take the copies and snapshots away: snapferry abort PLAN --execute --seeds"


@dataclass(frozen=True)
class Choices:
    """What a user has chosen; None where nothing was said: as an earlier command, or as is usual."""

    snapshots: str | None = None
    registrations: str | None = None
    source: str | None = None


def finished_run(state: State) -> Journal:
    """The plan's latest run, if it is a migration or a cutover that is done.

    Raises:
        PreconditionError: it is not; says what to do first.
    """
    away = removed_runs(state)
    for journal in state.journals():
        document = journal.document
        put_back = is_rolled_back(document)
        given_up = journal.run_id in away or (document.status is RunStatus.ABANDONED and not put_back)
        if (
            document.verb.moves_to_stay
            and (journal.changed_something or document.status is RunStatus.DONE)
            and not given_up
        ):
            _require_done(journal, put_back=put_back)
            return journal
    raise PreconditionError(
        f"no run of plan {state.plan_name} has moved anything", hint="see `snapferry plan PLAN` first"
    )


def _require_done(journal: Journal, *, put_back: bool) -> None:
    document = journal.document
    what = document.verb.label.lower()
    if document.verb is not Verb.SEED and document.status is RunStatus.DONE and is_finished(document):
        return
    if document.verb is Verb.SEED:
        said, hint = "comes before its cutover", f"cut over first: {Verb.CUTOVER.command}; {_TAKE_AWAY}"
    elif put_back:
        said, hint = "was put back", f"cut over again: {Verb.CUTOVER.command}; {_TAKE_AWAY}"
    elif document.status is RunStatus.DIFFERENT:
        said, hint = (
            "has ended with a difference",
            "see `snapferry report PLAN`; finish settles what is verified",
        )
    else:
        said = "is unfinished"
        hint = f"finish it with the same command: {document.verb.command}"
        if document.verb is Verb.CUTOVER and not is_opening(document):
            hint += "; or put everything back: snapferry abort PLAN --execute"
    raise PreconditionError(f"{what} {journal.run_id} {said}: there is nothing to settle yet", hint=hint)


def preview(plan: Plan, options: Options, choices: Choices) -> FinishPreview:
    """What `finish` would do. Changes nothing on the domains.

    Raises:
        PreconditionError: the latest run is not done; or something of what is wanted cannot be done any more.
    """
    state = State(options.state, plan.name)
    journal = finished_run(state)
    begun = as_begun(plan, journal)
    m = Migration(begun, *open_domains(begun), journal)
    require_same_clusters(journal, (identity(m.source).uuid, identity(m.target).uuid))
    runs = _runs(state, journal)
    return finishing.preview(m, migrations_of(m, plan, _rounds(journal)), runs, _wanted(m, choices))


def finish(plan: Plan, options: Options, choices: Choices) -> FinishRecord:
    """Settles what the finished run has left. May be repeated, and continued after a kill.

    How the run stands is not touched by it: it goes on being done.

    Raises:
        PreconditionError: the latest run is not done; or something of what is wanted cannot be done any more.
        SnapferryError: a domain refused, or was busy for too long; the same command goes on.
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
        report_progress(Progress(StepName.FINISH, "what the run has left is settled", finished=True))
        return settled


@contextmanager
def _held(plan: Plan, options: Options) -> Generator[Migration]:
    """Holds plan and pair, and yields the finished run; its status stays as it is."""
    state = State(options.state, plan.name)
    with state.lock_plan():
        journal = finished_run(state)
        begun = as_begun(plan, journal)
        source, target = open_domains(begun)
        uuids = identity(source).uuid, identity(target).uuid
        with state.lock_pair(*uuids):
            require_same_clusters(journal, uuids)
            try:
                yield Migration(begun, source, target, journal)
            finally:
                count_requests(journal, (source, target))
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
