"""The report on a terminal."""

from collections.abc import Iterable, Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from reports import words
from reports.model import IndexReport, Report
from tasks.records import LeftOut, Resolution, VerificationRecord

_STYLES = {"equal": "green", "different": "bold red", "not compared": "bold red", "not verified": "yellow"}
_OUTCOME_STYLES = {
    "done": "bold green",
    "refused": "bold yellow",
    "interrupted": "bold yellow",
    "running": "bold yellow",
}
_ROWS = 40


def report_view(report: Report, files: tuple[str, ...] = ()) -> RenderableType:
    """The report as one screen or two: failing indices first, at most forty rows."""
    return Group(*_parts(report, files))


def _parts(report: Report, files: tuple[str, ...]) -> Iterator[RenderableType]:
    if report.indices:
        yield _index_table(report.indices)
        yield from _reasons((i.target, i.detail) for i in report.indices if i.verdict != "equal" and i.detail)
    if report.left_out:
        yield _left_out(report.left_out)
    if report.steps:
        yield Text(
            "Steps: " + ", ".join(f"{s.name} {words.duration(s.seconds)}" for s in report.steps), "dim"
        )
    for repository in report.repositories:
        yield Text(f"Repository on {repository.side}: {words.repository(repository)}", "dim")
    for note in report.notes:
        yield Text(f"Note: {note}", "yellow")
    if report.outcome in {"failed", "interrupted"} and report.changes:
        yield Text(
            "Changed so far: "
            + "; ".join(f"{c.side} {c.action} {c.what} ({c.result})" for c in report.changes)
        )
    yield Text(
        f"Run {report.run_id}: {words.headline(report)}", _OUTCOME_STYLES.get(report.outcome, "bold red")
    )
    if report.message:
        yield Text(report.message)
    for file in files:
        yield Text(f"Report: {file}")
    if report.next:
        yield Text(f"Next: {report.next}")


def _index_table(indices: list[IndexReport]) -> Table:
    table = _table(
        ("Index", ""), ("Verdict", ""), ("Source", "right"), ("Target", "right"), ("Fetched", "right")
    )
    ordered = sorted(indices, key=lambda index: index.verdict == "equal")
    for index in ordered[:_ROWS]:
        name = index.source if index.source == index.target else f"{index.source} → {index.target}"
        counts = (words.number(index.source_count), words.number(index.target_count), words.size(index.bytes))
        table.add_row(Text(words.short(name)), Text(index.verdict, _STYLES.get(index.verdict, "")), *counts)
    if len(ordered) > _ROWS:
        table.add_row(Text(f"… and {len(ordered) - _ROWS} more, all in the report", "dim"))
    return table


def _table(*columns: tuple[str, str]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, (title, side) in enumerate(columns):
        table.add_column(
            title,
            justify="right" if side else "left",
            overflow="fold" if number == 0 else "ellipsis",
            no_wrap=number > 0,
        )
    return table


def _reasons(named: Iterable[tuple[str, str]]) -> Iterator[Text]:
    """Why indices failed, one line a reason however many share it."""
    by_reason: dict[str, list[str]] = {}
    for name, reason in named:
        by_reason.setdefault(reason, []).append(words.short(name))
    for reason, names in list(by_reason.items())[:_ROWS]:
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        yield Text(f"{', '.join(names[:5])}{more}: {reason}", "red")


def _left_out(items: Sequence[LeftOut]) -> RenderableType:
    """A dozen of them; what was the user's to decide on first."""
    ordered = sorted(items, key=lambda item: item.reason == "system")
    shown = "; ".join(f"{item.name} – {words.left_out(item)}" for item in ordered[:12])
    more = f"; and {len(items) - 12} more" if len(items) > 12 else ""
    return Text(f"Left out ({len(items)}): {shown}{more}", "dim")


def resolution_view(resolution: Resolution) -> RenderableType:
    """What a migration would do, before it is done."""
    return Group(*_resolution_parts(resolution))


def _resolution_parts(resolution: Resolution) -> Iterator[RenderableType]:
    for side, record in (("Source", resolution.source), ("Target", resolution.target)):
        region = record.region or "no Region"
        yield Text(f"{side}: {record.endpoint} ({record.cluster_name}, {record.version}, {region})")
    place = f"repository {resolution.repository}, bucket in {resolution.bucket_region or '–'}"
    yield Text(f"Snapshot {resolution.snapshot} on {place}")
    table = _table(("Index or data stream", ""), ("Shards", "right"), ("Size", "right"), ("Action", ""))
    for unit in resolution.units[:_ROWS]:
        sizes = [index.bytes for index in unit.indices if index.bytes is not None]
        shards = sum(index.shards for index in unit.indices)
        table.add_row(
            Text(words.short(unit.name)),
            str(shards),
            words.size(sum(sizes) if sizes else None),
            Text(words.action(unit)),
        )
    if len(resolution.units) > _ROWS:
        table.add_row(Text(f"… and {len(resolution.units) - _ROWS} more", "dim"))
    yield table
    if resolution.left_out:
        yield _left_out(resolution.left_out)
    for note in resolution.notes:
        yield Text(f"Note: {note}", "yellow")
    total = sum(index.bytes or 0 for index in resolution.indices)
    yield Text(f"{len(resolution.indices)} indices, {words.size(total)} in primaries", "bold")


def verification_view(record: VerificationRecord) -> RenderableType:
    """A verification by itself: failing indices first."""
    return Group(*_verification_parts(record))


def _verification_parts(record: VerificationRecord) -> Iterator[RenderableType]:
    table = _table(("Index", ""), ("Verdict", ""), ("Source", "right"), ("Target", "right"))
    ordered = sorted(record.verdicts, key=lambda verdict: verdict.outcome == "equal")
    for verdict in ordered[:_ROWS]:
        counts = (words.number(verdict.source_count), words.number(verdict.target_count))
        style = _STYLES.get(verdict.outcome, "")
        table.add_row(Text(words.short(verdict.target)), Text(verdict.outcome, style), *counts)
    if len(ordered) > _ROWS:
        table.add_row(Text(f"… and {len(ordered) - _ROWS} more", "dim"))
    yield table
    yield from _reasons((v.target, v.detail) for v in record.failing)
    for item in record.skipped:
        if item.reason != "system":
            yield Text(f"Skipped: {item.name} – {words.left_out(item)}", "dim")
    equal = len(record.verdicts) - len(record.failing)
    sentence = f"{equal} of {len(record.verdicts)} indices equal at level {record.level}"
    yield Text(
        sentence if record.passed else f"{sentence}: verification failed",
        "bold green" if record.passed else "bold red",
    )
