"""The rehearsal: the whole job under other names, verified, timed, and removed again."""

from functools import partial

from configs.plan import Plan
from domains.errors import SnapferryError
from flows.chains.runtime import runtime
from flows.chains.stages import make_readable, register, require_true_copy, snapshot_restore_verify
from flows.chains.steps import perform, run_step
from flows.previews.estimates import record_estimate, record_projection, update_projection
from flows.sessions.begin_or_resume import Request
from flows.sessions.current_selection import with_current_selection
from flows.sessions.recording import MOVING, bound_record, record_step
from flows.sessions.rehearsal import as_rehearsed, rehearsing, to_rehearse
from flows.sessions.session import open_side, status_after
from flows.sessions.which_run import leftover
from runs.events import delivered_to
from runs.journal import Journal
from runs.lifecycle import RunStatus, is_kept
from runs.state import State
from tasks import steps
from tasks.checks.registry import preflight
from tasks.cleanup import removal
from tasks.errors import ExecutionError, PreconditionError, VerificationFailed
from tasks.migration import Migration
from tasks.planning import resolve
from tasks.records.checks import PreflightRecord
from tasks.records.resolution import Resolution
from tasks.records.verification import VerificationRecord
from tasks.rehearsal import Rehearsal, left_out_of_plan, settings_of


def run(request: Request) -> str:
    """Do the plan's whole job into prefixed indices on the target, verify it, and remove what it made.

    Args:
        request: its rehearsal says under which names, with which indices and on which domain.

    Returns:
        The run's id. An interrupted rehearsal is resumed.

    Raises:
        SnapferryError: refused, failed, interrupted or different. What it made is removed all the same,
            except after an interruption: then the same call resumes, and `snapferry abort` removes it.
    """
    wanted = request.rehearsal or Rehearsal()
    with runtime().showing(rehearsing(request.plan, wanted, request.options)) as m:
        _rehearse(m, request.plan)
    return m.journal.run_id


def _rehearse(m: Migration, plan: Plan) -> None:
    if steps.CLEAN.name not in m.journal.document.steps:
        _run_stages(m, plan, settings_of(m.journal))
    if not is_kept(m.journal.document):
        with delivered_to(None):  # no hook may keep what was made from being removed
            removed = run_step(m.journal, steps.CLEAN.name, lambda: removal.remove_made(as_rehearsed(m)))
            confirm = steps.CONFIRM_CLEAN.name
            run_step(m.journal, confirm, lambda: removal.require_removed(as_rehearsed(m)))
        record_step(m.journal, steps.CLEAN, removed)
    _require_success(m.journal)


def _run_stages(m: Migration, plan: Plan, wanted: Rehearsal) -> None:
    """Do everything up to the verification. Record a failure, so that what was made can be removed."""
    m.journal.document.failure = None  # left by an earlier session
    try:
        make_readable(m)
        resolution = _resolve_once(m, plan, wanted)
        rehearsed = as_rehearsed(m)
        record_estimate(rehearsed, resolution, gated=False)
        register(rehearsed, resolution)
        again = partial(_resolve_once, m, plan, wanted)
        with_current_selection(resolution, again, partial(snapshot_restore_verify, rehearsed))
    except SnapferryError as error:
        if status_after(error, m.journal) is RunStatus.INTERRUPTED or not m.journal.changed_something:
            raise
        m.journal.document.failure = {"message": str(error), "hint": error.hint}
        m.journal.save()
    decided = m.journal.document.recorded(steps.RESOLVE)
    if decided:
        update_projection(m, decided)


def _resolve_once(m: Migration, plan: Plan, wanted: Rehearsal) -> Resolution:
    decided = bound_record(m.journal, steps.RESOLVE, MOVING)
    if decided:
        return decided

    def check(resolution: Resolution) -> None:
        resolve.require_moving(resolution)
        if not wanted.keep:
            removal.require_removable(m, f"{wanted.prefix}{m.journal.run_id}")

    perform(m, steps.PREFLIGHT, lambda: _preflight(m, plan))
    resolution = perform(m, steps.RESOLVE, lambda: _resolve(m, wanted), check=check)
    record_projection(m, resolution)
    return resolution


def _resolve(m: Migration, wanted: Rehearsal) -> Resolution:
    """Decide what the rehearsal moves, and under which names. Reads only.

    Raises:
        PreconditionError: it is refused, with every reason at once. A rehearsal that was kept is named, as
            its copies have the same names.
    """
    try:
        worked, survey, real = to_rehearse(m, wanted)
        return left_out_of_plan(resolve.resolve(worked, survey), real)
    except PreconditionError as error:
        kept_one = leftover(State.of(m.journal))
        if kept_one is None or kept_one.run_id == m.journal.run_id:
            raise
        kept = f"rehearsal {kept_one.run_id} was kept: snapferry abort PLAN --execute removes it"
        raise PreconditionError(error.message, (), f"{kept}; or choose another --prefix") from error


def _preflight(m: Migration, plan: Plan) -> PreflightRecord:
    """The preflight of the real run, even if a third domain stands in for the target."""
    real = settings_of(m.journal).shadow is None
    return preflight(
        plan, lambda: m.source, (lambda: m.target) if real else partial(open_side, plan, "target")
    )


def _require_success(journal: Journal) -> None:
    """Raise what the rehearsal found to fail, now that everything is cleaned up."""
    failure = journal.document.failure
    if failure:
        again = "fix the cause, then rehearse again: everything that this rehearsal made is removed"
        resumes = "same command" in failure["hint"] and not is_kept(journal.document)
        hint = again if resumes else failure["hint"]
        raise ExecutionError(f"the rehearsal failed: {failure['message']}", hint or again)
    require_true_copy(VerificationRecord.model_validate(journal.record(steps.VERIFY.name)))
    failed = PreflightRecord.model_validate(journal.record(steps.PREFLIGHT.name)).failed
    if failed:
        named = ", ".join(dict.fromkeys(record.id for record in failed))
        raise VerificationFailed(
            f"the data moved and is equal, but the real run would be refused or fail: {named}",
            f"fix it, then rehearse again: {(failed[0].items or (failed[0].detail,))[0]}",
        )
