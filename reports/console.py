"""The report of a run, and a verification, on a terminal."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from reports import layout, outlook, words
from reports.layout import ROWS, Row
from reports.model import IndexReport, Report
from tasks.records import VerificationRecord

_OUTCOME_STYLES = {
    "done": "bold green",
    "refused": "bold yellow",
    "interrupted": "bold yellow",
    "running": "bold yellow",
}


def report_view(report: Report, files: tuple[str, ...] = ()) -> RenderableType:
    """The report as one screen or two: failing indices first, at most forty rows."""
    return Group(*_parts(report, files))


def _parts(report: Report, files: tuple[str, ...]) -> Iterator[RenderableType]:
    yield from layout.clusters(report.source, report.target)
    for repository in report.repositories:
        yield layout.repository(repository.side, words.repository(repository))
    if report.snapshot:
        yield layout.snapshot(words.snapshot(report.snapshot))
    if report.indices:
        yield layout.indices([_row(index) for index in report.indices])
        failing = ((i.target, i.detail) for i in report.indices if i.verdict != "equal" and i.detail)
        yield from layout.reasons(failing)
    yield from layout.left_out(report.left_out)
    yield from layout.notes(report.notes)
    yield from layout.told(words.gate(gate) for gate in report.gates)
    yield from layout.told(words.hooks(report.hooks))
    if report.steps:
        took = ", ".join(f"{s.name} {words.duration(s.seconds)}" for s in report.steps)
        yield Text(f"Steps: {took}", "dim")
    if report.rehearsal:
        yield from outlook.rehearsal_lines(report.rehearsal, refused=report.outcome == "refused")
    if report.estimate:
        yield Text(outlook.against_truth(report.estimate), "dim")
    yield from _end(report, files)


def _row(index: IndexReport) -> Row:
    return Row(
        index.source,
        index.target,
        index.action,
        index.shards,
        index.source_count,
        index.target_count,
        index.bytes,
        index.verdict,
    )


def _end(report: Report, files: tuple[str, ...]) -> Iterator[Text]:
    if report.outcome in {"failed", "interrupted"} and report.changes:
        yield Text(
            "Changed so far: "
            + "; ".join(f"{c.side} {c.action} {c.what} ({c.result})" for c in report.changes)
        )
    yield Text(
        f"{'Rehearsal' if report.rehearsal else 'Run'} {report.run_id}: {words.headline(report)}",
        _OUTCOME_STYLES.get(report.outcome, "bold red"),
    )
    if report.message:
        yield Text(report.message)
    for file in files:
        yield Text(f"Report: {file}")
    if report.next:
        yield Text(f"Next: {report.next}")


def verification_view(record: VerificationRecord) -> RenderableType:
    """A verification by itself: failing indices first."""
    return Group(*_verification_parts(record))


def _verification_parts(record: VerificationRecord) -> Iterator[RenderableType]:
    table = layout.table(("Index", ""), ("Verdict", ""), ("Source", "right"), ("Target", "right"))
    ordered = sorted(record.verdicts, key=lambda verdict: verdict.outcome == "equal")
    for verdict in ordered[:ROWS]:
        counts = (words.number(verdict.source_count), words.number(verdict.target_count))
        style = layout.STYLES.get(verdict.outcome, "")
        table.add_row(Text(words.short(verdict.target)), Text(verdict.outcome, style), *counts)
    if len(ordered) > ROWS:
        table.add_row(Text(f"… and {len(ordered) - ROWS} more", "dim"))
    yield table
    yield from layout.reasons((v.target, v.detail) for v in record.failing)
    for item in record.skipped:
        if item.reason != "system":
            yield Text(f"Skipped: {item.name} – {words.left_out(item)}", "dim")
    equal = len(record.verdicts) - len(record.failing)
    sentence = f"{equal} of {len(record.verdicts)} indices equal at level {record.level}"
    yield Text(
        sentence if record.passed else f"{sentence}: verification failed",
        "bold green" if record.passed else "bold red",
    )
