"""The report of a run, and a verification, on a terminal."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from reports.model.report import IndexReport, Report
from reports.views import estimates, layout, seeding
from reports.views.cleanup import finish_lines
from reports.views.layout import ROWS, Row
from reports.words import common, outcomes
from reports.words import verification as words
from reports.words.next_step import next_lines
from reports.words.outcomes import untouched
from runs.lifecycle import RunStatus
from runs.verbs import Verb
from tasks.records.resolution import LeftOutReason
from tasks.records.verification import VerificationRecord

_NOT_WANTED = (LeftOutReason.NOT_INCLUDED, LeftOutReason.EXCLUDED)
_OUTCOME_STYLES = {
    RunStatus.DONE: "bold green",
    RunStatus.REFUSED: "bold yellow",
    RunStatus.INTERRUPTED: "bold yellow",
    RunStatus.RUNNING: "bold yellow",
}


def report_view(report: Report, files: tuple[str, ...] = ()) -> RenderableType:
    """The report as one screen or two: failing indices first, at most forty rows."""
    return Group(*_parts(report, files))


def _parts(report: Report, files: tuple[str, ...]) -> Iterator[RenderableType]:
    yield from layout.clusters(report.source, report.target)
    for repository in report.repositories:
        yield layout.repository(repository.side, common.repository(repository))
    if report.snapshot:
        yield layout.snapshot(common.snapshot(report.snapshot))
    if report.round:
        yield from seeding.round_lines(report.round, alone=report.verb is Verb.SEED and report.level is None)
    if _has_verdicts(report):
        opened = report.verb is Verb.CUTOVER
        waiting = untouched(report.round, opened=opened) if report.round else {}
        yield layout.indices([_row(index, waiting) for index in report.indices])
    failing = ((i.target, i.detail) for i in report.indices if i.verdict != "equal" and i.detail)
    yield from layout.reasons(failing)
    yield from layout.documents([(i.target, i.documents, i.more) for i in report.indices])
    yield from layout.findings(report.findings)
    if report.window:
        yield from seeding.window_lines(report.window)
    if report.finish:
        yield from finish_lines(report.finish)
    yield from layout.left_out(report.left_out)
    yield from layout.notes(report.notes)
    yield from layout.told(common.gate(gate) for gate in report.gates)
    yield from layout.told(common.hooks(report.hooks))
    if report.steps:
        took = ", ".join(f"{s.name} {common.duration(s.seconds)}" for s in report.steps)
        yield Text(f"Steps: {took}", "dim")
    if report.rehearsal:
        yield from estimates.rehearsal_lines(report.rehearsal, refused=report.outcome == RunStatus.REFUSED)
    if report.estimate:
        yield Text(estimates.estimated_vs_actual(report.estimate), "dim")
    yield from _end(report, files)


def _has_verdicts(report: Report) -> bool:
    """Whether one row per index has verdicts to show: most seed rounds have none, a cutover not at first."""
    if report.verb.is_round:
        return report.level is not None
    return bool(report.indices)


def _row(index: IndexReport, untouched: Mapping[str, str]) -> Row:
    return Row(
        index.source,
        index.target,
        index.action if index.restored else untouched.get(index.target, index.action),
        index.shards,
        index.source_count,
        index.target_count,
        index.bytes,
        index.verdict,
    )


def _end(report: Report, files: tuple[str, ...]) -> Iterator[Text]:
    if report.outcome in {RunStatus.FAILED, RunStatus.INTERRUPTED} and report.changes:
        yield Text(
            "Changed so far: "
            + "; ".join(f"{c.side} {c.action} {c.what} ({c.result})" for c in report.changes)
        )
    yield Text(
        f"{outcomes.title(report.verb)} {report.run_id}: {outcomes.headline(report)}",
        _OUTCOME_STYLES.get(report.outcome, "bold red"),
    )
    if report.message:
        yield Text(report.message)
    for file in files:
        yield Text(f"Report: {file}")
    yield from map(Text, next_lines(report.next, report.next_command))


def verification_document(record: VerificationRecord) -> dict[str, Any]:
    """A verification by itself, for machines."""
    limits = [words.limit(limit) for limit in record.limits]
    return {"passed": record.passed, **record.model_dump(mode="json"), "limits": limits}


def verification_view(record: VerificationRecord) -> RenderableType:
    """A verification by itself: failing indices first."""
    return Group(*_verification_parts(record))


def _verification_parts(record: VerificationRecord) -> Iterator[RenderableType]:
    table = layout.table(("Index", ""), ("Verdict", ""), ("Source", "right"), ("Target", "right"))
    ordered = sorted(record.verdicts, key=lambda verdict: verdict.outcome == "equal")
    for verdict in ordered[:ROWS]:
        counts = (common.number(verdict.source_count), common.number(verdict.target_count))
        style = layout.STYLES.get(verdict.outcome, "")
        table.add_row(Text(common.short(verdict.target)), Text(verdict.outcome, style), *counts)
    if len(ordered) > ROWS:
        table.add_row(Text(f"… and {len(ordered) - ROWS} more", "dim"))
    yield table
    yield from layout.reasons((v.target, v.detail) for v in record.failing)
    yield from layout.documents([(v.target, v.documents, v.more) for v in record.verdicts])
    yield from layout.findings(record.general)
    yield from _skipped(record)
    for limit in record.limits:
        yield Text(f"Limits: {words.limit(limit)}", "dim")
    yield _conclusion(record)


def _skipped(record: VerificationRecord) -> Iterator[Text]:
    """What could have been meant, by name; what the plan does not ask for, by its number."""
    counted = [item for item in record.skipped if item.reason in _NOT_WANTED]
    named = [item for item in record.skipped if item.reason not in {*_NOT_WANTED, LeftOutReason.SYSTEM}]
    for item in named[:ROWS]:
        yield Text(f"Skipped: {item.name} – {common.left_out(item)}", "dim")
    if len(named) > ROWS:
        yield Text(f"Skipped: … and {len(named) - ROWS} more, all with --json", "dim")
    for reason in _NOT_WANTED:
        many = sum(item.reason == reason for item in counted)
        if many:
            yield Text(f"Not asked for: {many} ({common.why_left_out(reason)})", "dim")


def _conclusion(record: VerificationRecord) -> Text:
    sentence = common.compared(record)
    if record.passed:
        return Text(sentence, "bold green")
    if record.bracketed:
        return Text(f"{sentence}: complete up to the marks; the source was written to since", "bold yellow")
    return Text(f"{sentence}: verification failed", "bold red")
