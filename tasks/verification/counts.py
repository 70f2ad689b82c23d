"""Level counts: compare the live documents of each index."""

from collections.abc import Sequence

from domains.engine.comparison import seq_no_figures
from tasks.records.resolution import SelectedIndex
from tasks.records.verification import Figures, ShardFigures, Verdict, not_compared
from tasks.verification.operations.ranges import Sides


def compared(sides: Sides, indices: Sequence[SelectedIndex]) -> list[Verdict]:
    """Compare these indices, which are open and refreshed: one verdict each. Reads only.

    Raises:
        DomainError: a side could not be read.
    """
    source = seq_no_figures.counts(sides.source, sides.source_version, [index.name for index in indices])
    target = seq_no_figures.counts(sides.target, sides.target_version, [index.target for index in indices])
    return [_verdict(index, source[index.name], target[index.target]) for index in indices]


def _verdict(
    index: SelectedIndex, source: seq_no_figures.SeqNoFigures, target: seq_no_figures.SeqNoFigures
) -> Verdict:
    left = None if source.problem else source.count
    right = None if target.problem else target.count
    for side, problem in (("source", source.problem), ("target", target.problem)):
        if problem:
            return not_compared(index, f"{side}: {problem}", left, right)
    return Verdict(
        source=index.name,
        target=index.target,
        outcome="equal" if left == right else "different",
        source_count=left,
        target_count=right,
        shards=index.shards,
        detail="" if left == right else f"{left} documents on the source, {right} on the target",
        figures=Figures(
            kind="counts",
            source=(ShardFigures(documents=source.count),),
            target=(ShardFigures(documents=target.count),),
        ),
    )
