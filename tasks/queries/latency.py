"""How long the recorded searches take on both sides, by the engines' own clocks. Reads only."""

import statistics
from collections.abc import Sequence

from tasks.queries.comparing import ComparedSearch
from tasks.queries.sides import SearchedSides
from tasks.records.queries import Latency

RUNS = 3
"""Timed runs of each search on each side; the runs before them are for warming up, and are not timed."""
FLOOR_MS = 20.0
"""What is faster counts as this much: `took` is in whole milliseconds, and a few of them are chance."""


def timed(sides: SearchedSides, found: ComparedSearch) -> tuple[list[int], list[int]]:
    """Times of a search that both sides have run before, in milliseconds; empty if a run failed.

    The sides take turns, and so does which of them comes first.

    Raises:
        DomainError: transient errors only.
    """
    times: dict[str, list[int]] = {"source": [], "target": []}
    for turn in range(RUNS):
        order = (sides.source, sides.target) if turn % 2 == 0 else (sides.target, sides.source)
        for side in order:
            answer = side.run(found.indices, found.query.header, found.query.body)
            if answer.problem:
                return [], []
            times[side.domain.side].append(answer.took_ms)
    return times["source"], times["target"]


def with_times(found: ComparedSearch, source: Sequence[int], target: Sequence[int]) -> ComparedSearch:
    """The search with the medians of its times."""
    if not source:
        return found
    return found.with_result(
        source_ms=float(statistics.median(source)), target_ms=float(statistics.median(target))
    )


def latency(source: Sequence[int], target: Sequence[int], most: float, *, fails: bool) -> Latency | None:
    """Compare the 95th percentiles of all timed runs; None without any.

    Args:
        most: the largest ratio that passes.
        fails: whether a larger one fails the gate.
    """
    if not source or not target:
        return None
    before, after = p95(source), p95(target)
    ratio = max(after, FLOOR_MS) / max(before, FLOOR_MS)
    return Latency(
        runs=len(source),
        source_p95_ms=before,
        target_p95_ms=after,
        ratio=round(ratio, 3),
        most=most,
        fails=fails,
    )


def p95(times: Sequence[int]) -> float:
    """The 95th percentile: the smallest time that at least 95 % of the runs do not exceed."""
    ordered = sorted(times)
    return float(ordered[max(0, -(-len(ordered) * 95 // 100) - 1)])
