"""Figures of indices as a certificate has them: kept from a verification, and read again later."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from domains.domain import Domain
from domains.engine.comparison import seq_no_figures
from domains.engine.comparison.seq_no_figures import FiguresQuery, SeqNoFigures, ShardStats
from domains.versions import Version
from tasks.records.verification import Figures, FiguresKind, ShardFigures


@dataclass(frozen=True)
class Wanted:
    """An index on one domain, and which figures of it are wanted.

    Args:
        shards: how many it has.
    """

    name: str
    shards: int
    kind: FiguresKind


Shards = tuple[ShardFigures, ...]


def figures_of(shards: Sequence[tuple[SeqNoFigures, SeqNoFigures]]) -> Figures | None:
    """The figures of both sides of an open index; None if one was not read."""
    if any(side.problem for pair in shards for side in pair):
        return None
    source, target = (tuple(_of_open(pair[side]) for pair in shards) for side in (0, 1))
    return Figures(kind="operations", source=source, target=target)


def of_closed(stats: Mapping[int, ShardStats]) -> Shards:
    """The figures of a closed index, in order of its shards."""
    return tuple(ShardFigures(documents=s.documents, last=s.max_seq_no) for _, s in sorted(stats.items()))


def _of_open(figures: SeqNoFigures) -> ShardFigures:
    return ShardFigures(documents=figures.count, sum=figures.sum, last=figures.maximum)


def read_figures(domain: Domain, version: Version, indices: Collection[Wanted]) -> dict[str, Shards]:
    """Read these figures, from primaries. Refresh open indices before; reads only.

    An index of which a shard did not answer is left out.

    Raises:
        DomainError: the domain could not be read.
    """
    found = _of_operations(domain, version, [each for each in indices if each.kind == "operations"])
    found |= _of_counts(domain, version, [each.name for each in indices if each.kind == "counts"])
    closed = {each.name: each.shards for each in indices if each.kind == "closed"}
    stats = seq_no_figures.shard_stats(domain, list(closed)) if closed else {}
    return found | {
        name: of_closed(stats[name])
        for name, shards in closed.items()
        if sorted(stats.get(name, {})) == list(range(shards))
    }


def _of_operations(domain: Domain, version: Version, indices: Iterable[Wanted]) -> dict[str, Shards]:
    queries = {each.name: [FiguresQuery(each.name, n) for n in range(each.shards)] for each in indices}
    asked = [query for each in queries.values() for query in each]
    told = seq_no_figures.operations(domain, version, asked) if asked else {}
    return {
        name: tuple(_of_open(told[query]) for query in each)
        for name, each in queries.items()
        if each and not any(told[query].problem for query in each)
    }


def _of_counts(domain: Domain, version: Version, names: list[str]) -> dict[str, Shards]:
    told = seq_no_figures.counts(domain, version, names) if names else {}
    return {name: (ShardFigures(documents=each.count),) for name, each in told.items() if not each.problem}
