"""The parts of a report in a file: facts, then sections with facts and tables; the same in every form."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from reports.model.report import Report
from reports.views import estimates, queries, repair, seeding, tail
from reports.views.fitting import Section
from reports.words import common, metadata
from runs.verbs import Verb
from tasks.records.verification import PASSING


def facts_of(report: Report) -> Iterator[tuple[str, str]]:
    """What the report is about, each with its name."""
    yield "run", f"{report.run_id}, begun {common.clock(report.started)}"
    if report.origin:
        yield "source", common.origin(report.origin)
    for side, record in (("source", report.source), ("target", report.target)):
        if record:
            runs = f"{record.cluster_name}, {record.version}, {record.region or 'no Region'}"
            yield side, f"{record.endpoint} ({runs})"
    if report.back:
        yield "domains", common.EXCHANGED
    for repository in report.repositories:
        yield f"repository on {repository.side}", common.repository(repository)
    taken = report.snapshot
    if taken:
        shards = common.counted(taken.shards_total, "shard", "shards")
        yield "snapshot", f"{taken.name}, {taken.state}, {shards}"
    if report.level:
        yield "verification level", report.level
    yield from (("limits", limit) for limit in report.limits)
    for side, counted in report.requests.items():
        yield f"requests to the {side}", f"{counted.reads} reads, {counted.writes} writes and refreshes"
    yield from (("note", note) for note in report.notes)


def sections_of(report: Report) -> Iterator[Section]:
    """Everything else; sections without a fact and a row are left out."""
    tailed = tail.sections(report.tail) if report.tail else ()
    rounds = (*seeding.sections(report), *tailed)
    made = (*estimates.sections(report), *rounds, *_results(report), *_course(report))
    return (section for section in made if section.facts or section.rows)


def _results(report: Report) -> Iterator[Section]:
    figures = (">source documents", ">target documents", ">fetched")
    columns = ("source", "target", "verdict", *figures, "detail")
    if report.verb is not Verb.SEED or report.level:
        yield Section("Indices", columns, list(_indices(report)))
    columns = ("index", "document", "routing", ">shard", "what", ">source _seq_no", ">target _seq_no")
    yield Section("Documents that differ", columns, list(_documents(report)))
    yield from repair.sections(report)
    found = [(f.what, f.place, f.outcome, f.detail) for f in report.findings]
    yield Section("Templates and queries", ("what", "where", "outcome", "detail"), found)
    if report.queries:
        yield from queries.sections(report.queries)
    copied = [
        (
            each.step,
            metadata.kind(o.kind),
            o.name,
            o.result,
            metadata.outcome(o) if o.result != "done" else "",
        )
        for each in report.metadata
        for o in each.outcomes
    ]
    left = [(line,) for each in report.metadata for line in (*each.hazards, *each.notices)]
    left += [(line,) for line in dict.fromkeys(line for m in report.metadata for line in m.checklist)]
    yield Section("Metadata", ("step", "kind", "name", "result", "why"), copied)
    yield Section("To know about metadata, and by hand", ("what",), left)
    settled = [(common.merge(each),) for each in report.merged]
    settled += [(common.sentence(common.switched(report.aliases)),)] if report.aliases else []
    yield Section("Renamed indices", ("what has become of them",), settled)
    met = [(each.source, each.conflict, each.result) for each in report.conflicts]
    yield Section("Conflicts", ("name", "the target had", "what became of it"), met)
    left = [(item.name, common.left_out(item)) for item in report.left_out]
    yield Section("Left out", ("name", "why"), left)


def _course(report: Report) -> Iterator[Section]:
    steps = [(s.name, common.duration(s.seconds), str(s.attempts), s.error or "") for s in report.steps]
    yield Section("Steps", ("step", ">time", ">attempts", "error"), steps)
    gates = [
        (g.name, _time(g.since), _time(g.until), _time(g.approved) if g.approved else "not", g.by)
        for g in report.gates
    ]
    yield Section("Gates (UTC)", ("gate", "since", "waits until", "approved", "by"), gates)
    called = [(_time(h.at), h.event, h.hook, common.duration(h.seconds), h.problem) for h in report.hooks]
    yield Section("Hooks (UTC)", ("time", "event", "hook", ">took", "problem"), called)
    changes = [(_time(c.at), c.side, c.action, c.what, c.result) for c in report.changes]
    yield Section("Changes (UTC)", ("time", "domain", "action", "what", "result"), changes)


def _indices(report: Report) -> Iterator[Sequence[str]]:
    for index in sorted(report.indices, key=lambda index: index.verdict in PASSING):
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


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"
