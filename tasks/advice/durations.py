"""Estimates for the ways whose duration is known from documented limits. Pure."""

from tasks.advice.case import Case
from tasks.estimates.estimate import estimate
from tasks.records.advice import Way
from tasks.records.estimates import DOCUMENTED_LIMIT, Range, Workload


def durations(case: Case, way: Way) -> tuple[Range | None, Range | None]:
    """How long writes should stop, and how long all of it takes; None where no honest figure is known.

    From documented limits, as `snapferry plan` estimates a first run: with as many data nodes on a target
    that is not known as the source has.
    """
    work = case.workload
    if work is None or way not in {Way.MIGRATE, Way.SEED}:
        return None, None
    source_nodes = case.source.data_nodes or 1
    target_nodes = (case.target.data_nodes if case.target else None) or source_nodes
    made = estimate(
        Workload(
            indices=work.indices,
            shards=work.shards,
            bytes=work.bytes,
            unsized=work.unsized,
            largest_shard=work.largest_shard,
            source_nodes=source_nodes,
            target_nodes=target_nodes,
            restore_limit=case.target.restore_limit if case.target else DOCUMENTED_LIMIT,
        )
    )
    return (made.window if way is Way.MIGRATE else None), made.whole
