"""Records of estimates: workload, ranges, the window."""

from tasks.records.base import Record

DOCUMENTED_LIMIT = 40 * 1024 * 1024
"""Bytes a second: `max_snapshot_bytes_per_sec` and `indices.recovery.max_bytes_per_sec` by default."""

UNLIMITED = 200 * 1024 * 1024
"""Bytes a second that a node is taken to copy where no limit is set."""


class Workload(Record):
    """What is moved, and by what.

    Args:
        bytes: of the primaries; of closed indices none is known.
        unsized: how many indices have an unknown size.
        largest_shard: bytes of the largest shard, where the shards of each index are of one size.
        source_nodes, target_nodes: nodes that hold data; one where the domain does not tell.
        snapshot_limit, restore_limit: bytes a second that each node copies at most; None: no limit.
        notes: what was taken for granted because a domain did not tell it, one sentence each.
    """

    indices: int
    shards: int
    bytes: int
    unsized: int = 0
    largest_shard: int = 0
    source_nodes: int = 1
    target_nodes: int = 1
    snapshot_limit: int | None = DOCUMENTED_LIMIT
    restore_limit: int | None = DOCUMENTED_LIMIT
    notes: tuple[str, ...] = ()


class Range(Record):
    """Seconds, from low to high."""

    low: float
    high: float


class StepEstimate(Record):
    """One step: seconds from low to high, and the runs that it was measured in (none: assumed)."""

    step: str
    low: float
    high: float
    measured_in: tuple[str, ...] = ()


class Estimate(Record):
    """How long a migration will take.

    Args:
        whole: time spent in all its steps.
        window: of that, from the start of the snapshot to the end of the verification: how long the source
            should stand still where the migration is done in one go.
        steps: each step.
        workload: what is moved, and by what.
        bottleneck: what takes the most, in one sentence.
        basis: `measured in …`, `assumed`, or some of both.
        assumptions: what must hold for it, one sentence each.
    """

    whole: Range
    window: Range
    steps: tuple[StepEstimate, ...]
    workload: Workload
    bottleneck: str
    basis: str
    assumptions: tuple[str, ...]


class WindowEstimate(Record):
    """How long the source will refuse writes.

    Args:
        low, high: seconds.
        indices, operations: what the last round would have to do at this look.
        bytes: of the indices that have no copy yet.
        basis: the runs that the last round is measured in; empty when it is assumed, or takes nothing.
        compared_in: the run that the comparison is measured in; None when that is assumed.
    """

    low: float
    high: float
    indices: int
    operations: int
    bytes: int
    basis: tuple[str, ...]
    compared_in: str | None = None
