"""The report as Markdown: for a ticket, a pull request or a Prefect artifact."""

import re
from collections.abc import Iterator, Sequence

from configs.values.visible import visible_values
from reports.model.report import Report
from reports.views.fitting import Section
from reports.views.sections import facts_of, sections_of
from reports.words import common, outcomes
from reports.words.next_step import advice_in

_MARKUP = re.compile(r"[\\`*\[\]|~]")


def markdown(report: Report) -> str:
    """The whole report. No name or reason in it can end a cell, start a link, or hide."""
    return "\n".join(_lines(visible_values(report))) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield f"# {outcomes.heading(report.verb)} {escaped_text(report.plan)}: {report.outcome}"
    yield ""
    yield f"**{escaped_text(common.sentence(outcomes.headline(report)))}**"
    if report.message:
        yield ""
        yield from _quoted(report.message)
    advice = advice_in(report.next, report.next_command)
    if advice:
        yield f"\nTo do: {escaped_text(advice)}"
    if report.next_command:
        yield f"\n```sh\n{report.next_command}\n```"
    yield ""
    yield from facts_lines(tuple(facts_of(report)))
    for section in sections_of(report):
        yield f"## {section.title}"
        yield ""
        yield from facts_lines(section.facts)
        yield from table_lines(section)


def _quoted(message: str) -> Iterator[str]:
    """Quote a message line by line: the reasons that it lists become a list, and no line a title."""
    for line in filter(None, map(escaped_text, message.split("\n"))):
        yield f"> \\{line}" if line.startswith("#") else f"> {line}"


def facts_lines(facts: Sequence[tuple[str, str]]) -> Iterator[str]:
    """A list of facts."""
    if facts:
        yield from (f"- {escaped_text(f'{what}: {said}' if what else said)}" for what, said in facts)
        yield ""


def table_lines(section: Section) -> Iterator[str]:
    """The table of a section; nothing if it has none."""
    if section.rows:
        yield "| " + " | ".join(title.removeprefix(">") for title in section.columns) + " |"
        yield "|" + "".join("---:|" if title[0] == ">" else "---|" for title in section.columns)
        yield from ("| " + " | ".join(escaped_text(cell) for cell in row) + " |" for row in section.rows)
        yield ""


def escaped_text(cell: str) -> str:
    """A text in one line that is no markup."""
    escaped = _MARKUP.sub(r"\\\g<0>", cell).replace("&", "&amp;").replace("<", "&lt;")
    return " ".join(escaped.split())
