"""Changes of names and shape on either side since the migration was resolved."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from configs.plan import Plan
from domains.domain import Domain
from domains.engine.catalog import Catalog, uuids
from tasks.records.resolution import Resolution, SelectedIndex
from tasks.records.verification import Verdict
from tasks.selection.select import select


@dataclass(frozen=True)
class Drift:
    """Args:
    changed: indices on the target that differ from the resolution, each with the reason.
    appeared: indices of the source that the plan includes and that this migration did not move.
    """

    changed: dict[str, str]
    appeared: tuple[Verdict, ...]


def drifted(plan: Plan, resolution: Resolution, source: Catalog, target: Catalog) -> Drift:
    """Compare the resolution with the current state of both domains. Pure.

    An included index that appeared too late counts as a failure: its documents are not on the target.
    """
    changed = dict(torn_streams(resolution, target))
    for index in (*resolution.indices, *resolution.copied):
        why = _reshaped(index, source, target)
        if why:
            changed[index.target] = why
    return Drift(changed, tuple(_appeared(plan, resolution, source)))


def without_gone(drift: Drift, source: Domain) -> Drift:
    """The drift without indices that appeared and are gone again: nothing of them is to move. Reads only."""
    if not drift.appeared:
        return drift
    there = uuids(source, [verdict.source for verdict in drift.appeared])
    return replace(drift, appeared=tuple(each for each in drift.appeared if each.source in there))


def torn_streams(resolution: Resolution, target: Catalog) -> Iterator[tuple[str, str]]:
    """Yield indices that are not in their data stream on the target, each with the reason. Pure."""
    for unit in resolution.moving:
        if not unit.is_stream:
            continue
        has = target.streams[unit.target].backing if unit.target in target.streams else ()
        for index in unit.indices:
            if index.target not in has:
                yield index.target, f"it does not belong to data stream {unit.target} on the target"


def _reshaped(index: SelectedIndex, source: Catalog, target: Catalog) -> str:
    now, copy = source.indices.get(index.name), target.indices.get(index.target)
    if now and now.uuid != index.uuid:
        return "it has been recreated on the source since the migration was resolved"
    if copy and copy.shards != index.shards:
        return f"{index.shards} shards on the source, {copy.shards} on the target"
    return ""


def _appeared(plan: Plan, resolution: Resolution, source: Catalog) -> Iterator[Verdict]:
    known = {index.name for unit in resolution.every_unit for index in unit.indices}
    left = {item.name for item in resolution.left_out}
    for unit in select(source, plan.indices).units:
        if unit.name in left:
            continue
        for index in unit.indices:
            if index.name not in known:
                yield Verdict(
                    source=index.name,
                    target=index.name,
                    outcome="different",
                    source_count=None,
                    target_count=None,
                    shards=index.shards,
                    detail="it appeared on the source after the migration was resolved, and was not moved",
                )
