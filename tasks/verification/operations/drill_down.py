"""Drill down from differing figures to documents, by ever smaller ranges of sequence numbers.

Bounded, even if everything differs: ranges that were not read are reported as unseen.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from domains.engine.comparison import documents
from domains.engine.comparison.documents import Key, SeqNoRange
from tasks.records.verification import Difference, DocumentDifference
from tasks.verification.operations.ranges import Pair, Place, Sides, pairs

WAYS = 16
"""Ranges that each range is split into, per level."""
LEAF = 256
"""Up to this many documents of both sides together are listed instead of summed up."""
_REACHES_AT_ONCE = 40


@dataclass(frozen=True)
class Bound:
    """Limits of the drill-down into one shard.

    Args:
        spans: ranges at one level.
        leaves: ranges whose documents are listed.
        documents: differing documents after which it stops.
    """

    spans: int
    leaves: int
    documents: int


TO_NAME = Bound(64, 64, 2_000)
"""Enough to name some documents."""
TO_EXPLAIN = Bound(4_096, 8_192, 20_000)
"""Enough to explain every document."""


@dataclass
class Budget:
    """Limits of all drill-downs of one verification, per side: searches and listed documents."""

    searches: int = 40_000
    documents: int = 2_000_000

    @property
    def spent(self) -> bool:
        """Whether the budget is used up."""
        return self.searches <= 0 or self.documents <= 0


@dataclass(frozen=True)
class Span:
    """A range of sequence numbers to drill down into.

    Args:
        count: documents in it, both sides together, at most.
        explicit: whether equal figures do not suffice, so that every document must be compared.
    """

    low: int
    high: int
    count: int
    explicit: bool = False

    @property
    def edges(self) -> tuple[int, ...]:
        """Edges of the ranges that it is split into."""
        width = max(1, -(-(self.high - self.low) // WAYS))
        return (*range(self.low, self.high, width), self.high)

    @property
    def is_leaf(self) -> bool:
        """Whether it has few enough documents to list."""
        return self.count <= LEAF or self.high - self.low <= LEAF // 2


@dataclass(frozen=True)
class Lead:
    """A shard whose documents must be compared in these ranges."""

    place: Place
    spans: tuple[Span, ...]
    bound: Bound


@dataclass(frozen=True)
class Found:
    """The findings in one shard.

    Args:
        differences: documents whose sequence numbers differ.
        unseen: whether there is more than was read.
        explicit: number of the source's documents in ranges whose documents were all listed.
        problem: why the documents could not be read; empty if they could.
    """

    differences: tuple[DocumentDifference, ...] = ()
    unseen: bool = False
    explicit: int = 0
    problem: str = ""


@dataclass
class _Trail:
    """State of one lead while drilling down."""

    lead: Lead
    leaves: list[Span] = field(default_factory=list[Span])
    source: dict[Key, int] = field(default_factory=dict[Key, int])
    target: dict[Key, int] = field(default_factory=dict[Key, int])
    unseen: bool = False
    explicit: int = 0
    problem: str = ""

    @property
    def is_full(self) -> bool:
        return len(self.source) + len(self.target) > self.lead.bound.documents

    def take(self, spans: Iterable[Span]) -> list[Span]:
        """Keep the spans to list as leaves; return the spans to split further."""
        wanted, bound = list(spans), self.lead.bound
        further = [span for span in wanted if not span.is_leaf]
        self.leaves += [span for span in wanted if span.is_leaf]
        self.unseen |= len(further) > bound.spans or len(self.leaves) > bound.leaves
        del self.leaves[bound.leaves :]
        return further[: bound.spans]


_Frontier = list[tuple[_Trail, Span]]


def descend(sides: Sides, leads: Sequence[Lead], budget: Budget) -> list[Found]:
    """Find the documents that differ in each of these shards. Reads only.

    Raises:
        DomainError: a side could not be read.
    """
    trails = [_Trail(lead) for lead in leads]
    frontier = [(trail, span) for trail in trails for span in trail.take(trail.lead.spans)]
    while frontier:
        frontier = _cut(sides, frontier, budget)
    _list(sides, trails, budget)
    _look_up(sides, trails)
    return [
        Found(tuple(_differences(trail)), trail.unseen, trail.explicit, trail.problem) for trail in trails
    ]


def _cut(sides: Sides, frontier: _Frontier, budget: Budget) -> _Frontier:
    """Split one level further down."""
    budget.searches -= len(frontier)
    if budget.spent:
        for trail, _ in frontier:
            trail.unseen = True
        return []
    found = pairs(sides, [(trail.lead.place, span.edges) for trail, span in frontier])
    below: dict[int, list[Span]] = {}
    by_id = {id(trail): trail for trail, _ in frontier}
    for (trail, span), parts in zip(frontier, found, strict=True):
        problems = (pair.problem_of(trail.lead.place.shard) for pair in parts if pair.problem)
        trail.problem = trail.problem or next(problems, "")
        below.setdefault(id(trail), []).extend(_worth(span, parts))
    return [(by_id[key], span) for key, spans in below.items() for span in by_id[key].take(spans)]


def _worth(span: Span, parts: Iterable[Pair]) -> Iterator[Span]:
    for pair in parts:
        if not pair.problem and (pair.differs or pair.vague or (span.explicit and pair.count)):
            yield Span(pair.low, pair.high, pair.count, span.explicit)


def _list(sides: Sides, trails: Sequence[_Trail], budget: Budget) -> None:
    """List the documents of the leaves, a few leaves at a time, and keep those that differ."""
    followed = [trail for trail in trails if trail.leaves and not budget.spent]
    left = documents.page_sizes(sides.source, {trail.lead.place.index.name for trail in followed})
    right = documents.page_sizes(sides.target, {trail.lead.place.index.target for trail in followed})
    remaining = ((trail, leaf) for trail in trails for leaf in trail.leaves)
    while piece := list(islice(remaining, _REACHES_AT_ONCE)):
        wanted = [(trail, leaf) for trail, leaf in piece if not trail.is_full and not budget.spent]
        for trail, _ in piece:
            trail.unseen |= trail.is_full or budget.spent
        places = [(trail.lead.place, leaf) for trail, leaf in wanted]
        source = documents.list_documents(
            sides.source,
            sides.source_version,
            [_reach(p.index.name, p, leaf, left) for p, leaf in places],
        )
        target = documents.list_documents(
            sides.target,
            sides.target_version,
            [_reach(p.index.target, p, leaf, right) for p, leaf in places],
        )
        for (trail, leaf), one, listed in zip(wanted, source, target, strict=True):
            other = sides.renumbered_in(trail.lead.place).listed(listed, leaf.low, leaf.high)
            budget.documents -= max(len(one), len(other))
            trail.explicit += len(one) if leaf.explicit else 0
            trail.source |= {key: number for key, number in one.items() if other.get(key) != number}
            trail.target |= {key: number for key, number in other.items() if one.get(key) != number}


def _reach(name: str, place: Place, leaf: Span, windows: dict[str, int]) -> SeqNoRange:
    return SeqNoRange(name, place.shard, leaf.low, leaf.high, min(windows[name], LEAF + 1))


def _look_up(sides: Sides, trails: Sequence[_Trail]) -> None:
    """Look up documents found on one side only: the other may have them under another number."""
    asked_target = [(t, key) for t in trails for key in t.source if key not in t.target]
    asked_source = [(t, key) for t in trails for key in t.target if key not in t.source]
    there = documents.last_seq_nos(
        sides.target, [(t.lead.place.index.target, key) for t, key in asked_target]
    )
    here = documents.last_seq_nos(sides.source, [(t.lead.place.index.name, key) for t, key in asked_source])
    for (trail, key), number in zip(asked_target, there, strict=True):
        stands_for = sides.renumbered_in(trail.lead.place).number(key, number)
        if stands_for is not None:
            trail.target[key] = stands_for
    for (trail, key), number in zip(asked_source, here, strict=True):
        if number is not None:
            trail.source[key] = number


def _differences(trail: _Trail) -> Iterator[DocumentDifference]:
    def order(key: Key) -> int:
        return min(side[key] for side in (trail.source, trail.target) if key in side)

    for key in sorted(trail.source.keys() | trail.target.keys(), key=order):
        source, target = trail.source.get(key), trail.target.get(key)
        if source != target:
            yield DocumentDifference(
                id=key.id,
                kind=_kind(source, target),
                shard=trail.lead.place.shard,
                routing=key.routing,
                source_seq_no=source,
                target_seq_no=target,
            )


def _kind(source: int | None, target: int | None) -> Difference:
    if target is None:
        return "missing on the target"
    return "surplus on the target" if source is None else "other operation"
