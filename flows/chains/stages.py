"""Stages shared by several flows: register, move, verify."""

from flows.chains.gates import pass_gate
from flows.chains.steps import perform, run_step
from reports.words import common
from runs.events import Event, emit
from tasks import snapshot, steps
from tasks.errors import ExecutionError, VerificationFailed
from tasks.migration import Migration
from tasks.records.resolution import Resolution
from tasks.records.transfer import MarksRecord, RestoreRecord, SnapshotRecord
from tasks.records.verification import Verdict, VerificationRecord
from tasks.repository import register as repository
from tasks.restore import restore
from tasks.verification.asked_settings import with_asked_settings
from tasks.verification.run import verify


def register(m: Migration, resolution: Resolution) -> None:
    """Register the repository on both domains."""
    region = resolution.bucket_region
    perform(m, steps.REGISTER_ON_SOURCE, lambda: repository.register_source(m, region))
    perform(m, steps.REGISTER_ON_TARGET, lambda: repository.register_target(m, region))


def snapshot_restore_verify(m: Migration, resolution: Resolution) -> VerificationRecord:
    """Snapshot, restore and verify what was decided; return the verification for the caller to judge."""
    marked = _mark_once(m, resolution)
    taken = take_snapshot(m, resolution)
    if pass_gate(m, "before-restore"):  # the snapshot may be gone; the restore checks for conflicts itself
        find_on_target(m, resolution, taken)
    restored = perform(m, steps.RESTORE, lambda: restore.restore(m, resolution, taken))
    require_restored(restored)
    verified = perform(
        m,
        steps.VERIFY,
        lambda: with_asked_settings(m, resolution, verify(m, resolution, marked.marks)),
    )
    if verified.passed:
        emit(Event("verified", common.verified(verified)))
    return verified


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
    shown = "; ".join(f"{verdict.target} ({_why(verdict)})" for verdict in failing[:3])
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
