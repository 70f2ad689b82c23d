"""Compare closed indices: they answer no search, but shards report Lucene documents and last operation."""

from collections.abc import Mapping, Sequence

from domains.engine.comparison import seq_no_figures
from domains.engine.comparison.seq_no_figures import ShardStats
from tasks.records.resolution import SelectedIndex
from tasks.records.verification import Figures, Verdict, not_compared
from tasks.verification.comparison import Comparison
from tasks.verification.figures import of_closed


def compared(c: Comparison, indices: Sequence[SelectedIndex]) -> list[Verdict]:
    """Compare these indices, which are closed on the source: one verdict each. Reads only.

    Raises:
        DomainError: a side could not be read.
    """
    if not indices:
        return []
    sources = seq_no_figures.shard_stats(c.source, [index.name for index in indices])
    targets = seq_no_figures.shard_stats(c.target, [index.target for index in indices])
    return [_verdict(i, sources.get(i.name, {}), targets.get(i.target, {})) for i in indices]


def _verdict(
    index: SelectedIndex, source: Mapping[int, ShardStats], target: Mapping[int, ShardStats]
) -> Verdict:
    for side, found in (("source", source), ("target", target)):
        if len(found) != index.shards or not found:
            why = f"{side}: {len(found)} of {index.shards} closed shards reported their figures"
            return not_compared(index, why)
    differing = [n for n in sorted(source) if source[n] != target[n]]
    return Verdict(
        source=index.name,
        target=index.target,
        outcome="different" if differing else "equal",
        source_count=sum(stats.documents for stats in source.values()),
        target_count=sum(stats.documents for stats in target.values()),
        shards=index.shards,
        detail="; ".join(
            [f"shard {n}: {source[n].documents} and {target[n].documents} documents" for n in differing[:3]]
            or ["closed: compared by Lucene documents and last sequence number of each shard"]
        ),
        figures=Figures(kind="closed", source=of_closed(source), target=of_closed(target)),
    )
