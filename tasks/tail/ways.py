"""Decide which indices go by the tail and which by a restore: what is possible, and what is worth it."""

from collections.abc import Mapping
from dataclasses import dataclass

from configs.cutover import Delta
from configs.values.listing import counted
from domains.engine.cluster import identity
from domains.engine.indices.index_requirements import IndexRequirements, index_requirements
from domains.shard_mark import Mark
from tasks.migration import Migration
from tasks.records.resolution import Resolution, SelectedIndex
from tasks.records.seeding import Change, ChangesRecord, Copy
from tasks.records.tail import IndexWay, Way, WaysRecord
from tasks.seeding.changes import BothSides
from tasks.seeding.scope import split_streams
from tasks.tail.places import base_of
from tasks.tail.zones import Versions

_PATIENCE_S = 900.0
_WORTH_WAITING = 10.0
"""Seconds of catching up before the freeze for each second that it saves inside the window."""
_OPERATION_S = 250e-6
"""Seconds that the tail takes for an operation, with two shards side by side; measured by the benchmark."""
_FETCHED_A_SECOND = 40e6
_RESTORE_S = 1.0
"""Seconds of a snapshot and a restore of one small index."""
_REWRITTEN = 20.0
"""Documents of an index whose segments are rewritten by each update or delete, at least."""


@dataclass(frozen=True)
class Candidate:
    """One index that may go by the tail, with what both sides say of it.

    Args:
        change: what has changed since its copy.
        current: the source's marks now.
        digest: of its mapping and settings now.
        copied_shape: of its copy's mapping and settings now.
    """

    index: SelectedIndex
    change: Change
    copy: Copy | None
    current: tuple[Mark, ...]
    digest: str
    copied_shape: str
    requirements: IndexRequirements | None


def ways(m: Migration, resolution: Resolution, work: ChangesRecord, sides: BothSides) -> WaysRecord:
    """The way of each index that moves, by `cutover.delta` and what has changed. Reads only.

    Raises:
        DomainError: transient, or denied.
    """
    requirements = index_requirements(m.source)
    indices = {index.name: index for unit in split_streams(resolution.moving) for index in unit.indices}
    candidates = (
        Candidate(
            indices[change.name],
            change,
            sides.trusted.get(change.target),
            work.marks.get(change.name, ()),
            work.digests.get(change.name, ""),
            sides.shapes.get(change.target, ""),
            requirements.get(change.name),
        )
        for change in work.changes
        if change.name in indices
    )
    return WaysRecord(ways=tuple(way_of(each, m.plan.cutover.delta) for each in candidates))


def versions_of(m: Migration) -> Versions:
    """The engine versions of both sides. Reads only."""
    return Versions(identity(m.source).version, identity(m.target).version)


def way_of(candidate: Candidate, delta: Delta) -> IndexWay:
    """The way of one index, and why. Pure."""
    change, copy = candidate.change, candidate.copy
    operations = _operations(candidate)
    way = IndexWay(name=change.name, target=change.target, way=Way.RESTORE, operations=operations)
    touched = copy is not None and bool(copy.base)
    if change.kind in {"unchanged", "aliases"} and not touched:
        return way.model_copy(update={"way": Way.NOTHING, "why": hindrance_of(candidate)})
    hindrance = hindrance_of(candidate)
    costs = {"tail_s": None if hindrance else _tail_s(candidate), "restore_s": _restore_s(candidate)}
    way = way.model_copy(update=costs)
    if delta == "restore":
        return way.model_copy(update={"why": "the plan wants restores (cutover.delta: restore)"})
    if hindrance:
        return way.model_copy(update={"why": hindrance})
    if delta == "auto":
        return _cheaper(way)
    return way.model_copy(update={"way": Way.TAIL, "why": "the plan wants the tail (cutover.delta: tail)"})


def _cheaper(way: IndexWay) -> IndexWay:
    """The way that `auto` takes. The tail catches up before the freeze, a restore blocks writes all the time.

    So the tail is dropped only where catching up would take very long, and a restore would not.
    """
    operations = (
        "some operations" if way.operations is None else counted(way.operations, "operation", "operations")
    )
    known = way.tail_s is not None and way.restore_s is not None
    if known and (way.tail_s or 0.0) > max(_PATIENCE_S, (way.restore_s or 0.0) * _WORTH_WAITING):
        why = f"catching up with {operations} would take longer than it is worth"
        return way.model_copy(update={"why": why})
    return way.model_copy(update={"way": Way.TAIL, "why": f"{operations} since its copy"})


def hindrance_of(candidate: Candidate) -> str:
    """Why an index cannot go by the tail; empty if it can. Pure."""
    index, copy, change = candidate.index, candidate.copy, candidate.change
    if copy is None or change.kind in {"new", "reshaped", "made anew"}:
        return change.why or "the target has no copy of it"
    if index.stream:
        return "the backing indices of a data stream are restored by its name"
    if not index.open:
        return "it is closed on the source"
    base = base_of(copy)
    if not base or len(base) != index.shards:
        return copy.doubt or "it is not known how far its copy goes"
    if [mark.history for mark in base] != [mark.history for mark in candidate.current]:
        return "a shard of it was restored or force-allocated on the source since its copy"
    if candidate.requirements is None:
        return "its mapping could not be read"
    if candidate.requirements.unreadable:
        return candidate.requirements.unreadable
    if copy.target_digest and copy.target_digest != candidate.copied_shape:
        return "somebody changed the mapping or settings of its copy"
    if _has_other_settings(copy, candidate.digest):
        return "its settings changed, or the plan's settings for its copy did"
    return ""


def settings_changed(copy: Copy, digests: Mapping[str, str]) -> bool:
    """Whether the settings of a copy's index on the source are others than when the copy was made.

    Args:
        digests: of mapping and settings now, by name on the source.
    """
    return copy.source in digests and _has_other_settings(copy, digests[copy.source])


def _has_other_settings(copy: Copy, digest: str) -> bool:
    return bool(copy.digest) and _settings(copy.digest) != _settings(digest)


def _settings(digest: str) -> str:
    """The part of a digest that is about settings: a changed mapping is brought over, they are not."""
    return digest.partition(".")[2]


def _operations(candidate: Candidate) -> int | None:
    base = {mark.shard: mark for mark in base_of(candidate.copy)} if candidate.copy else {}
    if not base or not candidate.current or base.keys() != {mark.shard for mark in candidate.current}:
        return candidate.change.operations
    return sum(max(0, mark.max_seq_no - base[mark.shard].global_checkpoint) for mark in candidate.current)


def _tail_s(candidate: Candidate) -> float | None:
    operations = _operations(candidate)
    return None if operations is None else round(0.05 * candidate.index.shards + operations * _OPERATION_S, 2)


def _restore_s(candidate: Candidate) -> float | None:
    index, operations = candidate.index, _operations(candidate)
    if index.bytes is None or operations is None:
        return None
    share = min(1.0, _REWRITTEN * operations / max(1, index.documents or 1))
    fetched = index.bytes * (share if candidate.change.base else 1.0)
    return round(_RESTORE_S + fetched / _FETCHED_A_SECOND, 2)
