"""The report as one HTML page without scripts or links to elsewhere: to be read, printed and sent around."""

import re
from collections.abc import Iterator, Sequence
from html import escape

from configs.values.visible import visible_values
from reports.model.report import Report
from reports.views.fitting import Section
from reports.views.layout import ROWS, STYLES
from reports.views.sections import facts_of, sections_of
from reports.words import common, outcomes
from runs.lifecycle import RunStatus

_SENTENCE = 24
_GOOD, _BAD, _MIXED = "good", "bad", "mixed"
_OUTCOMES = {RunStatus.DONE: _GOOD, RunStatus.FAILED: _BAD, RunStatus.DIFFERENT: _BAD}
_CLASSES = {"green": _GOOD, "yellow": _MIXED, "bold red": _BAD}
_STYLE = """
:root { color-scheme: light dark; --ink: #1a1a1a; --paper: #fff; --line: #d7d7d7; --soft: #666;
  --good: #176b2c; --bad: #b3151b; --mixed: #8a5a00; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e8e8; --paper: #16181b; --line: #3a3d42;
  --soft: #a0a0a0; --good: #6fce86; --bad: #ff8a8a; --mixed: #e8b84a; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 72rem;
  margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: .25rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
.headline { font-size: 1.05rem; font-weight: 600; }
p { white-space: pre-line; }
.good { color: var(--good); } .bad { color: var(--bad); } .mixed { color: var(--mixed); }
.next { border-left: 4px solid var(--line); padding: .25rem .75rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; } dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
.table { overflow-x: auto; } table { border-collapse: collapse; } th { text-align: left; color: var(--soft); }
th, td { padding: .2rem .8rem .2rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
.name { white-space: nowrap; } .sentence { min-width: 16rem; }
.figure { text-align: right; white-space: nowrap; }
summary { cursor: pointer; color: var(--soft); padding: .4rem 0; }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; } dd { margin-bottom: .4rem; } }
""".strip()


def html(report: Report) -> str:
    """The whole report; of a long table the rows after the twentieth are folded up."""
    return "\n".join(_lines(visible_values(report))) + "\n"


def _lines(report: Report) -> Iterator[str]:
    title = escape(f"{outcomes.heading(report.verb)} {report.plan}: {report.outcome}")
    yield '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{title}</title>\n<style>\n{_STYLE}\n</style>\n</head>\n<body>\n<h1>{title}</h1>"
    headline = escape(common.sentence(outcomes.headline(report)))
    yield f'<p class="headline {_OUTCOMES.get(report.outcome, _MIXED)}">{headline}</p>'
    if report.message:
        yield f"<p>{_text(report.message)}</p>"
    if report.next:
        yield f'<p class="next">Next: {_text(report.next)}</p>'
    yield from _facts(tuple(facts_of(report)))
    for section in sections_of(report):
        yield f"<h2>{escape(section.title)}</h2>"
        yield from _facts(section.facts)
        yield from _table(section)
    yield "</body>\n</html>"


def _facts(facts: Sequence[tuple[str, str]]) -> Iterator[str]:
    yield from (f"<p>{_text(common.sentence(said))}</p>" for what, said in facts if not what)
    named = [f"<dt>{escape(what)}</dt><dd>{_text(said)}</dd>" for what, said in facts if what]
    if named:
        yield "<dl>\n" + "\n".join(named) + "\n</dl>"


def _table(section: Section) -> Iterator[str]:
    if not section.rows:
        return
    yield from _rows(section, section.rows[:ROWS])
    rest = section.rows[ROWS:]
    if rest:
        yield f"<details><summary>… and {common.number(len(rest))} more</summary>"
        yield from _rows(section, rest)
        yield "</details>"


def _rows(section: Section, rows: Sequence[Sequence[str]]) -> Iterator[str]:
    sides = [' class="figure"' if title[0] == ">" else "" for title in section.columns]
    heads = (
        f"<th{side}>{escape(title.removeprefix('>'))}</th>"
        for side, title in zip(sides, section.columns, strict=True)
    )
    yield f'<div class="table"><table>\n<tr>{"".join(heads)}</tr>'
    for row in rows:
        cells = (f"<td{_cell(cell, side)}>{_text(cell)}</td>" for side, cell in zip(sides, row, strict=True))
        yield f"<tr>{''.join(cells)}</tr>"
    yield "</table></div>"


def _cell(cell: str, side: str) -> str:
    """The class of a cell: a figure, a verdict, a sentence; anything else is a name and stays on one line."""
    if side:
        return side
    known = _CLASSES.get(STYLES.get(cell, ""))
    return f' class="{known or ("sentence" if len(cell) > _SENTENCE and " " in cell else "name")}"'


def _text(said: str) -> str:
    """Escape a text; what stands in backticks is code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(said))
