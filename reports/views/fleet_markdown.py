"""A fleet's report as Markdown."""

from collections.abc import Iterator

from configs.values.visible import visible_values
from reports.model.fleet import FleetReport
from reports.views.fleet import fleet_sections
from reports.views.markdown import escaped_text, facts_lines, table_lines
from reports.words import common
from reports.words import fleet as words


def fleet_markdown(report: FleetReport) -> str:
    """The whole report. No name or reason in it can end a cell, start a link, or hide."""
    return "\n".join(_lines(visible_values(report))) + "\n"


def _lines(report: FleetReport) -> Iterator[str]:
    yield f"# Fleet {escaped_text(report.fleet)}: {report.status}"
    yield f"\n**{escaped_text(common.sentence(words.headline(report)))}**"
    if report.message:
        yield f"\n> {escaped_text(report.message)}"
    if report.next:
        yield f"\nTo do: {escaped_text(report.next)}"
    if report.next_command:
        yield f"\n```sh\n{report.next_command}\n```"
    yield ""
    for section in fleet_sections(report):
        yield f"## {section.title}"
        yield ""
        yield from facts_lines(section.facts)
        yield from table_lines(section)
