"""A repair on a terminal: what would be done, and what was."""

from collections.abc import Iterator
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from reports.build.repair import repair_report
from reports.model.repair import RepairReport
from reports.model.report import Report
from reports.views import layout, queries
from reports.views.fitting import Section, page
from reports.words import common
from reports.words import repair as words
from tasks.records.repair import RepairPreview, RepairRecord
from tasks.records.verification import VerificationRecord


def repair_preview_view(found: RepairPreview) -> RenderableType:
    """What `snapferry repair --execute` would do."""
    return page(_ahead(found))


def _ahead(found: RepairPreview) -> Iterator[Text]:
    if found.indices:
        yield Text(f"Repairing what run {found.run_id} moved would do this on the target:", "bold")
        yield from layout.first((Text(f"  {words.ahead(each)}") for each in found.indices), "indices", "  ")
        documents = [(each.target, document) for each in found.indices for document in each.documents]
        yield from layout.first(
            (Text(f"  {words.planned(name, each)}", "dim") for name, each in documents), "documents", "  "
        )
    else:
        yield Text(f"No document of run {found.run_id} is to be repaired.", "bold")
    yield from _others(found.verified, {each.target for each in found.indices})
    if found.before:
        earlier = common.counted(found.before, "document was", "documents were")
        yield Text(f"Earlier, {earlier} repaired.", "dim")


def _others(record: VerificationRecord, named: set[str]) -> Iterator[Text]:
    """What a repair does nothing about."""
    others = [(v.target, v.detail or v.outcome) for v in record.failing if v.target not in named]
    yield from layout.reasons(others, "yellow")
    yield from layout.findings(record.refuted)


def repair_view(record: RepairRecord) -> RenderableType:
    """What was repaired, and how the target stands now."""
    return page(_done(record))


def _done(record: RepairRecord) -> Iterator[RenderableType]:
    yield from lines(repair_report(record))
    verified = record.verified
    if verified is None:
        return
    yield from layout.reasons((v.target, v.detail or v.outcome) for v in verified.failing)
    yield from layout.documents([(v.target, v.documents, v.more) for v in verified.verdicts])
    yield from layout.findings(verified.general)
    yield from queries.parts(verified.queries)
    style = "bold green" if verified.passed else "bold yellow" if verified.bracketed else "bold red"
    yield Text(common.compared(verified), style)


def lines(report: RepairReport) -> Iterator[Text]:
    """What was repaired, in a few lines."""
    done = "" if report.done else "; it was interrupted, and the same command resumes it"
    yield Text(f"Repair at {common.clock(report.at)}: {words.repaired(report)}{done}", "bold")
    documents = [(index.target, each) for index in report.indices for each in index.documents]
    yield from layout.first(
        (Text(f"  {words.document(name, each)}", "dim") for name, each in documents), "documents", "  "
    )
    left = [(index.target, each) for index in report.indices for each in index.left]
    yield from layout.first((Text(f"  {words.left(name, each)}", "yellow") for name, each in left), "", "  ")


def sections(report: Report) -> Iterator[Section]:
    """What was repaired, and what was not, in a file."""
    found = report.repair
    if found is None:
        return
    done = [
        (index.target, each.id, each.routing or "", str(each.shard), each.kind, each.deed)
        for index in found.indices
        for each in index.documents
    ]
    left = [
        (index.target, each.id, each.routing or "", str(each.shard), "", each.why)
        for index in found.indices
        for each in index.left
    ]
    columns = ("index", "document", "routing", ">shard", "named as", "what became of it")
    facts = [("", common.sentence(words.repaired(found))), ("at", common.clock(found.at))]
    yield Section("Repair", columns, [*done, *left], facts)


def repair_document(record: RepairRecord) -> dict[str, Any]:
    """What was repaired, for machines: the part of the report, and the verification that it ended with."""
    shown = repair_report(record).model_dump(mode="json")
    verified = record.verified.model_dump(mode="json") if record.verified else None
    return {**shown, "passed": bool(record.verified and record.verified.passed), "verified": verified}
