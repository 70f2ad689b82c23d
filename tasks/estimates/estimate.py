"""Estimate how long a migration will take: a range, from documented limits or earlier measurements. Pure.

docs/estimates.md explains to users how the range is computed.
"""

from collections.abc import Sequence

from tasks.estimates import explanation
from tasks.estimates.costs import COSTS
from tasks.estimates.explanation import Circumstances
from tasks.estimates.history import Measurement
from tasks.records.estimates import Estimate, Range, StepEstimate, Workload
from tasks.steps import ESTIMATED, STANDSTILL

_SPREAD = (0.2, 0.33)  # margin around the measurements: several runs that agree, and a single one

_RUNS = 3  # newest measurements of a step that count

_EXTRAPOLATED = 20.0  # a measured step with less than a twentieth of the work says too little


def estimate(
    work: Workload, measured: Sequence[Measurement] = (), circumstances: Circumstances | None = None
) -> Estimate:
    """Estimate this work.

    Args:
        measured: measurements of earlier runs, newest first.
        circumstances: by default a new snapshot and no gates.
    """
    circumstances = circumstances or Circumstances()
    used: dict[str, list[Measurement]] = {step: _comparable(step, work, measured) for step in ESTIMATED}
    bounds: dict[str, tuple[Workload, Workload]] = {
        step: _bounds(step, work, circumstances) for step in ESTIMATED
    }
    steps = tuple(_step(step, bounds[step], used[step]) for step in ESTIMATED)
    longest = max(steps, key=lambda each: each.low + each.high).step
    return Estimate(
        whole=_sum(steps, ESTIMATED),
        window=_sum(steps, STANDSTILL),
        steps=steps,
        workload=work,
        slowest=explanation.bottleneck(longest, bounds[longest][1]),
        rehearsals=explanation.rehearsals(used.values()),
        scaled_from=explanation.scaled_from(work, used),
        shadows=explanation.shadows(used.values()),
        kept_snapshot=circumstances.kept_snapshot,
        gates=circumstances.gates,
    )


def _bounds(step: str, work: Workload, circumstances: Circumstances) -> tuple[Workload, Workload]:
    """The least and the most work that this step has to do."""
    if step != "snapshot":
        return work, work
    nothing = work.model_copy(update={"bytes": 0, "largest_shard": 0})
    if circumstances.existing:
        none = nothing.model_copy(update={"indices": 0})
        return none, none
    return (nothing if circumstances.kept_snapshot else work), work


def _comparable(step: str, work: Workload, measured: Sequence[Measurement]) -> list[Measurement]:
    """The newest measurements of this step that had enough to do."""
    typical = COSTS[step][1]
    expected = typical.of(step, work)
    found = [
        each
        for each in measured
        if each.step == step and expected <= _EXTRAPOLATED * typical.of(step, each.work)
    ]
    return found[:_RUNS]


def _step(step: str, work: tuple[Workload, Workload], measured: Sequence[Measurement]) -> StepEstimate:
    least, most = work
    lowest, typical, highest = COSTS[step]
    if not measured:
        low, high = lowest.of(step, least), highest.of(step, most)
        return StepEstimate(step=step, low=_rounded(low), high=_rounded(high))
    factors = [each.seconds / typical.of(step, each.work) for each in measured]
    weights = [2.0**-age for age in range(len(factors))]  # the newest counts as much as all earlier ones
    factor = sum(f * w for f, w in zip(factors, weights, strict=True)) / sum(weights)
    spread = _spread(factors, factor)
    low, high = (
        (1 - spread) * factor * typical.of(step, least),
        (1 + spread) * factor * typical.of(step, most),
    )
    runs = tuple(each.run_id for each in measured)
    return StepEstimate(step=step, low=_rounded(low), high=_rounded(high), measured_in=runs)


def _spread(factors: Sequence[float], middle: float) -> float:
    """How far from the middle the next run may be: as far as earlier runs were, within limits."""
    agreeing, single = _SPREAD
    if len(factors) == 1 or not middle:
        return single
    seen = max(abs(factor / middle - 1) for factor in factors)
    return min(single, max(agreeing, 1.5 * seen))


def _rounded(seconds: float) -> float:
    return round(seconds, 3)


def _sum(steps: Sequence[StepEstimate], names: Sequence[str]) -> Range:
    chosen = [each for each in steps if each.step in names]
    return Range(low=_rounded(sum(e.low for e in chosen)), high=_rounded(sum(e.high for e in chosen)))
