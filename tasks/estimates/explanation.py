"""What an estimate rests on, in sentences: its bottleneck, its basis, its assumptions. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tasks.estimates.costs import COSTS
from tasks.estimates.history import Measurement
from tasks.estimates.workload import spoken
from tasks.records.estimates import Workload


@dataclass(frozen=True)
class Circumstances:
    """What of a migration changes its estimate, beside its work.

    Args:
        existing: whether the plan names a snapshot that is there already.
        kept_snapshot: a snapshot of an earlier run that is still in the repository; empty without one.
        gates: whether the run waits at gates.
    """

    existing: bool = False
    kept_snapshot: str = ""
    gates: bool = False


def bottleneck(step: str, its: Workload) -> str:
    """What of its work makes this step take the most."""
    typical = COSTS[step][1]
    indices = typical.an_index * its.indices
    copying = typical.of(step, its) - indices - typical.fixed
    if copying >= max(indices, typical.fixed):
        return f"{step}: {_copying(step, its)}"
    if indices >= typical.fixed:
        return f"{step}: the number of indices ({its.indices:,}) rather than their bytes"
    return f"{step}: what each step takes by itself; there is little to move"


def _copying(step: str, work: Workload) -> str:
    limit = work.snapshot_limit if step == "snapshot" else work.restore_limit
    nodes = min(work.source_nodes if step == "snapshot" else work.target_nodes, max(1, work.shards))
    at_most = f" at {limit / 1e6:.0f} MB a second at most" if limit else ""
    if limit and work.largest_shard * nodes > work.bytes:
        return f"one shard of {_size(work.largest_shard)}, which a single node copies{at_most}"
    each = f"{nodes} nodes, each" if nodes > 1 else "one node"
    return f"copying {_size(work.bytes)} through {each}{at_most}"


def _size(count: int) -> str:
    return f"{count / 1e9:,.1f} GB" if count >= 1e9 else f"{count / 1e6:,.1f} MB"


def basis(used: Mapping[str, Sequence[Measurement]]) -> str:
    """Which runs have measured it, and what none has."""
    runs = {each.run_id: each.rehearsal for measured in used.values() for each in measured}
    if not runs:
        return "assumed"
    named = ", ".join(
        f"{'rehearsal' if rehearsal else 'run'} {run_id}"
        for run_id, rehearsal in sorted(runs.items(), reverse=True)
    )
    without = [step for step, measured in used.items() if not measured]
    return f"measured in {named}" + (f"; assumed for {', '.join(without)}" if without else "")


def assumptions(
    work: Workload, used: Mapping[str, Sequence[Measurement]], given: Circumstances
) -> Iterator[str]:
    """What must hold for the estimate, one sentence each."""
    yield from spoken(work)
    if not all(used.values()):
        yield "what no run has measured is between documented limits and a multiple of what the lab takes"
    if any(used.values()):
        yield "the domains are about as busy as they were in the runs that measured it"
        yield from _scaled(work, used)
    if given.kept_snapshot:
        yield (
            f"snapshot {given.kept_snapshot} is still in the repository, and the new one writes what has "
            "changed since: at least nothing, at most everything"
        )
    yield "no other snapshot of the source stands in the way"
    if given.gates:
        yield "the waits at gates are not counted"


def _scaled(work: Workload, used: Mapping[str, Sequence[Measurement]]) -> Iterator[str]:
    newest = (used["restore"] or used["verify"] or used["resolve"])[:1]
    for each in newest:
        indices, size = each.work.indices, each.work.bytes
        if indices < 0.9 * work.indices or size < 0.9 * work.bytes:
            part = f"{indices:,} of {work.indices:,} indices and {_size(size)} of {_size(work.bytes)}"
            yield f"{each.run_id} had {part}: its times are scaled up by indices and bytes"
    for shadow in dict.fromkeys(e.shadow for measured in used.values() for e in measured if e.shadow):
        yield f"the target is as fast as {shadow}, on which was rehearsed"
