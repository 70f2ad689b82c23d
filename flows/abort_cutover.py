"""Roll back a cutover from outside, after a kill or when it does not end by itself. Needs no Prefect.

It must work whatever else is wrong: also when the target does not answer, or the plan was changed. So the
source takes writes again before anything else is read.
"""

from collections.abc import Generator
from contextlib import contextmanager

from configs.plan import Plan
from domains.engine import snapshots
from domains.engine.catalog import catalog
from domains.engine.cluster import identity
from domains.errors import SnapferryError
from flows.cutover_rollback import (
    close_target,
    original_failure,
    record_rolled_back,
    release_source,
)
from flows.sessions.begin_or_resume import Request, begin_or_resume
from flows.sessions.notifications import write_report
from flows.sessions.options import RunOptions
from flows.sessions.session import count_requests, open_domains, open_side, status_after
from flows.sessions.several_runs import clusters
from flows.sessions.verb_rules import ABORT_CUTOVER, require_nothing_open
from runs import begun_plan, interruptions
from runs.begun_plan import require_same_clusters
from runs.errors import PlanChanged, StateUnusable
from runs.journal import Journal
from runs.lifecycle import RunStatus
from runs.state import State
from tasks import steps
from tasks.cleanup.ownership import own_snapshot
from tasks.cutover import freeze, roll_back, window
from tasks.errors import ExecutionError
from tasks.migration import Migration
from tasks.records.cleanup import RolledBackRecord
from tasks.records.cutover import ReleaseRecord
from tasks.records.previews import UnfinishedCutover
from tasks.seeding.copies import own_uuids
from tasks.seeding.ledger import ledger

_WHY = ABORT_CUTOVER.ends[1]


def preview(plan: Plan, journal: Journal) -> UnfinishedCutover:
    """How a cutover stands that has opened nothing yet. Changes nothing.

    Raises:
        PreconditionError: it is opening the target.
    """
    require_nothing_open(journal)
    begun = _as_begun(plan, journal)
    source = open_side(begun, "source")
    m = Migration(begun, source, source, journal)
    entry = journal.document.window
    opened, problem = _opened(m)
    return UnfinishedCutover(
        run_id=journal.run_id,
        frozen=entry.frozen if entry else None,
        deadline=entry.deadline if entry else None,
        refusing=tuple(freeze.still_blocked(m)),
        opened=opened,
        target_problem=problem,
        snapshot=_running_snapshot(m),
    )


def _opened(m: Migration) -> tuple[tuple[str, ...], str]:
    """The copies that are open by now; and why the target could not be read."""
    try:
        target = catalog(open_side(m.plan, "target")).indices
    except SnapferryError as error:
        return (), error.message
    own = own_uuids(m, ledger(State.of(m.journal)))
    names = (n for n, uuid in own.items() if n in target and target[n].uuid == uuid and target[n].open)
    return tuple(sorted(names)), ""


def _running_snapshot(m: Migration) -> str | None:
    name = own_snapshot(m)
    found = snapshots.get(m.source, m.repository, name) if name else None
    return name if found and found.running else None


def abort_cutover(plan: Plan, options: RunOptions, before: Journal) -> RolledBackRecord:
    """Release the source, then roll back the rest: close the copies, end the snapshot and the pause.

    May be repeated, and resumed after a kill.

    Args:
        before: the cutover's journal.

    Raises:
        Busy: a process works on it, or has meanwhile.
        PreconditionError: it is opening the target.
        SnapferryError: a domain refused or does not answer; how the run stands is in its journal.
    """
    return roll_back_from_outside(plan, options, before, _WHY, RunStatus.ABANDONED)


def roll_back_from_outside(
    plan: Plan, options: RunOptions, before: Journal, why: str, status: RunStatus
) -> RolledBackRecord:
    """The same, for whatever reason.

    Args:
        why: why it is rolled back, unless that had begun before.
        status: the run's status once that is done.
    """
    is_held = False
    try:
        with State(options.state, plan.name).lock_plan():
            is_held = True
            return _rolled_back_on_record(plan, options, before, why, status)
    except StateUnusable:  # nothing can be written down, as on a full disk: the source all the same
        if not is_held:
            raise  # another process may be in the window
        begun = _as_begun(plan, before)
        source = open_side(begun, "source")
        freeze.release_unrecorded(Migration(begun, source, source, before))
        raise


def _rolled_back_on_record(
    plan: Plan, options: RunOptions, before: Journal, why: str, status: RunStatus
) -> RolledBackRecord:
    with _recording(plan, options, before) as journal:
        released = _release(_as_begun(plan, journal), journal, why, status)
        _roll_back_the_rest(plan, options, journal)
        if isinstance(released, ExecutionError):
            raise released
        record_rolled_back(journal)
        return rolled_back(journal)


def rolled_back(journal: Journal) -> RolledBackRecord:
    """What a cutover that was rolled back has released and closed."""
    copies = journal.document.recorded(steps.COPIES)
    released = journal.document.recorded(steps.RELEASE)
    return RolledBackRecord(
        run_id=journal.run_id,
        released=released.released if released else (),
        copies=len(copies.copies) if copies else 0,
    )


@contextmanager
def _recording(plan: Plan, options: RunOptions, before: Journal) -> Generator[Journal]:
    """Yield the cutover's journal as it is now, and write how it ended; the caller holds the plan."""
    journal = begin_or_resume(Request(plan, options, seen=before.run_id), ABORT_CUTOVER)
    try:
        yield journal
    except BaseException as error:
        hint = error.hint if isinstance(error, SnapferryError) else ""
        message = str(error) if isinstance(error, Exception) else "interrupted from outside"
        journal.settle(status_after(error, journal), message, hint)
        raise
    else:
        _settle(journal)
    finally:
        write_report(journal)


def _settle(journal: Journal) -> None:
    """Write how it stands: as it had failed, where it was being rolled back already; else as given up."""
    status = RunStatus((journal.document.failure or {}).get("status", RunStatus.ABANDONED))
    if status is RunStatus.ABANDONED:
        journal.settle(status, _WHY)
    else:
        failed = original_failure(journal)
        journal.settle(status, failed.message, failed.hint)


def _release(begun: Plan, journal: Journal, why: str, status: RunStatus) -> ReleaseRecord | ExecutionError:
    """Release the source without asking anything of the target: that may be what is wrong.

    Returns:
        What was released, or the error that names what was not; it is raised once the rest is rolled back.
    """
    source = open_side(begun, "source")
    uuids, here = clusters(journal), identity(source).uuid
    if uuids:
        require_same_clusters(journal, (here, uuids[1]))
    m = Migration(begun, source, source, journal)
    window.withdraw_opening(m)  # killed before anything was opened
    roll_back.begin(m, why, "", status)
    try:
        with interruptions.put_off():
            return release_source(m)
    except ExecutionError as error:
        return error
    finally:
        count_requests(journal, (source,))


def _roll_back_the_rest(plan: Plan, options: RunOptions, journal: Journal) -> None:
    begun = _as_begun(plan, journal)
    source, target = open_domains(begun)
    uuids = identity(source).uuid, identity(target).uuid
    with State(options.state, plan.name).lock_pair(*uuids):
        require_same_clusters(journal, uuids)
        try:
            close_target(Migration(begun, source, target, journal))
        finally:
            count_requests(journal, (source, target))


def _as_begun(plan: Plan, journal: Journal) -> Plan:
    """The plan that the cutover began with; where today's logins do not fit, with those of then."""
    try:
        return begun_plan.as_begun(plan, journal)
    except PlanChanged:
        return Plan.model_validate(journal.document.plan | {"hooks": []})
