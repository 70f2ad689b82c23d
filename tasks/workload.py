"""How much a migration moves, and between how many nodes: what its duration depends on. Pure."""

from collections.abc import Iterator, Sequence

from configs.plan import Side
from tasks.records import Record, SelectedIndex

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


def sizes(indices: Sequence[SelectedIndex]) -> dict[str, int]:
    """What of a workload the indices themselves say."""
    return {
        "indices": len(indices),
        "shards": sum(index.shards for index in indices),
        "bytes": sum(index.bytes or 0 for index in indices),
        "unsized": sum(index.bytes is None for index in indices),
        "largest_shard": max((round((i.bytes or 0) / max(1, i.shards)) for i in indices), default=0),
    }


def throttled_seconds(work: Workload, side: Side) -> float:
    """Seconds of copying when every node with primaries is as fast as it may be."""
    limit = (work.snapshot_limit if side == "source" else work.restore_limit) or UNLIMITED
    nodes = work.source_nodes if side == "source" else work.target_nodes
    together = max(1, min(nodes, work.shards))
    return max(work.bytes / (limit * together), work.largest_shard / limit)


def spoken(work: Workload) -> Iterator[str]:
    """What the figures rest on, one sentence each."""
    yield from work.notes
    if work.snapshot_limit is None or work.restore_limit is None:
        yield f"a node without a limit copies about {UNLIMITED / 1e6:.0f} MB a second"
    if work.unsized:
        yield f"{work.unsized} closed indices count without their bytes, which the source does not tell"
