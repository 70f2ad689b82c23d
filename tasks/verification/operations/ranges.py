"""Read figures shard by shard on both sides, range by range of their sequence numbers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from domains.domain import Domain
from domains.engine.cluster import identity
from domains.engine.comparison import seq_no_figures
from domains.engine.comparison.seq_no_figures import BEYOND, FiguresQuery, SeqNoFigures
from domains.shard_mark import Mark
from domains.versions import Version
from tasks.records.resolution import SelectedIndex
from tasks.verification.comparison import Comparison
from tasks.verification.operations.renumbered import NOTHING, ByShard, Renumbered


@dataclass(frozen=True)
class Sides:
    """Both domains, with their engine versions.

    Args:
        renumbered: documents of the target under numbers of its own, by index there and shard.
    """

    source: Domain
    target: Domain
    source_version: Version
    target_version: Version
    renumbered: ByShard = field(default_factory=dict[tuple[str, int], Renumbered])

    def renumbered_in(self, place: "Place") -> Renumbered:
        """The documents of this shard under numbers of the target's own."""
        return self.renumbered.get((place.index.target, place.shard), NOTHING)


def sides_of(c: Comparison) -> Sides:
    """Read the engine versions of both sides. One request each; reads only."""
    return Sides(c.source, c.target, identity(c.source).version, identity(c.target).version)


@dataclass(frozen=True)
class Place:
    """One shard of an index that is compared.

    Args:
        mark: the source's mark before the snapshot that the copy is from; None if unknown.
    """

    index: SelectedIndex
    shard: int
    mark: Mark | None = None

    @property
    def edges(self) -> tuple[int, ...]:
        """Edges of the ranges: up to the mark's global checkpoint, and above."""
        return (0, BEYOND) if self.mark is None else (0, self.mark.global_checkpoint + 1, BEYOND)


@dataclass(frozen=True)
class Pair:
    """One range of sequence numbers, from `low` to below `high`, with its figures on both sides."""

    low: int
    high: int
    source: SeqNoFigures
    target: SeqNoFigures

    @property
    def problem(self) -> str:
        """Why the figures of a side are unreliable; empty if both are reliable."""
        return self.source.problem or self.target.problem

    def problem_of(self, shard: int) -> str:
        """The same with the side and the shard."""
        side = "source" if self.source.problem else "target"
        return f"{side}: shard {shard}: {self.problem}"

    @property
    def differs(self) -> bool:
        """Whether the figures prove a difference."""
        return self.source != self.target

    @property
    def vague(self) -> bool:
        """Whether a sum is too large to be exact, so that smaller ranges are needed."""
        return self.source.vague or self.target.vague

    @property
    def count(self) -> int:
        """Documents of both sides together."""
        return self.source.count + self.target.count


def pairs(sides: Sides, asked: Sequence[tuple[Place, tuple[int, ...]]]) -> list[tuple[Pair, ...]]:
    """Read the figures of each of these shards between these edges, on both sides. Reads only."""
    renumbered = [sides.renumbered_in(place) for place, _ in asked]
    here = [FiguresQuery(place.index.name, place.shard, edges) for place, edges in asked]
    there = [
        FiguresQuery(place.index.target, place.shard, edges, own.own)
        for (place, edges), own in zip(asked, renumbered, strict=True)
    ]
    left = _spread(sides.source, sides.source_version, here)
    right = _spread(sides.target, sides.target_version, there)
    return [
        tuple(
            Pair(low, high, source, own.figures(target, low, high))
            for (low, high), source, target in zip(pairwise(edges), one, other, strict=True)
        )
        for (_, edges), own, one, other in zip(asked, renumbered, left, right, strict=True)
    ]


def _spread(
    domain: Domain, version: Version, queries: Sequence[FiguresQuery]
) -> list[tuple[SeqNoFigures, ...]]:
    """Read the figures of one side; a single range needs no aggregation by ranges."""
    whole = {query for query in queries if query.edges == (0, BEYOND)}
    simple = seq_no_figures.operations(domain, version, [query for query in queries if query in whole])
    by_range = iter(
        seq_no_figures.figures_by_range(domain, version, [query for query in queries if query not in whole])
    )
    return [(simple[query],) if query in whole else next(by_range) for query in queries]
