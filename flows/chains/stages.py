"""Stages shared by several flows: register, move, verify."""

from operator import attrgetter

from flows.chains.gates import pass_gate
from flows.chains.steps import perform, run_step
from reports.words import common, queries
from runs.events import Event, emit
from runs.state import State
from tasks import snapshot, steps
from tasks.errors import ExecutionError, VerificationFailed
from tasks.metadata.step import copy_phase
from tasks.migration import Migration
from tasks.planning.resolve import require_registrable
from tasks.queries.in_verification import with_queries
from tasks.records.metadata import CopiedMetadata, MetadataPhase
from tasks.records.resolution import Resolution
from tasks.records.transfer import MarksRecord, RestoreRecord, SnapshotRecord
from tasks.records.verification import Verdict, VerificationRecord
from tasks.reindex import copy
from tasks.repository import register as repository
from tasks.repository.revert import revert
from tasks.restore import restore
from tasks.selection.snapshot_record import NoSuchSnapshot, readable_through, source_snapshot
from tasks.steps import StepKey
from tasks.survey import Survey
from tasks.verification.against_record import verify_against_record
from tasks.verification.asked_settings import with_asked_settings
from tasks.verification.run import verify


def make_readable(m: Migration) -> None:
    """Let the target read the snapshot that is the plan's source, before anything is decided.

    Registers the repository readonly on the target, unless its place is registered there already. Nothing to
    do where the source is a domain.
    """
    if m.source_domain or readable_through(m.target, m.plan):
        return
    require_registrable(m)
    region = Survey.of(m).bucket_region
    perform(m, steps.REGISTER_ON_TARGET, lambda: repository.register_target(m, region))
    try:
        source_snapshot(m.target, m.plan)
    except NoSuchSnapshot as error:
        revert(m, m.target)  # of a wrong place: the plan that is put right could not use it
        raise NoSuchSnapshot(error.message, hint=f"{error.hint}; then start again with --new-run") from error


def register(m: Migration, resolution: Resolution) -> None:
    """Register the repository on the plan's domains, if anything is to be restored from it."""
    if not resolution.moving:
        return
    region = resolution.bucket_region
    if m.source_domain:
        perform(m, steps.REGISTER_ON_SOURCE, lambda: repository.register_source(m, region))
    perform(m, steps.REGISTER_ON_TARGET, lambda: repository.register_target(m, region))


def copy_metadata(m: Migration, step: StepKey[CopiedMetadata], phase: MetadataPhase) -> None:
    """Copy this half of the metadata, where the plan does so automatically."""
    if m.plan.metadata.automatic:
        perform(m, step, lambda: copy_phase(m, step.name, phase))


def snapshot_restore_verify(m: Migration, resolution: Resolution) -> VerificationRecord:
    """Snapshot, restore and verify what was decided; return the verification for the caller to judge."""
    marked = MarksRecord(marks={})
    if resolution.moving:
        marked = _mark_once(m, resolution)
        _snapshot_and_restore(m, resolution)
    else:
        pass_gate(m, "before-restore")
    if resolution.reindexed:
        perform(m, steps.REINDEX, lambda: copy.reindex(m, resolution))
    verified = perform(
        m,
        steps.VERIFY,
        lambda: with_asked_settings(m, resolution, _compared(m, resolution, marked)),
    )
    if verified.passed:
        emit(Event("verified", common.verified(verified)))
    return verified


def _compared(m: Migration, resolution: Resolution, marked: MarksRecord) -> VerificationRecord:
    if m.source_domain:
        repaired = m.journal.document.recorded(steps.REPAIR)
        record = verify(m, resolution, marked.marks, repaired=repaired.by_source if repaired else {})
        return with_queries(m, resolution, record)
    return verify_against_record(m, resolution, m.journal.document, State.of(m.journal).folder)


def _snapshot_and_restore(m: Migration, resolution: Resolution) -> None:
    taken = take_snapshot(m, resolution)
    if pass_gate(m, "before-restore"):  # the snapshot may be gone; the restore checks for conflicts itself
        find_on_target(m, resolution, taken)
    require_restored(perform(m, steps.RESTORE, lambda: restore.restore(m, resolution, taken)))


def take_snapshot(m: Migration, resolution: Resolution) -> SnapshotRecord:
    """Take the run's snapshot, follow it to its end, and find it from the target."""
    start = steps.START_SNAPSHOT.name
    adopted = run_step(m.journal, start, lambda: snapshot.start_snapshot(m, resolution))
    taken = perform(m, steps.SNAPSHOT, lambda: snapshot.follow_snapshot(m, adopted=adopted))
    find_on_target(m, resolution, taken)
    return taken


def find_on_target(m: Migration, resolution: Resolution, taken: SnapshotRecord) -> None:
    """Prove that the target sees this very snapshot with everything in it that was decided."""
    step = steps.FIND_ON_TARGET.name
    run_step(m.journal, step, lambda: snapshot.find_on_target(m, resolution, taken))


def _mark_once(m: Migration, resolution: Resolution) -> MarksRecord:
    """The source's shard marks before the snapshot; once that may have begun, only those read before it."""
    if m.journal.may_have_sent(["snapshot"]):
        return m.journal.document.recorded(steps.MARK) or MarksRecord(marks={})
    return perform(m, steps.MARK, lambda: snapshot.mark(m, resolution))


def require_restored(record: RestoreRecord) -> None:
    """Raise ExecutionError unless every index was restored."""
    failed = [index for index in record.indices if not index.restored]
    if failed:
        named = ", ".join(index.target for index in failed[:5])
        raise ExecutionError(
            f"{len(failed)} of {len(record.indices)} indices were not restored: {named}",
            "fix the causes, then run the same command again: it restores them again "
            "(first delete partly restored data streams on the target)",
        )


def require_true_copy(record: VerificationRecord) -> None:
    """Raise VerificationFailed unless everything that the source held at the snapshot is on the target."""
    if not record.bracketed:
        require_equal(record)


def require_equal(record: VerificationRecord) -> None:
    """Raise VerificationFailed unless every index was compared and found equal."""
    if record.passed:
        return
    failing = record.failing
    if not failing and record.refuted:
        raise VerificationFailed(
            "; ".join(common.finding(finding) for finding in record.refuted[:3]),
            "`snapferry verify PLAN` checks again",
        )
    if not failing and record.queries and not record.queries.passed:
        raise VerificationFailed(
            queries.failure(record.queries),
            "`snapferry report PLAN` names the documents; `snapferry compare-queries PLAN` compares again",
        )
    why = _why if record.level != "record" else attrgetter("detail")
    shown = "; ".join(f"{verdict.target} ({why(verdict)})" for verdict in failing[:3])
    more = f"; and {len(failing) - 3} more" if len(failing) > 3 else ""
    raise VerificationFailed(
        f"{len(failing)} of {len(record.verdicts)} indices differ or could not be compared: {shown}{more}",
        "`snapferry verify PLAN` compares again; `snapferry report PLAN` lists every index",
    )


def _why(verdict: Verdict) -> str:
    """The counts; where they are known and equal, what else differs."""
    equal = verdict.source_count is not None and verdict.source_count == verdict.target_count
    return verdict.detail if equal and verdict.detail else _counts(verdict)


def _counts(verdict: Verdict) -> str:
    source, target = (
        "unknown" if count is None else str(count) for count in (verdict.source_count, verdict.target_count)
    )
    return f"{source} on the source, {target} on the target"
