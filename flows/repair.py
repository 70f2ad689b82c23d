"""Repair what a verification of a finished migration names. Needs no Prefect."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager

from configs.plan import Plan
from flows.sessions.begin_or_resume import Request, begin_or_resume
from flows.sessions.first_contact import contact
from flows.sessions.notifications import write_report
from flows.sessions.options import RunOptions
from flows.sessions.session import count_requests
from flows.sessions.verb_rules import REPAIR
from flows.sessions.which_run import repairable_run
from flows.verify import verify_again
from reports.words.queries import failure
from runs.begun_plan import require_same_clusters, require_same_plan
from runs.lifecycle import RunStatus
from runs.progress import Progress, report_progress
from runs.state import State
from runs.step_names import StepName
from runs.verbs import Verb
from tasks import steps
from tasks.errors import PreconditionError
from tasks.migration import Migration
from tasks.queries.in_verification import with_queries
from tasks.records.repair import RepairedIndex, RepairPreview, RepairRecord
from tasks.records.resolution import Resolution
from tasks.records.verification import VerificationRecord
from tasks.repair import repair as repairing

_MAY_DIFFER = ("verify", "cutover")


def preview(plan: Plan, options: RunOptions) -> RepairPreview:
    """What `repair` would do. Reads, and refreshes both sides.

    Raises:
        PreconditionError: there is no run to repair, an index cannot be repaired, or the target is in use.
    """
    _require_source(plan)
    state = State(options.state, plan.name)
    journal = repairable_run(state)
    require_same_plan(journal, plan, but=_MAY_DIFFER)
    met = contact(plan, state)
    require_same_clusters(journal, met.uuids)
    work = _work(Migration(_by_documents(plan), met.source, met.target, journal))
    return work.preview(work.look())


def repair(plan: Plan, options: RunOptions) -> RepairRecord:
    """Repair the documents that a verification names, verify again, and record how the run stands now.

    May be repeated, and resumed after a kill.

    Raises:
        PreconditionError: as `preview`; nothing was changed.
        SnapferryError: a domain refused or was busy for too long, or the target has moved on.
    """
    _require_source(plan)
    with _held(plan, options) as m:
        repairing.put_in_order(m)
        work = _work(m)
        seen = work.look()
        if not seen.named and StepName.REPAIR not in m.journal.document.steps:
            return RepairRecord(at=seen.record.at, verified=seen.record)
        with m.journal.step(StepName.REPAIR):
            record = work.repair(seen)
        m.journal.keep(StepName.REPAIR, record)
        _settle(m, record)
        report_progress(Progress(StepName.REPAIR, "repaired and verified again", finished=True))
        return record


def _require_source(plan: Plan) -> None:
    if plan.source_domain is None:
        raise PreconditionError(
            "the plan's source is a snapshot: there is no source to copy documents from",
            hint="delete the index on the target, and migrate it from the snapshot again: "
            f"{Verb.MIGRATE.command} --new-run",
        )


def _by_documents(plan: Plan) -> Plan:
    """The plan with a level that names documents: counts name none."""
    if plan.verify.level != "counts":
        return plan
    return plan.model_copy(update={"verify": plan.verify.model_copy(update={"level": "operations"})})


@contextmanager
def _held(plan: Plan, options: RunOptions) -> Generator[Migration]:
    """Hold plan and pair, and yield the finished run."""
    state = State(options.state, plan.name)
    with state.lock_plan():
        journal = begin_or_resume(Request(plan, options), REPAIR)
        met = contact(plan, state)
        with state.lock_pair(*met.uuids):
            require_same_clusters(journal, met.uuids)
            try:
                yield Migration(_by_documents(plan), met.source, met.target, journal)
            finally:
                count_requests(journal, met.domains)
                journal.save()
                write_report(journal)


def _work(m: Migration) -> repairing.Repair:
    resolution = m.journal.document.recorded(steps.RESOLVE)
    if resolution is None:
        raise PreconditionError(
            f"run {m.journal.run_id} has not recorded what it moved", hint="see `snapferry report PLAN`"
        )

    def verify(repaired: Mapping[str, RepairedIndex], most_named: int) -> VerificationRecord:
        record = verify_again(m, resolution, m.journal, repaired, most_named)
        return with_queries(m, resolution, record)

    return repairing.Repair(m, resolution, verify)


def _settle(m: Migration, record: RepairRecord) -> None:
    """Record how the run stands now. Later writes to the source do not make a run that was done different."""
    journal, verified = m.journal, record.verified
    assert verified
    if verified.passed:
        if journal.document.status is RunStatus.DIFFERENT:
            _end_well(m)
    elif not verified.bracketed:
        failing = len(verified.failing) or len(verified.refuted)
        if not failing and verified.queries:
            why = f"after a repair, {failure(verified.queries)}"
            journal.settle(RunStatus.DIFFERENT, why, "`snapferry compare-queries PLAN` compares again")
            return
        journal.settle(
            RunStatus.DIFFERENT,
            f"after a repair, {failing} of {len(verified.verdicts)} indices differ or could not be compared",
            "`snapferry verify PLAN` compares again; `snapferry report PLAN` lists every index",
        )


def _end_well(m: Migration) -> None:
    """A run whose verification had failed is done now, or goes on with what comes after the verification."""
    if _is_complete(m):
        m.journal.settle(RunStatus.DONE)
        return
    m.journal.settle(
        RunStatus.INTERRUPTED,
        "repaired and equal; what comes after the verification is left to do",
        f"the migration goes on with it: {Verb.MIGRATE.command}",
    )


def _is_complete(m: Migration) -> bool:
    document = m.journal.document
    resolution: Resolution | None = document.recorded(steps.RESOLVE)
    wanted = {
        steps.MERGE: resolution is not None and bool(resolution.merges),
        steps.SWITCH_ALIASES: resolution is not None and bool(resolution.switches),
        steps.METADATA_AFTER: m.plan.metadata.automatic,
    }
    return all(document.record(step.name) is not None for step, is_wanted in wanted.items() if is_wanted)
