"""Build the report of a cleanup from its records."""

from collections.abc import Iterable

from reports.model.cleanup import FinishReport, RemovalReport, SkippedReport, outcomes
from reports.words.cleanup import registration, skipped
from runs.journal import Document
from tasks import steps
from tasks.records.cleanup import FinishRecord, Registration, RemovalRecord, Skipped


def removal_report(record: RemovalRecord) -> RemovalReport:
    """The report of a removal."""
    return RemovalReport(
        indices=list(record.indices),
        snapshots=list(record.snapshots),
        registrations=_in_words(record.registrations),
        registration_outcomes=outcomes(record.registrations),
        left=skipped_reports(record.left),
    )


def finish_report(record: FinishRecord) -> FinishReport:
    """The report of how `snapferry finish` cleaned up."""
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
    """The report of removing what a run has made; None until that is done."""
    record = document.recorded(steps.CLEAN)
    return removal_report(record) if record else None


def finish_of(document: Document) -> FinishReport | None:
    """The report of how `snapferry finish` cleaned up after a run; None before that."""
    record = document.recorded(steps.FINISH)
    return finish_report(record) if record else None


def skipped_reports(left: Iterable[Skipped]) -> list[SkippedReport]:
    """What was left alone, and why."""
    return [SkippedReport(name=item.name, why=skipped(item), reason=item.why) for item in left]


def _in_words(found: dict[str, Registration]) -> dict[str, str]:
    return {side: registration(each) for side, each in found.items()}
