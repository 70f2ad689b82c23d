"""Records of estimates: workload, ranges, the window."""

from enum import StrEnum
from typing import Literal

from configs.plan import Side
from tasks.records.base import Record

DOCUMENTED_LIMIT = 40 * 1024 * 1024
"""Bytes a second: `max_snapshot_bytes_per_sec` and `indices.recovery.max_bytes_per_sec` by default."""

UNLIMITED = 200 * 1024 * 1024
"""Bytes a second that a node is taken to copy where no limit is set."""


class UnknownFigure(Record):
    """A figure that a domain did not tell, so that the documented or the least one was taken.

    Args:
        error: why it could not be read.
    """

    what: Literal["data nodes", "restore limit"]
    side: Side
    error: str


class Workload(Record):
    """What is moved, and by what.

    Args:
        bytes: of the primaries; of closed indices none is known.
        unsized: how many indices have an unknown size.
        largest_shard: bytes of the largest shard, where the shards of each index are of one size.
        source_nodes, target_nodes: nodes that hold data; one where the domain does not tell.
        snapshot_limit, restore_limit: bytes a second that each node copies at most; None: no limit.
        unknown: figures that were taken for granted because a domain did not tell them.
        notes: the same in words: reports write them, and earlier versions kept them in their journals.
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
    unknown: tuple[UnknownFigure, ...] = ()
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


class BottleneckCause(StrEnum):
    """What makes a step take the most."""

    COPYING = "copying"  # many bytes
    ONE_SHARD = "one shard"  # which a single node copies
    INDICES = "indices"  # their number rather than their bytes
    LITTLE_WORK = "little work"  # what each step takes by itself


class Bottleneck(Record):
    """The step that takes the most, and why.

    Args:
        bytes: what is copied, or how large the one shard is; 0 where bytes are not the cause.
        nodes: how many nodes copy.
        limit: bytes a second that each of them copies at most; None: no limit.
    """

    step: str
    cause: BottleneckCause
    indices: int = 0
    bytes: int = 0
    nodes: int = 1
    limit: int | None = None


class SmallerRun(Record):
    """A run that was measured and had less to do: its times are scaled up."""

    run_id: str
    indices: int
    bytes: int


class Estimate(Record):
    """How long a migration will take.

    Args:
        whole: time spent in all its steps.
        window: of that, from the start of the snapshot to the end of the verification: how long the source
            should stand still where the migration is done in one go.
        steps: each step.
        workload: what is moved, and by what.
        slowest: what takes the most; None in journals of earlier versions, which kept words alone.
        rehearsals: those of the runs that steps were measured in that were rehearsals.
        scaled_from: the newest run that was measured, where it had less to do.
        shadows: domains that stood in for the target in these runs.
        kept_snapshot: a snapshot of an earlier run that is still in the repository; empty without one.
        gates: whether the run waits at gates, which is not counted.
        bottleneck, basis, assumptions: all of this in words: reports write them, and earlier versions kept
            them in their journals.
    """

    whole: Range
    window: Range
    steps: tuple[StepEstimate, ...]
    workload: Workload
    slowest: Bottleneck | None = None
    rehearsals: tuple[str, ...] = ()
    scaled_from: SmallerRun | None = None
    shadows: tuple[str, ...] = ()
    kept_snapshot: str = ""
    gates: bool = False
    bottleneck: str = ""
    basis: str = ""
    assumptions: tuple[str, ...] = ()


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
