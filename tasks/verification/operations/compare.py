"""Level operations: compare shard by shard, split at the source's mark, and drill down where they differ.

Without marks of the source, the count, sum and maximum of `_seq_no` of the whole shard are compared.
docs/verification.md says what each proves.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from domains.engine.shard_stats import marks
from domains.errors import DomainError
from domains.shard_mark import Mark
from runs.progress import Progress, report_progress
from tasks.records.resolution import SelectedIndex
from tasks.records.verification import Verdict, not_compared
from tasks.verification.comparison import Comparison
from tasks.verification.operations.drill_down import (
    TO_EXPLAIN,
    TO_NAME,
    Bound,
    Budget,
    Found,
    Lead,
    Span,
    descend,
)
from tasks.verification.operations.ranges import Pair, Place, Sides, pairs
from tasks.verification.operations.renumbered import Marks, read_repaired
from tasks.verification.operations.verdicts import judged, no_basis, verdict

_SHARDS_AT_ONCE = 10
_MOVED = "target: somebody wrote to it while it was compared"


def marks_now(c: Comparison) -> Marks:
    """Read the current marks of the source's shards, for indices with earlier marks. Reads only."""
    marked = [index.name for index in c.indices if index.open and c.marks.get(index.name)]
    return marks(c.source, marked) if marked and c.settings.level != "counts" else {}


def compared(
    c: Comparison, sides: Sides, indices: Sequence[SelectedIndex], before: Marks, budget: Budget, step: str
) -> list[Verdict]:
    """Compare these indices, which are open and refreshed: one verdict each.

    Args:
        before: the source's marks before anything else was read.
        step: the step whose progress it reports.

    Raises:
        DomainError: a side could not be read.
    """
    versions = (sides.source_version, sides.target_version)
    repaired = read_repaired((c.source, c.target), versions, indices, c.repaired)
    sides = replace(sides, renumbered=repaired.shards)
    baseless = {i.name: why for i in indices if (why := no_basis(i, c.marks.get(i.name), before.get(i.name)))}
    places = [place for index in indices if index.name not in baseless for place in _places(index, c.marks)]
    figures = dict(zip(places, pairs(sides, [(place, place.edges) for place in places]), strict=True))
    found = _found(sides, figures, budget, step)
    moved = sorted({place.index.name for place in found if place.mark})
    after = marks(c.source, moved) if moved else {}
    written = repaired.moved(c.target)
    verdicts: list[Verdict] = []
    for index in indices:
        if index.name in baseless:
            verdicts.append(not_compared(index, baseless[index.name]))
            continue
        if index.target in written:
            verdicts.append(not_compared(index, _MOVED))
            continue
        shards = [
            judged(place, figures[place], found.get(place), _now(place, before), _now(place, after))
            for place in _places(index, c.marks)
        ]
        found_now = verdict(index, shards, c.most_named)
        if any((index.target, shard) in repaired.shards for shard in range(index.shards)):
            found_now = found_now.model_copy(update={"figures": None})  # numbers that stand for others
        verdicts.append(found_now)
    return verdicts


def _places(index: SelectedIndex, known: Marks) -> Iterator[Place]:
    marked = {mark.shard: mark for mark in known.get(index.name, ())}
    return (Place(index, shard, marked.get(shard)) for shard in range(index.shards))


def _now(place: Place, marked: Marks) -> Mark | None:
    return next((mark for mark in marked.get(place.index.name, ()) if mark.shard == place.shard), None)


def _found(
    sides: Sides, figures: Mapping[Place, tuple[Pair, ...]], budget: Budget, step: str
) -> dict[Place, Found]:
    """Drill down in the shards whose figures do not suffice, a few shards at a time."""
    leads = [lead for place, parts in figures.items() if (lead := _lead(place, parts))]
    found: dict[Place, Found] = {}
    for start in range(0, len(leads), _SHARDS_AT_ONCE):
        piece = leads[start : start + _SHARDS_AT_ONCE]
        report_progress(
            Progress(step, "searching for the documents that differ", start, len(leads), "shards")
        )
        found |= zip((lead.place for lead in piece), _descended(sides, piece, budget), strict=True)
    return found


def _descended(sides: Sides, leads: Sequence[Lead], budget: Budget) -> list[Found]:
    """Drill down; if the documents cannot be read, the earlier figures still count."""
    try:
        return descend(sides, leads, budget)
    except DomainError as error:
        if error.transient:
            raise
        return [Found(problem=str(error)) for _ in leads]


def _lead(place: Place, parts: tuple[Pair, ...]) -> Lead | None:
    """The ranges to drill down into; None if the figures suffice."""
    if any(pair.problem for pair in parts):
        return None
    spans: list[Span] = []
    below = parts[0]
    highest = max(below.source.maximum or 0, below.target.maximum or 0)
    if below.differs or below.vague:
        spans.append(Span(0, highest + 1, below.count))
    above = parts[1] if len(parts) > 1 else None
    if above and above.target.maximum is not None:  # operations that only the source has there are later ones
        spans.append(Span(above.low, above.target.maximum + 1, above.count, explicit=True))
    if not spans and not (above and above.count):
        return None
    return Lead(place, tuple(spans), _bound(place, below))


def _bound(place: Place, below: Pair) -> Bound:
    """Explain each document only if there are few enough of them."""
    lacking = abs(below.source.count - below.target.count)
    return TO_NAME if place.mark is None or lacking > TO_EXPLAIN.documents else TO_EXPLAIN
