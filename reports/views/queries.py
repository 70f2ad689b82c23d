"""The query gate: the searches that rank otherwise, the worst first, and what was read."""

from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from reports.views.fitting import Rows, Section, page
from reports.views.layout import ROWS, first, more
from reports.words import queries as words
from tasks.records.queries import QueryComparison, QueryResult

_STYLES = {"equal": "green", "explained": "yellow", "different": "bold red", "not compared": "bold red"}
_NAMED = 10


def queries_document(record: QueryComparison) -> dict[str, Any]:
    """A comparison by itself, for machines."""
    return {"passed": record.passed, **record.model_dump(mode="json")}


def queries_view(record: QueryComparison, *, every: bool = False) -> RenderableType:
    """A comparison by itself.

    Args:
        every: whether to list the searches that rank alike as well.
    """
    return page((*lines(record, every=every), conclusion(record)))


def conclusion(record: QueryComparison) -> Text:
    """The verdict of the gate."""
    said = words.conclusion(record)
    passed = "bold green" if record.passed else "bold red"
    return Text(f"{said[:1].upper()}{said[1:]}{'' if record.passed else ': query gate failed'}", passed)


def parts(record: QueryComparison | None) -> Iterator[RenderableType]:
    """The gate as a part of something larger; nothing without one."""
    if record is not None:
        yield from lines(record)
        yield conclusion(record)


def lines(record: QueryComparison, *, every: bool = False) -> Iterator[RenderableType]:
    """The searches that are not equal, with their documents and causes; then what was read, and times."""
    shown = [each for each in record.results if every or each.outcome != "equal"]
    listed = shown if every else shown[:ROWS]
    table = Rows(("Search", "Verdict", ">Seen", ">Overlap", ">RBO", ">Lost", ">Gained", ">Moved"))
    for each in listed:
        table.add(*_row(each))
    table.below.extend(more(len(shown) - len(listed), "searches"))
    if listed:
        yield table
    for each in listed:
        yield from _about(each)
    if record.read:
        yield Text(words.read(record.read), "dim")
    if record.latency:
        yield Text(words.latency(record.latency), "yellow" if record.latency.is_slower else "dim")
    yield from first((Text(note, "dim") for note in words.notes(record)), "notes")


def _row(result: QueryResult) -> Sequence[str | Text]:
    verdict = Text(result.outcome, _STYLES[result.outcome])
    return (
        words.place(result),
        verdict,
        str(result.seen),
        words.likeness(result.overlap),
        words.likeness(result.rbo),
        *(str(sum(each.kind == kind for each in result.changes)) for kind in ("lost", "gained", "moved")),
    )


def _about(result: QueryResult) -> Iterator[Text]:
    if result.outcome == "equal":
        return
    style = "yellow" if result.outcome == "explained" else "red"
    yield Text(f"{result.place}: {words.difference(result) or result.outcome}", style)
    for each in result.changes[:_NAMED]:
        yield Text(f"  {words.change(each)}", style)
    yield from more(len(result.changes) + result.more - _NAMED, "documents", "  ")


def sections(record: QueryComparison) -> Iterator[Section]:
    """The gate in a file: its verdict, every search that is listed, and the documents that moved."""
    facts = [("verdict", words.conclusion(record))]
    facts += [("searches", words.read(record.read))] if record.read else []
    facts += [("times", words.latency(record.latency))] if record.latency else []
    facts += [("note", note) for note in words.notes(record)]
    columns = ("search", "verdict", ">seen", ">overlap", ">rbo", "detail")
    rows = [
        (
            words.place(each),
            each.outcome,
            str(each.seen),
            words.likeness(each.overlap),
            words.likeness(each.rbo),
            words.difference(each),
        )
        for each in record.results
    ]
    yield Section("Recorded searches", columns, rows, facts)
    changed = [
        (each.place, change.index, words.change(change)) for each in record.results for change in each.changes
    ]
    yield Section("Documents that rank otherwise", ("search", "index", "what"), changed)
