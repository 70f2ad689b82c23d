"""How long the recorded searches take on both sides, by the engines' own clocks. Reads only."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from tasks.queries.comparing import ComparedSearch
from tasks.queries.sides import SearchedSides
from tasks.records.queries import Latency

RUNS = 3
"""Timed runs of each search on each side; the runs before them are for warming up, and are not timed."""
FLOOR_MS = 20.0
"""What is faster counts as this much: `took` is in whole milliseconds, and a few of them are chance."""


@dataclass(frozen=True)
class Times:
    """Times of one search, in milliseconds.

    Args:
        problem: why it could not be timed; then there are none.
    """

    source: tuple[int, ...] = ()
    target: tuple[int, ...] = ()
    problem: str = ""


def timed(sides: SearchedSides, found: ComparedSearch) -> Times:
    """Time a search that both sides have run before.

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
                return Times(problem=f"it could not be timed: {side.domain.side}: {answer.problem}")
            times[side.domain.side].append(answer.took_ms)
    return Times(tuple(times["source"]), tuple(times["target"]))


def with_times(found: ComparedSearch, times: Times, *, judged: bool) -> ComparedSearch:
    """The search with the medians of its times.

    Args:
        judged: whether a search that could not be timed is not compared; else a note says so.
    """
    if not times.problem:
        return found.with_result(
            source_ms=float(statistics.median(times.source)), target_ms=float(statistics.median(times.target))
        )
    if not judged:
        return found.with_result(notes=(*found.result.notes, times.problem))
    outcome = "different" if found.result.outcome == "different" else "not compared"
    return found.with_result(outcome=outcome, problem=times.problem, unranked=False, says_nothing=False)


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
