"""Both zones of a shard: what the copy's snapshot held for certain, and what came to the source since.

Zone 1 ends at the source's global checkpoint before the snapshot. The snapshot held every operation up to it,
so what the source still has of zone 1 is on the copy too: equal counts prove equal sets, and one document too
many is named by the difference of the sums. What a document's number cannot prove, `_mget` on the source
must say, before anything is deleted.
"""

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from configs.values.listing import counted
from domains.domain import Domain
from domains.engine.comparison.seq_no_figures import BEYOND, FiguresQuery, SeqNoFigures, figures_by_range
from domains.engine.raw_documents import Numbers, RawDocument, look_up, numbered
from domains.errors import UnexpectedReply
from domains.versions import Version
from tasks.migration import Migration
from tasks.tail.comparison import Known, Narrowed, Span, edges, listed_in_full, narrow
from tasks.tail.places import FollowedIndex, Lost, Place
from tasks.tail.touched import Touched

_ROUNDS = 40
EXACT_STEP = 2**22
"""Numbers a range: a shard below 2^31 operations has exact sums in each of them."""
Tops = Mapping[tuple[str, int], int]
"""By index of the source and shard: the number of the last operation on a side."""
FiguresOf = Callable[[Place, Sequence[int]], list[SeqNoFigures]]
"""Figures of the containing set of a shard in adjacent ranges."""
_NUMBERS_AT_ONCE = 1_000
_LISTED_AT_ONCE = 5_000


@dataclass(frozen=True)
class Versions:
    """The engine versions of both sides."""

    source: Version
    target: Version


@dataclass(frozen=True)
class Zone:
    """A zone of a shard on one side, in ranges whose sums are exact.

    Args:
        bounds: of its adjacent ranges.
        figures: of each range.
    """

    bounds: tuple[int, ...]
    figures: tuple[SeqNoFigures, ...]

    @property
    def count(self) -> int:
        """Live documents."""
        return sum(each.count for each in self.figures)

    @property
    def problem(self) -> str:
        """Why its figures are not known, or not exact; empty if they are."""
        told = next((each.problem for each in self.figures if each.problem), "")
        return told or ("its sums are too large to be exact" if any(f.vague for f in self.figures) else "")

    def is_same(self, others: Sequence[SeqNoFigures]) -> bool:
        """Whether these are the very figures, range by range."""
        return [(f.count, f.sum or 0) for f in self.figures] == [(f.count, f.sum or 0) for f in others]


@dataclass(frozen=True)
class Zones:
    """Both zones of a shard on one side."""

    first: Zone
    second: Zone

    @property
    def problem(self) -> str:
        """Why they are not known; empty if they are."""
        return self.first.problem or self.second.problem


def source_zones(m: Migration, versions: Versions, places: Sequence[Place], tops: Tops) -> list[Zones]:
    """Both zones on the source, one request for many shards. Refresh first; reads only.

    Args:
        tops: the source's last operations.
    """
    return _zones(m.source, versions.source, [(place.source, place) for place in places], tops)


def target_zones(m: Migration, versions: Versions, places: Sequence[Place], tops: Tops) -> list[Zones]:
    """The same on the copies, whose zone 2 has the copy's own numbers.

    Args:
        tops: the copies' last operations.
    """
    return _zones(m.target, versions.target, [(place.target, place) for place in places], tops)


def _zones(domain: Domain, version: Version, asked: Sequence[tuple[str, Place]], tops: Tops) -> list[Zones]:
    first = [exact_bounds(0, place.low) for _, place in asked]
    second = [
        (*exact_bounds(place.low, max(place.low, tops[place.source, place.shard] + 1)), BEYOND)
        for _, place in asked
    ]
    queries = [
        FiguresQuery(name, place.shard, (*one[:-1], *two))
        for (name, place), one, two in zip(asked, first, second, strict=True)
    ]
    found = figures_by_range(domain, version, queries)
    return [
        Zones(Zone(one, parts[: len(one) - 1]), Zone(two, parts[len(one) - 1 :]))
        for one, two, parts in zip(first, second, found, strict=True)
    ]


def exact_bounds(low: int, high: int) -> tuple[int, ...]:
    """Bounds of ranges from `low` to `high` whose sums of numbers stay exact: engines add up doubles."""
    return (*range(low, high, EXACT_STEP), high)


class SurplusFinder:
    """Finds the documents that a copy's shard has and the source has no more.

    Args:
        touched: what is known of the copies' zone 2.
    """

    def __init__(self, m: Migration, versions: Versions, touched: Touched, index: FollowedIndex) -> None:
        self._m, self._versions, self._touched, self._index = m, versions, touched, index

    def in_first_zone(self, place: Place, *, by_sums: bool = True) -> Iterator[Known]:
        """Documents of zone 1 that only the copy has, by all signs. Refresh both sides first; reads only.

        Raises:
            Lost: the source has a document there that the copy lacks.
        """
        if place.low > 0:
            numbers = self._surplus(place, Span(0, place.low, 0), self._copy_figures, by_sums=by_sums)
            yield from (Known.on_copy(d, d.seq_no) for d in self._numbered(self._m.target, place, numbers))

    def in_second_zone(self, place: Place, up_to: int, *, by_sums: bool = True) -> Iterator[Known]:
        """Documents of zone 2 whose operation, up to this number, the source has no more. Reads only.

        Raises:
            Lost: the source has a document there that was never seen.
        """
        if up_to >= place.low:
            span = Span(place.low, up_to + 1, 0)
            for number in self._surplus(place, span, self._known_figures, by_sums=by_sums):
                yield from self._touched.by_source(place.number, number, number + 1)

    def _surplus(self, place: Place, span: Span, figures_of: FiguresOf, *, by_sums: bool) -> "array[int]":
        """Numbers in the span that the containing set has and the source has no more."""
        found = array("q")  # of millions, after a mass delete
        bounds = exact_bounds(span.low, span.high)
        parts = [self._measured(place, low, high, figures_of) for low, high in pairwise(bounds)]
        spans = [each for each in parts if each is not None]
        for _ in range(_ROUNDS):
            leaves: list[Span] = []
            deeper: list[Span] = []
            for each in spans:
                narrowed = self._narrowed(place, each, figures_of, by_sums=by_sums)
                found.extend(narrowed.numbers)
                leaves += narrowed.leaves
                deeper += narrowed.spans
            found.extend(self._listed(place, leaves, figures_of))
            if not deeper:
                break
            spans = list(deeper)
        return found

    def _measured(self, place: Place, low: int, high: int, figures_of: FiguresOf) -> Span | None:
        """The span with its figures; None if both sets are equal there."""
        bounds = (low, high)
        (more,), (fewer,) = figures_of(place, bounds), self._source_figures(place, bounds)
        if (more.count, more.sum) == (fewer.count, fewer.sum):
            return None
        if more.count < fewer.count:
            raise Lost(
                f"the source has {counted(fewer.count - more.count, 'document', 'documents')} in shard "
                f"{place.shard} that its copy "
                "should have had from its snapshot: its history was broken, or somebody wrote to the copy"
            )
        return Span(low, high, more.count, max(1, more.count - fewer.count))

    def _narrowed(self, place: Place, span: Span, figures_of: FiguresOf, *, by_sums: bool) -> Narrowed:
        bounds = edges(span)
        more, fewer = figures_of(place, bounds), self._source_figures(place, bounds)
        return narrow(bounds, more, fewer, by_sums=by_sums)

    def _listed(self, place: Place, leaves: Sequence[Span], figures_of: FiguresOf) -> Iterator[int]:
        """Compare the numbers of these ranges one by one."""
        for group in listed_in_full(leaves, min(_LISTED_AT_ONCE, self._index.page)):
            spans = tuple((span.low, span.high) for span in group)
            source = {d.seq_no for d in self._spans(self._m.source, place, spans)}
            if figures_of == self._copy_figures:
                there = {d.seq_no for d in self._spans(self._m.target, place, spans)}
            else:
                there = {
                    k.source_seq_no or 0
                    for low, high in spans
                    for k in self._touched.by_source(place.number, low, high)
                }
            lacking = source - there
            if lacking:
                raise Lost(
                    f"the source has operation {min(lacking)} in shard {place.shard}, and its copy has not: "
                    "its history was broken, or somebody wrote to the copy"
                )
            yield from sorted(there - source)

    def _spans(self, domain: Domain, place: Place, spans: tuple[tuple[int, int], ...]) -> list[RawDocument]:
        return self._read(domain, place, Numbers(spans=spans))

    def _numbered(self, domain: Domain, place: Place, numbers: Sequence[int]) -> Iterator[RawDocument]:
        ordered = sorted(set(numbers))
        at_once = min(_NUMBERS_AT_ONCE, self._index.page)
        for start in range(0, len(ordered), at_once):
            single = tuple(ordered[start : start + at_once])
            yield from self._read(domain, place, Numbers(single=single))

    def _read(self, domain: Domain, place: Place, numbers: Numbers) -> list[RawDocument]:
        name, version = self._side(domain, place)
        return numbered(domain, version, name, place.shard, numbers, self._index.page)

    def _side(self, domain: Domain, place: Place) -> tuple[str, Version]:
        if domain.side == "source":
            return place.source, self._versions.source
        return place.target, self._versions.target

    def _source_figures(self, place: Place, bounds: Sequence[int]) -> list[SeqNoFigures]:
        return self._engine_figures(self._m.source, place, bounds)

    def _copy_figures(self, place: Place, bounds: Sequence[int]) -> list[SeqNoFigures]:
        return self._engine_figures(self._m.target, place, bounds)

    def _known_figures(self, place: Place, bounds: Sequence[int]) -> list[SeqNoFigures]:
        return self._touched.figures(place.number, bounds)

    def _engine_figures(self, domain: Domain, place: Place, bounds: Sequence[int]) -> list[SeqNoFigures]:
        name, version = self._side(domain, place)
        query = FiguresQuery(name, place.shard, tuple(bounds))
        (found,) = figures_by_range(domain, version, [query])
        for figures in found:
            if figures.problem:
                raise UnexpectedReply(f"{domain.label}: figures of {place}", figures.problem, transient=True)
        return list(found)


def gone_from_source(
    m: Migration, versions: Versions, place: Place, candidates: Iterable[Known]
) -> list[Known]:
    """Those of these documents that the source says it does not have. Reads only."""
    listed = list(candidates)
    there = look_up(m.source, versions.source, place.source, [(k.id, k.routing) for k in listed])
    return [known for known in listed if (known.id, known.routing) not in there]
