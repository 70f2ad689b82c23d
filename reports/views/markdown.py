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
    yield f"# {outcomes.heading(report.verb)} {_text(report.plan)}: {report.outcome}"
    yield ""
    yield f"**{_text(common.sentence(outcomes.headline(report)))}**"
    if report.message:
        yield ""
        yield from _quoted(report.message)
    advice = advice_in(report.next, report.next_command)
    if advice:
        yield f"\nTo do: {_text(advice)}"
    if report.next_command:
        yield f"\n```sh\n{report.next_command}\n```"
    yield ""
    yield from _facts(tuple(facts_of(report)))
    for section in sections_of(report):
        yield f"## {section.title}"
        yield ""
        yield from _facts(section.facts)
        yield from _table(section)


def _quoted(message: str) -> Iterator[str]:
    """Quote a message line by line: the reasons that it lists become a list, and no line a title."""
    for line in filter(None, map(_text, message.split("\n"))):
        yield f"> \\{line}" if line.startswith("#") else f"> {line}"


def _facts(facts: Sequence[tuple[str, str]]) -> Iterator[str]:
    if facts:
        yield from (f"- {_text(f'{what}: {said}' if what else said)}" for what, said in facts)
        yield ""


def _table(section: Section) -> Iterator[str]:
    if section.rows:
        yield "| " + " | ".join(title.removeprefix(">") for title in section.columns) + " |"
        yield "|" + "".join("---:|" if title[0] == ">" else "---|" for title in section.columns)
        yield from ("| " + " | ".join(_text(cell) for cell in row) + " |" for row in section.rows)
        yield ""


def _text(cell: str) -> str:
    escaped = _MARKUP.sub(r"\\\g<0>", cell).replace("&", "&amp;").replace("<", "&lt;")
    return " ".join(escaped.split())
