"""Build the report of a repair from its record."""

from reports.model.repair import RepairedDocumentReport, RepairedIndexReport, RepairReport
from runs.journal import Document
from tasks import steps
from tasks.records.repair import Deed, RepairedIndex, RepairRecord


def repair_report(record: RepairRecord) -> RepairReport:
    """The report of what `snapferry repair` did."""
    return RepairReport(
        at=record.at,
        done=record.verified is not None,
        repaired=record.repaired,
        written=record.written,
        deleted=record.deleted,
        recognized=record.recognized,
        indices=list(map(_index, record.indices)),
    )


def repair_of(document: Document) -> RepairReport | None:
    """The report of what was repaired after a run; None if nothing was."""
    record = document.recorded(steps.REPAIR)
    return repair_report(record) if record else None


def _index(index: RepairedIndex) -> RepairedIndexReport:
    return RepairedIndexReport(
        source=index.source,
        target=index.target,
        written=index.count(Deed.WRITTEN),
        deleted=index.count(Deed.DELETED),
        recognized=index.count(Deed.RECOGNIZED),
        documents=[
            RepairedDocumentReport(
                id=each.id, routing=each.routing, shard=each.shard, kind=each.kind, deed=each.deed
            )
            for each in index.documents
            if each.confirmed
        ],
        left=list(index.left),
    )
