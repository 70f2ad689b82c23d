"""The report of a run, and a verification, on a terminal."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from configs.values.listing import listed
from reports.model.report import IndexReport, Report
from reports.views import estimates, layout, queries, repair, seeding, tail
from reports.views.cleanup import finish_lines
from reports.views.fitting import Rows, page
from reports.views.layout import ROWS, Row
from reports.words import common, metadata, outcomes
from reports.words import verification as words
from reports.words.next_step import next_lines
from reports.words.outcomes import untouched
from runs.lifecycle import RunStatus
from runs.verbs import Verb
from tasks.records.metadata import CopyResult
from tasks.records.resolution import LeftOut, LeftOutReason
from tasks.records.verification import PASSING, VerificationRecord

_SKIPPED = 5
_NOT_WANTED = (LeftOutReason.NOT_INCLUDED, LeftOutReason.EXCLUDED)
_OUTCOME_STYLES = {
    RunStatus.DONE: "bold green",
    RunStatus.REFUSED: "bold yellow",
    RunStatus.INTERRUPTED: "bold yellow",
    RunStatus.RUNNING: "bold yellow",
}


def report_view(report: Report, files: tuple[str, ...] = (), *, log: str = "") -> RenderableType:
    """The report as one screen or two: failing indices first, at most twenty rows.

    Args:
        files: the report's files.
        log: the run's log.
    """
    named = (*(("Report", file) for file in files), *((("Log", log),) if log else ()))
    return page(_parts(report, named))


def _parts(report: Report, files: Iterable[tuple[str, str]]) -> Iterator[RenderableType]:
    yield from layout.clusters(report.source, report.target, report.origin)
    yield from layout.told([common.EXCHANGED] if report.back else [])
    for repository in report.repositories:
        yield layout.repository(repository.side, common.repository(repository))
    if report.snapshot:
        yield layout.snapshot(common.snapshot(report.snapshot))
    yield from _changes(report)
    if _has_verdicts(report):
        opened = report.verb is Verb.CUTOVER
        waiting = untouched(report.round, opened=opened) if report.round else {}
        yield layout.indices([_row(index, waiting) for index in report.indices])
    failing = ((i.target, i.detail) for i in report.indices if i.verdict not in PASSING and i.detail)
    yield from layout.reasons(failing)
    yield from layout.documents([(i.target, i.documents, i.more) for i in report.indices])
    yield from layout.findings(report.findings)
    yield from queries.parts(report.queries)
    if report.window:
        yield from seeding.window_lines(report.window)
    if report.repair:
        yield from repair.lines(report.repair)
    if report.finish:
        yield from finish_lines(report.finish)
    yield from _metadata(report)
    yield from layout.settled([common.merge(each) for each in report.merged])
    yield from layout.settled([common.sentence(common.switched(report.aliases))] if report.aliases else [])
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


def _changes(report: Report) -> Iterator[RenderableType]:
    """What changed since the copies, and how it was brought over."""
    if report.round:
        yield from seeding.round_lines(report.round, alone=report.verb is Verb.SEED and report.level is None)
    if report.tail:
        yield from tail.lines(report.tail)


def _metadata(report: Report) -> Iterator[Text]:
    """What was copied beside the indices, and once what is left to be done by hand."""
    for each in report.metadata:
        done = sum(outcome.result is CopyResult.DONE for outcome in each.outcomes)
        items = common.counted(done, "item", "items")
        yield Text(f"{common.sentence(each.step)}: {items} copied")
        others = (metadata.outcome(o) for o in each.outcomes if o.result is not CopyResult.DONE)
        yield from layout.first((Text(f"  {line}", "yellow") for line in others), "items", "  ")
        yield from layout.notes((*each.hazards, *each.notices))
    by_hand = list(dict.fromkeys(line for each in report.metadata for line in each.checklist))
    if by_hand:
        yield Text(f"By hand: {'; '.join(by_hand)}", "dim")


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


def _end(report: Report, files: Iterable[tuple[str, str]]) -> Iterator[Text]:
    changed = [change for change in report.changes if change.changed]
    if report.outcome in {RunStatus.FAILED, RunStatus.INTERRUPTED} and changed:
        done = (f"{c.side} {c.action} {c.what} ({c.result})" for c in changed)
        yield Text(f"Changed so far: {listed(done, ROWS, '; ')}")
    yield Text(
        f"{outcomes.title(report.verb)} {report.run_id}: {outcomes.headline(report)}",
        _OUTCOME_STYLES.get(report.outcome, "bold red"),
    )
    if report.message:
        yield Text(report.message)
    for what, file in files:
        yield Text(f"{what}: {file}")
    yield from map(Text, next_lines(report.next, report.next_command))


def verification_document(record: VerificationRecord) -> dict[str, Any]:
    """A verification by itself, for machines."""
    limits = [words.limit(limit) for limit in record.limits]
    told = record.model_dump(mode="json", exclude={"verdicts": {"__all__": {"figures"}}})
    return {"passed": record.passed, **told, "limits": limits}


def verification_view(record: VerificationRecord, *, every: bool = False) -> RenderableType:
    """A verification by itself: the indices that are not equal, then how many are.

    Args:
        every: whether to list all indices, the equal ones after the others.
    """
    return page(_verification_parts(record, every))


def _verification_parts(record: VerificationRecord, every: bool) -> Iterator[RenderableType]:
    yield from _verdicts(record, every)
    yield from layout.reasons((v.target, v.detail) for v in record.failing)
    yield from layout.documents([(v.target, v.documents, v.more) for v in record.verdicts])
    yield from layout.findings(record.general)
    yield from queries.parts(record.queries)
    yield from _skipped(record, every)
    for limit in record.limits:
        yield Text(f"Limits: {words.limit(limit)}", "dim")
    yield _conclusion(record)


def _verdicts(record: VerificationRecord, every: bool) -> Iterator[RenderableType]:
    """One row per index that is not equal, at most twenty, and the number of the equal ones."""
    ordered = sorted(record.verdicts, key=lambda verdict: verdict.outcome in PASSING)
    listed = [verdict for verdict in ordered if every or verdict.outcome not in PASSING]
    shown = listed if every else listed[:ROWS]
    table = Rows(("Index", "Verdict", ">Source", ">Target"))
    for verdict in shown:
        counts = (common.number(verdict.source_count), common.number(verdict.target_count))
        table.add(verdict.target, Text(verdict.outcome, layout.STYLES.get(verdict.outcome, "")), *counts)
    table.below.extend(layout.more(len(listed) - len(shown)))
    if shown:
        yield table
    equal = len(ordered) - len(listed)
    if equal:
        what = "As recorded" if record.level == "record" else "Equal"
        yield Text(f"{what}: {common.counted(equal, 'index', 'indices')}; --all lists them", "green")


def _skipped(record: VerificationRecord, every: bool) -> Iterator[Text]:
    """One line per reason, with the first names where they could have been meant; no system indices."""
    by_reason: dict[LeftOutReason, list[LeftOut]] = {}
    for item in record.skipped:
        if item.reason != LeftOutReason.SYSTEM:
            by_reason.setdefault(item.reason, []).append(item)
    for reason, items in by_reason.items():
        if reason in _NOT_WANTED and not every:
            yield Text(f"Not asked for: {len(items)} ({common.why_left_out(reason)})", "dim")
        else:
            yield from _skipped_by_name(items, every)


def _skipped_by_name(items: list[LeftOut], every: bool) -> Iterator[Text]:
    by_words: dict[str, list[str]] = {}
    for item in items:
        by_words.setdefault(common.left_out(item), []).append(item.name)
    for why, names in by_words.items():
        shown = common.names(names, len(names) if every else _SKIPPED)
        yield Text(f"Skipped ({len(names)}), {why}: {shown}", "dim")


def _conclusion(record: VerificationRecord) -> Text:
    sentence = common.compared(record)
    if record.passed:
        return Text(sentence, "bold green")
    if record.bracketed:
        return Text(f"{sentence}: complete up to the marks; the source was written to since", "bold yellow")
    return Text(f"{sentence}: verification failed", "bold red")
