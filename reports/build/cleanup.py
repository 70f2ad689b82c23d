"""From records of cleaning up to what a report shows of them."""

from collections.abc import Iterable

from reports.model.cleanup import FinishReport, RemovalReport, SkippedReport, outcomes
from reports.words.cleanup import registration, skipped
from runs.journal import Document
from tasks import steps
from tasks.records.cleanup import FinishRecord, Registration, RemovalRecord, Skipped


def removal_report(record: RemovalRecord) -> RemovalReport:
    """What was removed, as a report shows it."""
    return RemovalReport(
        indices=list(record.indices),
        snapshots=list(record.snapshots),
        registrations=_in_words(record.registrations),
        registration_outcomes=outcomes(record.registrations),
        left=skipped_reports(record.left),
    )


def finish_report(record: FinishRecord) -> FinishReport:
    """How `snapferry finish` has cleaned up, as a report shows it."""
    return FinishReport(
        at=record.at,
        wanted=record.wanted,
        kept=list(record.kept),
        removed=list(record.removed),
        registrations=_in_words(record.registrations),
        registration_outcomes=outcomes(record.registrations),
        released=list(record.released),
        refusing=list(record.refusing),
        left=skipped_reports(record.left),
    )


def removal_of(document: Document) -> RemovalReport | None:
    """What was removed of what a run has made; None while that is not done."""
    record = document.recorded(steps.CLEAN)
    return removal_report(record) if record else None


def finish_of(document: Document) -> FinishReport | None:
    """How `snapferry finish` has cleaned up after a run; None before that."""
    record = document.recorded(steps.FINISH)
    return finish_report(record) if record else None


def skipped_reports(left: Iterable[Skipped]) -> list[SkippedReport]:
    """What was not touched, and why."""
    return [SkippedReport(name=item.name, why=skipped(item), reason=item.why) for item in left]


def _in_words(found: dict[str, Registration]) -> dict[str, str]:
    return {side: registration(each) for side, each in found.items()}
