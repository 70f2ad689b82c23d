"""Estimate how long the window will be, from what has changed and how long similar rounds took. Pure."""

from collections.abc import Iterable, Sequence

from runs.journal import Document
from runs.step_names import StepName
from tasks import steps
from tasks.records.estimates import WindowEstimate
from tasks.records.resolution import Resolution
from tasks.records.seeding import ChangesRecord
from tasks.steps import Phase, steps_in

_ROUND = tuple(step for phase in (Phase.COMPARE, Phase.SNAPSHOT, Phase.RESTORE) for step in steps_in(phase))

_FIXED_S = (1.0, 8.0)
"""Seconds of the freeze and the opening, at least and at most."""

_A_SHARD_S = (0.002, 0.02)

_FETCHED_A_SECOND = (10e6, 80e6)
"""Bytes, where nothing was measured: nodes fetch 40 MB per second by default."""


def expected_window(
    resolution: Resolution, work: ChangesRecord, earlier: Sequence[Document]
) -> WindowEstimate:
    """Estimate the window from the plan's earlier rounds: the most similar ones count."""
    indices = {index.name: index for index in resolution.indices}
    fresh = [indices[c.name].bytes or 0 for c in work.restored if not c.base and c.name in indices]
    rounds = list(_rounds(earlier))
    low, high, basis = _round(work, sum(fresh), rounds)
    *compare, compared_in = _verification(resolution, earlier)
    return WindowEstimate(
        low=round(_FIXED_S[0] + low + compare[0], 1),
        high=round(_FIXED_S[1] + high + compare[1], 1),
        indices=len(work.restored),
        operations=work.operations,
        bytes=sum(fresh),
        basis=basis,
        compared_in=compared_in,
    )


def _rounds(earlier: Iterable[Document]) -> Iterable[tuple[str, ChangesRecord, float]]:
    """Finished rounds: id, what they did, and how many seconds it took."""
    for document in earlier:
        work = document.recorded(steps.COMPARE)
        if work and work.restored and StepName.COPIES in document.steps:
            seconds = sum(document.steps[name].seconds for name in _ROUND if name in document.steps)
            yield document.run_id, work, seconds


def _round(
    work: ChangesRecord, fresh: int, rounds: Sequence[tuple[str, ChangesRecord, float]]
) -> tuple[float, float, tuple[str, ...]]:
    deltas = [each for each in rounds if all(change.base for change in each[1].restored)]
    if not work.restored:
        return 0.0, 1.0, ()
    if fresh or not deltas:
        assumed = fresh / _FETCHED_A_SECOND[1] + 0.05 * len(work.restored)
        return assumed, fresh / _FETCHED_A_SECOND[0] * 2 + 0.5 * len(work.restored) + 5.0, ()
    alike = sorted(deltas, key=lambda each: abs(len(each[1].restored) - len(work.restored)))[:3]
    scaled = [_scaled(work, before, seconds) for _, before, seconds in alike]
    return min(scaled) * 0.5, max(scaled) * 2.0, tuple(run_id for run_id, _, _ in alike)


def _scaled(work: ChangesRecord, before: ChangesRecord, seconds: float) -> float:
    """Scale half of a round by its indices and half by its operations, to no less than a third of it."""
    by_indices = len(work.restored) / max(1, len(before.restored))
    by_operations = work.operations / max(1, before.operations)
    return seconds * max(0.34, (by_indices + min(by_operations, 100.0)) / 2)


def _verification(resolution: Resolution, earlier: Iterable[Document]) -> tuple[float, float, str | None]:
    for document in earlier:
        record = document.recorded(steps.VERIFY)
        if record and len(record.verdicts) >= len(resolution.indices) * 0.9:
            seconds = document.steps[StepName.VERIFY].seconds
            return seconds * 0.5, seconds * 2.0 + 1.0, document.run_id
    shards = sum(index.shards for index in resolution.indices)
    return _A_SHARD_S[0] * shards, _A_SHARD_S[1] * shards + 2.0, None
