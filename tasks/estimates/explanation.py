"""What an estimate is based on: its bottleneck and the measured runs. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tasks.estimates.costs import COSTS
from tasks.estimates.history import Measurement
from tasks.records.estimates import Bottleneck, BottleneckCause, SmallerRun, Workload

_AS_LARGE = 0.9  # share of the work: times of a run with less are scaled up


@dataclass(frozen=True)
class Circumstances:
    """What affects a migration's estimate besides its work.

    Args:
        existing: whether the plan names an existing snapshot.
        kept_snapshot: a snapshot of an earlier run that is still in the repository; empty if there is none.
        gates: whether the run waits at gates.
    """

    existing: bool = False
    kept_snapshot: str = ""
    gates: bool = False


def bottleneck(step: str, its: Workload) -> Bottleneck:
    """Which part of its work makes this step the longest."""
    typical = COSTS[step][1]
    indices = typical.an_index * its.indices
    copying = typical.of(step, its) - indices - typical.fixed
    if copying >= max(indices, typical.fixed):
        return _copying(step, its)
    if indices >= typical.fixed:
        return Bottleneck(step=step, cause=BottleneckCause.INDICES, indices=its.indices)
    return Bottleneck(step=step, cause=BottleneckCause.LITTLE_WORK)


def _copying(step: str, work: Workload) -> Bottleneck:
    limit = work.snapshot_limit if step == "snapshot" else work.restore_limit
    nodes = min(work.source_nodes if step == "snapshot" else work.target_nodes, max(1, work.shards))
    if limit and work.largest_shard * nodes > work.bytes:
        return Bottleneck(step=step, cause=BottleneckCause.ONE_SHARD, bytes=work.largest_shard, limit=limit)
    return Bottleneck(step=step, cause=BottleneckCause.COPYING, bytes=work.bytes, nodes=nodes, limit=limit)


def rehearsals(used: Iterable[Sequence[Measurement]]) -> tuple[str, ...]:
    """The rehearsals among the measured runs."""
    return tuple(dict.fromkeys(each.run_id for found in used for each in found if each.rehearsal))


def shadows(used: Iterable[Sequence[Measurement]]) -> tuple[str, ...]:
    """The domains that stood in for the target in these runs."""
    return tuple(dict.fromkeys(each.shadow for found in used for each in found if each.shadow))


def scaled_from(work: Workload, used: Mapping[str, Sequence[Measurement]]) -> SmallerRun | None:
    """The newest measured run, if it had clearly less work than this."""
    for each in (used["restore"] or used["verify"] or used["resolve"])[:1]:
        indices, size = each.work.indices, each.work.bytes
        if indices < _AS_LARGE * work.indices or size < _AS_LARGE * work.bytes:
            return SmallerRun(run_id=each.run_id, indices=indices, bytes=size)
    return None
