"""The report as Markdown: for a ticket, a pull request or a Prefect artifact."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from reports.model.report import Report
from reports.views import estimates, seeding
from reports.views.fitting import Section
from reports.words import common, outcomes
from runs.verbs import Verb


def markdown(report: Report) -> str:
    """The whole report."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield f"# {outcomes.heading(report.verb)} {_text(report.plan)}: {report.outcome}"
    yield ""
    yield f"**{_text(common.sentence(outcomes.headline(report)))}**"
    if report.message:
        yield f"\n> {_text(report.message)}"
    if report.next:
        yield f"\nNext: {_text(report.next)}"
    yield ""
    yield from _facts(report)
    for section in (*estimates.sections(report), *seeding.sections(report)):
        yield from _lines_of(section)
    figures = (">source documents", ">target documents", ">fetched")
    yield from _section(
        "Indices",
        ("source", "target", "verdict", *figures, "detail"),
        _indices(report) if report.verb is not Verb.SEED or report.level else (),
    )
    yield from _section(
        "Documents that differ",
        ("index", "document", "routing", ">shard", "what", ">source _seq_no", ">target _seq_no"),
        _documents(report),
    )
    found = ((f.what, f.place, f.outcome, f.detail) for f in report.findings)
    yield from _section("Templates and queries", ("what", "where", "outcome", "detail"), found)
    yield from _section(
        "Left out", ("name", "why"), ((item.name, common.left_out(item)) for item in report.left_out)
    )
    steps = ((s.name, common.duration(s.seconds), str(s.attempts), s.error or "") for s in report.steps)
    yield from _section("Steps", ("step", ">time", ">attempts", "error"), steps)
    gates = (
        (g.name, _time(g.since), _time(g.until), _time(g.approved) if g.approved else "not", g.by)
        for g in report.gates
    )
    yield from _section("Gates (UTC)", ("gate", "since", "waits until", "approved", "by"), gates)
    called = ((_time(h.at), h.event, h.hook, common.duration(h.seconds), h.problem) for h in report.hooks)
    yield from _section("Hooks (UTC)", ("time", "event", "hook", ">took", "problem"), called)
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
        shards = common.counted(taken.shards_total, "shard", "shards")
        yield f"- snapshot: `{taken.name}`, {taken.state}, {shards}"
    if report.level:
        yield f"- verification level: {report.level}"
    for limit in report.limits:
        yield f"- limits: {_text(limit)}"
    for side, counted in report.requests.items():
        yield f"- requests to the {side}: {counted.reads} reads, {counted.writes} writes and refreshes"
    for note in report.notes:
        yield f"- note: {_text(note)}"
    yield ""


def _indices(report: Report) -> Iterator[Sequence[str]]:
    for index in sorted(report.indices, key=lambda index: index.verdict == "equal"):
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
    return _lines_of(Section(title, columns, list(rows)))


def _lines_of(section: Section) -> Iterator[str]:
    """Title, facts and table; nothing if there is neither a fact nor a row."""
    if not (section.facts or section.rows):
        return
    yield f"## {section.title}"
    yield ""
    if section.facts:
        yield from (f"- {_text(f'{what}: {said}' if what else said)}" for what, said in section.facts)
        yield ""
    if section.rows:
        yield "| " + " | ".join(title.removeprefix(">") for title in section.columns) + " |"
        yield "|" + "".join("---:|" if title[0] == ">" else "---|" for title in section.columns)
        yield from ("| " + " | ".join(_text(cell) for cell in row) + " |" for row in section.rows)
        yield ""


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"


def _text(cell: str) -> str:
    escaped = cell.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
    return " ".join(escaped.split())
