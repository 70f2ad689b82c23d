"""Records of estimates: workload, ranges, the window."""

from enum import StrEnum
from typing import Literal

from configs.plan import Side
from tasks.records.base import Record

DOCUMENTED_LIMIT = 40 * 1024 * 1024
"""Bytes per second: the defaults of `max_snapshot_bytes_per_sec` and `indices.recovery.max_bytes_per_sec`."""

UNLIMITED = 200 * 1024 * 1024
"""Assumed bytes per second that a node copies if no limit is set."""


class UnknownFigure(Record):
    """Figure that a domain did not report; the documented default or the minimum was used instead.

    Args:
        error: why it could not be read.
    """

    what: Literal["data nodes", "restore limit"]
    side: Side
    error: str


class Workload(Record):
    """Workload: what is moved, and the nodes and limits that move it.

    Args:
        bytes: total size of the primaries; closed indices are unknown and not counted.
        unsized: how many indices have an unknown size.
        largest_shard: bytes of the largest shard, assuming that shards of an index are equally large.
        source_nodes, target_nodes: data nodes; 1 if the domain does not report them.
        snapshot_limit, restore_limit: maximum bytes per second that each node copies; None: no limit.
        unknown: figures that were assumed because a domain did not report them.
        notes: the same in words; only in journals of earlier versions and in reports.
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
    """Estimate of one step: seconds from low to high, and the runs it was measured in (none: assumed)."""

    step: str
    low: float
    high: float
    measured_in: tuple[str, ...] = ()


class BottleneckCause(StrEnum):
    """Reason why the bottleneck step takes the most time."""

    COPYING = "copying"  # many bytes
    ONE_SHARD = "one shard"  # which a single node copies
    INDICES = "indices"  # their number rather than their bytes
    LITTLE_WORK = "little work"  # the fixed cost of each step


class Bottleneck(Record):
    """Step that takes the most time, and why.

    Args:
        bytes: bytes to copy, or the size of the one shard; 0 if bytes are not the cause.
        nodes: how many nodes copy.
        limit: maximum bytes per second that each of them copies; None: no limit.
    """

    step: str
    cause: BottleneckCause
    indices: int = 0
    bytes: int = 0
    nodes: int = 1
    limit: int | None = None


class SmallerRun(Record):
    """Measured run that had less to do, so its times are scaled up."""

    run_id: str
    indices: int
    bytes: int


class Estimate(Record):
    """Estimate of how long a migration will take.

    Args:
        whole: total time of all steps.
        window: the part from the start of the snapshot to the end of the verification: how long writes to the
            source should stop if the migration is done in one go.
        steps: estimate of each step.
        workload: what is moved, and the nodes and limits that move it.
        slowest: the bottleneck; None in journals of earlier versions, which stored only its words.
        rehearsals: the rehearsals among the measured runs.
        scaled_from: the newest measured run, if it had less to do.
        shadows: domains that stood in for the target in these runs.
        kept_snapshot: snapshot of an earlier run that is still in the repository; empty if none.
        gates: whether the run waits at gates; that time is not counted.
        bottleneck, basis, assumptions: all of this in words; only in journals of earlier versions and in
            reports.
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
    """Estimate of how long the source will refuse writes.

    Args:
        low, high: seconds.
        indices, operations: current workload of the last round.
        bytes: total size of the indices that have no copy yet.
        basis: runs in which the last round was measured; empty if assumed, or if it takes no time.
        compared_in: run in which the comparison was measured; None if assumed.
    """

    low: float
    high: float
    indices: int
    operations: int
    bytes: int
    basis: tuple[str, ...]
    compared_in: str | None = None
