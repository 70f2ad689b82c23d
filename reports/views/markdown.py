"""The report as Markdown: for a ticket, a pull request or a Prefect artifact."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from configs.values.visible import visible_values
from reports.model.report import Report
from reports.views import estimates, seeding
from reports.words import common, outcomes
from runs.verbs import Verb

_MARKUP = re.compile(r"[\\`*\[\]|~]")


def markdown(report: Report) -> str:
    """The whole report. No name or reason in it can end a cell, start a link, or hide."""
    return "\n".join(_lines(visible_values(report))) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield f"# {outcomes.heading(report.verb)} {_text(report.plan)}: {report.outcome}"
    yield ""
    yield f"**{_text(outcomes.headline(report))}**"
    if report.message:
        yield f"\n> {_text(report.message)}"
    if report.next:
        yield f"\nNext: {_text(report.next)}"
    yield ""
    yield from _facts(report)
    for title, columns, rows in (*estimates.sections(report), *seeding.sections(report)):
        yield from _section(title, columns, rows)
    yield from _section(
        "Indices",
        ("source", "target", "verdict", "source documents", "target documents", "bytes", ""),
        _indices(report) if report.verb is not Verb.SEED or report.level else (),
    )
    yield from _section(
        "Documents that differ",
        ("index", "document", "routing", "shard", "what", "source _seq_no", "target _seq_no"),
        _documents(report),
    )
    found = ((f.what, f.place, f.outcome, f.detail) for f in report.findings)
    yield from _section("Templates and queries", ("what", "", "outcome", ""), found)
    yield from _section(
        "Left out", ("name", "why"), ((item.name, common.left_out(item)) for item in report.left_out)
    )
    steps = ((s.name, common.duration(s.seconds), str(s.attempts), s.error or "") for s in report.steps)
    yield from _section("Steps", ("step", "time", "attempts", "error"), steps)
    gates = (
        (g.name, _time(g.since), _time(g.until), _time(g.approved) if g.approved else "not", g.by)
        for g in report.gates
    )
    yield from _section("Gates (UTC)", ("gate", "since", "waits until", "approved", "by"), gates)
    called = ((_time(h.at), h.event, h.hook, common.duration(h.seconds), h.problem) for h in report.hooks)
    yield from _section("Hooks (UTC)", ("time", "event", "hook", "took", "problem"), called)
    changes = ((_time(c.at), c.side, c.action, c.what, c.result) for c in report.changes)
    yield from _section("Changes (UTC)", ("time", "domain", "action", "what", "result"), changes)


def _facts(report: Report) -> Iterator[str]:
    yield f"- run: `{report.run_id}`, begun {report.started:%Y-%m-%d %H:%M:%S} UTC"
    for side, record in (("source", report.source), ("target", report.target)):
        if record:
            runs = f"{_text(record.cluster_name)}, {record.version}, {record.region or 'no Region'}"
            yield f"- {side}: {_text(record.endpoint)} ({runs})"
    for repository in report.repositories:
        yield f"- repository on {repository.side}: {_text(common.repository(repository))}"
    taken = report.snapshot
    if taken:
        yield f"- snapshot: {_code(taken.name)}, {_text(taken.state)}, {taken.shards_total} shards"
    if report.level:
        yield f"- verification level: {report.level}"
    for limit in report.limits:
        yield f"- limits: {_text(limit)}"
    for side, counted in report.requests.items():
        yield f"- requests to the {side}: {counted.reads} reads, {counted.writes} others"
    for note in report.notes:
        yield f"- note: {_text(note)}"
    yield ""


def _indices(report: Report) -> Iterator[Sequence[str]]:
    for index in report.indices:
        yield (
            index.source,
            index.target,
            index.verdict,
            common.number(index.source_count),
            common.number(index.target_count),
            common.size(index.bytes),
            index.detail,
        )


def _documents(report: Report) -> Iterator[Sequence[str]]:
    for index in report.indices:
        for each in index.documents:
            numbers = (each.shard, each.source_seq_no, each.target_seq_no)
            shard, source, target = ("–" if number is None else str(number) for number in numbers)
            yield index.target, each.id, each.routing or "", shard, each.kind, source, target
        if index.more:
            yield index.target, f"and {index.more} more", "", "", "", "", ""


def _section(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    lines = ["| " + " | ".join(_text(cell) for cell in row) + " |" for row in rows]
    if not lines:
        return
    yield f"## {title}"
    yield ""
    yield "| " + " | ".join(columns) + " |"
    yield "|" + "---|" * len(columns)
    yield from lines
    yield ""


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"


def _text(cell: str) -> str:
    escaped = _MARKUP.sub(r"\\\g<0>", cell).replace("&", "&amp;").replace("<", "&lt;")
    return " ".join(escaped.split())


def _code(name: str) -> str:
    return _text(name) if "`" in name else f"`{name}`"
