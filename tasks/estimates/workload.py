"""How much a migration moves, and between how many nodes: what its duration depends on. Pure."""

from collections.abc import Sequence

from configs.plan import Side
from tasks.records.estimates import UNLIMITED, Workload
from tasks.records.resolution import SelectedIndex


def sizes(indices: Sequence[SelectedIndex]) -> dict[str, int]:
    """The part of a workload that depends on the indices alone."""
    return {
        "indices": len(indices),
        "shards": sum(index.shards for index in indices),
        "bytes": sum(index.bytes or 0 for index in indices),
        "unsized": sum(index.bytes is None for index in indices),
        "largest_shard": max((round((i.bytes or 0) / max(1, i.shards)) for i in indices), default=0),
    }


def throttled_seconds(work: Workload, side: Side) -> float:
    """Seconds of copying if every node with primaries runs at its limit."""
    limit = (work.snapshot_limit if side == "source" else work.restore_limit) or UNLIMITED
    nodes = work.source_nodes if side == "source" else work.target_nodes
    together = max(1, min(nodes, work.shards))
    return max(work.bytes / (limit * together), work.largest_shard / limit)
