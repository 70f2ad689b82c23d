"""The tail: ways, rounds, proof; lines for a terminal, sections for a file."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from reports.model.report import TailReport
from reports.views import layout
from reports.views.fitting import Section
from reports.words import common
from reports.words import tail as words
from tasks.records.tail import IndexWay, Way


def ways_lines(ways: Sequence[IndexWay]) -> Iterator[Text]:
    """Which indices go by the tail and which by a restore, and what each is expected to take."""
    chosen = [each for each in ways if each.way is not Way.NOTHING]
    if not chosen:
        return
    yield Text("What changed since the copies:")
    yield from layout.first((Text(f"  {_way(each)}") for each in chosen), "indices", "  ")


def _way(each: IndexWay) -> str:
    name = "by the tail" if each.way is Way.TAIL else "by a restore"
    places = (("tail {}, before the freeze", each.tail_s), ("restore {}, inside the window", each.restore_s))
    costs = [said.format(common.duration(seconds)) for said, seconds in places if seconds is not None]
    expected = f" (expected: {', '.join(costs)})" if costs else ""
    return f"{each.name}: {name}{expected}: {each.why}"


def sections(report: TailReport) -> Iterator[Section]:
    """The same for a file: each index's way, and what was brought over and proved."""
    facts: list[tuple[str, str]] = []
    facts += [("followed", words.live(report.follow))] if report.follow else []
    facts += [("caught up", words.caught_up(report.caught_up))] if report.caught_up else []
    facts += [("last round", words.last_round(report.last))] if report.last else []
    facts += [("proof", words.proved(report.proof))] if report.proof else []
    facts += [("note", note) for note in report.proof.notes] if report.proof else []
    yield Section("Tail", facts=facts)
    chosen = [each for each in report.ways if each.way is not Way.NOTHING]
    yield Section("Ways", ("index", "way", ">by the tail", ">by a restore", "why"), list(map(_row, chosen)))


def _row(each: IndexWay) -> tuple[str, ...]:
    costs = (common.duration(cost) if cost is not None else "–" for cost in (each.tail_s, each.restore_s))
    return each.name, str(each.way), *costs, each.why


def lines(report: TailReport) -> Iterator[Text]:
    """How the tail went, in a few lines."""
    if report.follow:
        yield Text(f"Follow: {words.live(report.follow)}")
        fallen = (Text(f"  {each.name}: {each.out}", "yellow") for each in report.follow.indices if each.out)
        yield from layout.first(fallen, "indices", "  ")
    if report.caught_up:
        yield Text(f"Tail: {words.caught_up(report.caught_up)}")
    if report.last:
        yield Text(f"Last round of the tail: {words.last_round(report.last)}")
    if report.proof:
        yield Text(f"Proof: {words.proved(report.proof)}")
        yield from layout.notes(report.proof.notes)
