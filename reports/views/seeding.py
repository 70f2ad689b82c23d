"""A round and a window: lines for a terminal, rows for Markdown."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from reports.model.cleanup import FinishReport
from reports.model.report import Report
from reports.model.seeding import RepointReport, RoundIndex, RoundReport, WindowReport
from reports.views import layout
from reports.views.fitting import Rows, Section
from reports.views.layout import ROWS
from reports.words import common, outcomes
from reports.words.window import clients, expectation, health, length, phases, refusing

_NAMES = 12


def round_lines(report: RoundReport, *, alone: bool) -> Iterator[RenderableType]:
    """What had changed, and what was copied.

    Args:
        alone: whether to show one row per index; otherwise the verification shows them.
    """
    if alone and report.indices:
        yield _table(report)
    elif not alone:
        yield Text(common.sentence(outcomes.round_figures(report)), "dim")
    yield from layout.reasons(
        ((index.target, f"full copy because {index.whole}") for index in report.indices if index.whole),
        "yellow",
    )
    if report.removed:
        yield Text(f"Copies removed: {common.names(report.removed, _NAMES)}")
    if report.left_behind:
        named = common.names(report.left_behind, _NAMES)
        yield Text(f"Copies left behind, as their indices are no longer selected: {named}", "yellow")


def _table(report: RoundReport) -> Rows:
    made = Rows(("Index", "Change", ">Operations", ">Fetched", ">Reused"))
    moved = _moved(report)
    for index in moved[:ROWS]:
        figures = (common.number(index.operations), common.size(index.fetched), common.size(index.reused))
        made.add(_name(index), index.kind, *figures)
    made.below.extend(layout.more(len(moved) - ROWS))
    unchanged = report.changes.get("unchanged")
    if unchanged:
        made.below.append(Text(_unchanged(unchanged), "dim"))
    return made


def _moved(report: RoundReport) -> list[RoundIndex]:
    return [index for index in report.indices if index.kind != "unchanged"]


def _name(index: RoundIndex) -> str:
    return index.source if index.source == index.target else f"{index.source} → {index.target}"


def _unchanged(count: int) -> str:
    return f"{common.number(count)} unchanged: their copies were left as they are"


def window_lines(report: WindowReport) -> Iterator[Text]:
    """How long the source refused writes, what clients must use, and whether there is a way back."""
    style = "bold" if report.outcome == "open" else "bold yellow"
    yield Text(f"Window: {length(report)}", style)
    yield Text(f"  {phases(report)}", "dim")
    if report.expected_low is not None:
        yield Text(f"  {expectation(report)}", "dim")
    yield Text(f"  {refusing(report)}", "" if not report.still_blocked else "yellow")
    if report.repoint:
        yield from (Text(line) for line in clients(report.repoint))
    yield Text(f"Falling back: {report.falling_back}")
    if report.health_waited is not None:
        yield Text(f"Health: {health(report)}", "yellow" if report.not_green else "")
    for said in report.automated_snapshots:
        yield Text(f"Automated snapshots of the source: {said}", "dim")


def sections(report: Report) -> Iterator[Section]:
    """The same for Markdown."""
    if report.round:
        figures = (">operations", ">fetched", ">reused")
        columns = ("source", "copy", "change", "why", *figures, "full copy because")
        unchanged = report.round.changes.get("unchanged")
        facts = [("", _unchanged(unchanged))] if unchanged else []
        yield Section(f"Round {report.round.number}", columns, list(_rows(report.round)), facts)
    if report.window:
        phases = [(phase.name, common.duration(phase.seconds)) for phase in report.window.phases]
        yield Section("Window", ("phase", ">time"), phases, list(_window_facts(report.window)))
    if report.window and report.window.repoint:
        columns = ("what", "name", "detail")
        yield Section("What clients must use", columns, list(_client_rows(report.window.repoint)))
    if report.finish:
        yield Section("Cleaned up", facts=list(_finish_rows(report.finish)))


def _rows(report: RoundReport) -> Iterator[tuple[str, ...]]:
    for index in _moved(report):
        figures = (common.number(index.operations), common.size(index.fetched), common.size(index.reused))
        yield index.source, index.target, index.kind, index.why, *figures, index.whole
    for name in report.removed:
        yield "", name, "copy removed", "", "", "", "", ""
    for name in report.left_behind:
        yield "", name, "left behind", "its index is no longer selected", "", "", "", ""


def _window_facts(report: WindowReport) -> Iterator[tuple[str, str]]:
    yield "", length(report)
    if report.expected_low is not None:
        yield "", expectation(report)
    yield "", refusing(report)
    yield "falling back", report.falling_back
    if report.health_waited is not None:
        yield "health", health(report)
    yield from (("automated snapshots of the source", said) for said in report.automated_snapshots)


def _client_rows(report: RepointReport) -> Iterator[tuple[str, str, str]]:
    yield "endpoint", report.endpoint, ""
    renamed = {each.target: each.source for each in report.renamed}
    for name in report.indices:
        yield "index", name, f"was {renamed[name]}" if name in renamed else ""
    yield from (("data stream", name, "") for name in report.streams)
    yield from (("alias", alias, ", ".join(indices)) for alias, indices in report.aliases.items())


def _finish_rows(record: FinishReport) -> Iterator[tuple[str, str]]:
    yield "at", common.clock(record.at)
    yield from (("snapshot removed", name) for name in record.removed)
    yield from (("snapshot kept", name) for name in record.kept)
    yield from ((f"registration on the {side}", said) for side, said in record.registrations.items())
    if record.refusing:
        yield "indices of the source that still refuse writes", common.number(len(record.refusing))
    if record.released:
        yield "indices of the source that take writes again", common.number(len(record.released))
    yield from ((f"not touched: {item.name}", item.why) for item in record.left)
