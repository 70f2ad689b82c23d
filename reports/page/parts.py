"""The parts of a report's page, in their order: what a reader asks first stands first."""

from collections.abc import Iterator, Mapping, Sequence

import yaml

from configs.values.visible import visible_lines
from reports.model.report import Report
from reports.page.charts import charts_of
from reports.page.elements import Block, Code, Column, Facts, Kind, Lines, Part, Table, Tone
from reports.page.headline import headline_blocks
from reports.page.index_table import TONES, index_blocks
from reports.page.timeline import timeline_of
from reports.views.estimates import met
from reports.views.fitting import Section
from reports.views.sections import sections_of
from reports.words import common
from reports.words.next_step import advice_in

_STATUS: dict[str, Tone] = {"OK": "good", "WARN": "mixed", "FAIL": "bad", "SKIP": "plain"}
_FROM_SECTIONS: dict[str, str] = {
    "part-window": "Window",
    "part-clients": "What clients must use",
    "part-documents": "Documents that differ",
    "part-queries": "Templates and queries",
    "part-searches": "Recorded searches",
    "part-ranks": "Documents that rank otherwise",
    "part-repair": "Repair",
    "part-left-out": "Left out",
    "part-conflicts": "Conflicts",
    "part-renamed": "Renamed indices",
    "part-estimate": "Estimated vs. actual",
    "part-projection": "Projection of the real run",
    "part-rates": "Rates",
    "part-round": "Round",
    "part-tail": "Tail",
    "part-ways": "Ways",
    "part-metadata": "Metadata",
    "part-by-hand": "To know about metadata, and by hand",
    "part-gates": "Gates (UTC)",
    "part-hooks": "Hooks (UTC)",
    "part-changes": "Changes (UTC)",
    "part-removed": "Removed, and not touched",
    "part-finish": "Cleaned up",
}
"""Parts that are the same sections as in Markdown."""
ORDER = (
    "part-verdict",
    "part-timeline",
    "part-window",
    "part-clients",
    "part-progress",
    "part-indices",
    "part-documents",
    "part-queries",
    "part-searches",
    "part-ranks",
    "part-repair",
    "part-left-out",
    "part-conflicts",
    "part-renamed",
    "part-checks",
    "part-estimate",
    "part-projection",
    "part-rates",
    "part-round",
    "part-tail",
    "part-ways",
    "part-repository",
    "part-requests",
    "part-metadata",
    "part-by-hand",
    "part-gates",
    "part-hooks",
    "part-changes",
    "part-removed",
    "part-finish",
    "part-notes",
    "part-plan",
    "part-next",
)
"""Every part that a report can have; those that it has not are empty."""
_LONG = 3
_FOLDED = frozenset({"part-changes", "part-plan"})
_VERDICTS = frozenset({"verdict", "outcome"})
_CHOICES = frozenset({*_VERDICTS, "change", "kind", "domain", "action", "way"})
_NAMES = frozenset({"index", "name", "source", "copy", "document"})


def parts_of(report: Report, settings: Mapping[str, object]) -> Iterator[Part]:
    """Every part of `ORDER`.

    Args:
        report: its texts made visible.
        settings: the plan's, as they are.
    """
    own = _own_parts(report, settings)
    found = {_plain_title(section): section for section in sections_of(report)}
    for name in ORDER:
        if name in own:
            yield own[name]
        else:
            title = _FROM_SECTIONS[name]
            yield from_section(name, found[title], title) if title in found else Part(name, title)


def _plain_title(section: Section) -> str:
    return "Round" if section.title.startswith("Round ") else section.title


def from_section(name: str, section: Section, title: str) -> Part:
    """A part that shows a section as Markdown has it: its facts, then its table.

    A long table is folded up if few need it.
    """
    blocks: list[Block] = []
    if section.facts:
        blocks.append(
            Facts([(what, said if what else common.sentence(said)) for what, said in section.facts])
        )
    if section.rows:
        order = [at for at in _names_first(section.columns) if any(row[at] for row in section.rows)]
        columns = [_column(section.columns[at]) for at in order]
        rows = [[row[at] for at in order] for row in section.rows]
        blocks.append(Table(name.replace("part", "table"), section.title, columns, rows, tones=TONES))
    return Part(name, section.title, blocks, name in _FOLDED and len(section.rows) > _LONG)


def _names_first(columns: Sequence[str]) -> list[int]:
    """The order in which what a row is about stands first."""
    named = next((at for at, title in enumerate(columns) if title in _NAMES), 0)
    return [named, *(at for at in range(len(columns)) if at != named)]


def _column(title: str) -> Column:
    plain = title.removeprefix(">")
    kind: Kind = "text"
    if title != plain:
        kind = "figure"
    elif plain in _VERDICTS:
        kind = "verdict"
    elif plain in _NAMES:
        kind = "name"
    return Column(plain, kind, choice=plain in _CHOICES)


def _own_parts(report: Report, settings: Mapping[str, object]) -> dict[str, Part]:
    """Parts that are more than a section, or none of Markdown's."""
    timeline = timeline_of(report)
    parts = (
        Part("part-verdict", "", list(headline_blocks(report))),
        Part("part-timeline", "Timeline", [timeline] if timeline else []),
        Part("part-progress", "Bytes and rate over time", list(charts_of(report))),
        Part("part-indices", "Indices", list(index_blocks(report))),
        Part("part-checks", "Checks", list(_checks(report))),
        Part("part-repository", "Repository and snapshot", list(_repository(report))),
        Part("part-requests", "Requests", list(_requests(report))),
        Part("part-notes", "Notes", [Lines(report.notes)] if report.notes else []),
        Part("part-plan", "Plan", list(_plan(settings)), folded=True),
        Part("part-next", "Next steps", list(_next(report))),
    )
    return {part.id: part for part in parts}


def _checks(report: Report) -> Iterator[Block]:
    """The preflight of the real plan, which a rehearsal makes."""
    made = report.rehearsal
    if made is None:
        return
    yield Facts([("", f"Preflight of the real plan: {met(made)}")])
    if made.checks:
        columns = (
            Column("check", "name"),
            Column("status", "verdict", choice=True),
            Column("side", choice=True),
            Column("found"),
            Column("what to do"),
        )
        rows = [(c.id, c.status, c.side or "", _found(c.detail, c.waived), c.hint) for c in made.checks]
        yield Table(
            "table-checks", "Checks that failed or warned", columns, rows, ("check", "checks"), _STATUS
        )


def _found(detail: str, waived: str) -> str:
    return f"{detail} (waived: {waived})" if waived else detail


def _repository(report: Report) -> Iterator[Block]:
    facts = [(f"on the {each.side}", common.repository(each)) for each in report.repositories]
    facts += [("snapshot", common.snapshot(report.snapshot))] if report.snapshot else []
    if report.snapshot and report.snapshot.bytes_written is not None:
        facts.append(("written to the bucket", common.size(report.snapshot.bytes_written)))
    if facts:
        yield Facts(facts)


def _requests(report: Report) -> Iterator[Block]:
    if report.requests:
        columns = (Column("domain"), Column("reads", "number"), Column("writes and refreshes", "number"))
        rows = [(side, counted.reads, counted.writes) for side, counted in report.requests.items()]
        yield Table("table-requests", "Requests that were sent to each domain", columns, rows)


def _plan(settings: Mapping[str, object]) -> Iterator[Block]:
    """The plan as YAML. A character that nobody would see is shown by its escape."""
    if settings:
        text = yaml.safe_dump(dict(settings), sort_keys=False, allow_unicode=True, width=100)
        yield Facts([("", "What the plan sets otherwise than by default. It holds no secrets.")])
        yield Code(visible_lines(text.rstrip("\n")), "The plan as YAML")


def _next(report: Report) -> Iterator[Block]:
    """What is left to be done, beginning with the next step."""
    lines = [common.sentence(advice_in(report.next, report.next_command))]
    lines += [f"{check.id}: {check.hint}" for check in report.rehearsal.checks] if report.rehearsal else []
    lines += [common.sentence(f"falling back: {report.window.falling_back}")] if report.window else []
    lines += list(dict.fromkeys(line for each in report.metadata for line in each.checklist))
    lines = [line for line in lines if line]
    if lines:
        yield Lines(lines)
    if report.next_command:
        yield Code(report.next_command, "The next command")
