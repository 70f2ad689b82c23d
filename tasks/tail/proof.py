"""Prove that the copies have what the source has: both zones of each shard, with the source frozen.

Zone 1: the snapshot held all of it, so equal counts and sums on both sides mean equal sets. Zone 2: every
document of it was read from the source and read back from the copy, byte by byte; its counts and sums on both
sides must be those of what was read, so nothing came or went since. docs/tail.md has the obligations one by
one, and what is not proved.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from domains.engine.catalog import refresh
from domains.engine.shard_stats import marks
from domains.shard_mark import Mark
from tasks.migration import Migration
from tasks.records.tail import ProofRecord
from tasks.records.verification import Verdict
from tasks.tail.places import FollowedIndex, Place
from tasks.tail.rounds import Tail
from tasks.tail.zones import Zones, source_zones, target_zones


@dataclass(frozen=True)
class ShardProof:
    """What was found in one shard.

    Args:
        first, second: live documents of zone 1 and zone 2, on the source.
        difference: what does not hold; empty where all does.
    """

    first: int
    second: int
    difference: str = ""


def prove(m: Migration, tail: Tail) -> ProofRecord:
    """Compare both zones of every index of the tail. Refreshes both sides; changes no document.

    Raises:
        DomainError: transient, or denied.
    """
    problems = _standing(m, tail.in_step)
    standing = [index for index in tail.in_step if index.name not in problems]
    found = _compared(m, tail, standing)
    differences = {index.name: index.out for index in tail.indices if index.out} | problems
    for name, shards in found.items():
        failing = [shard.difference for shard in shards if shard.difference]
        if failing:
            differences[name] = "; ".join(failing[:3])
    proved = tuple(name for name in found if name not in differences)
    every = [shard for shards in found.values() for shard in shards]
    return ProofRecord(
        proved=proved,
        documents={name: sum(s.first + s.second for s in shards) for name, shards in found.items()},
        bases={index.name: tuple(place.base for place in index.places) for index in tail.indices},
        up_to_base=sum(shard.first for shard in every),
        since_base=sum(shard.second for shard in every),
        differences=differences,
        notes=tuple(_moved_primaries(tail)),
    )


def _compared(m: Migration, tail: Tail, indices: Sequence[FollowedIndex]) -> dict[str, list[ShardProof]]:
    """Both zones of all shards of these indices, by name; few requests, however many there are."""
    places = [place for index in indices for place in index.places]
    on_source = {(i.name, mark.shard): mark.max_seq_no for i in indices for mark in i.marks}
    on_copy = {(i.name, shard): last for i in indices for shard, last in i.last.items()}
    sources = source_zones(m, tail.versions, places, on_source)
    targets = target_zones(m, tail.versions, places, on_copy)
    found: dict[str, list[ShardProof]] = {index.name: [] for index in indices}
    for place, source, target in zip(places, sources, targets, strict=True):
        found[place.source].append(_of_shard(tail, place, source, target))
    return found


def _standing(m: Migration, indices: Sequence[FollowedIndex]) -> dict[str, str]:
    """Why figures of some of these cannot be compared: something moved since the last round."""
    names, targets = [index.name for index in indices], [index.target for index in indices]
    stale = {"source": refresh(m.source, names), "target": refresh(m.target, targets)}
    now, there = marks(m.source, names), marks(m.target, targets)
    found: dict[str, str] = {}
    for index in indices:
        problem = _moved(index, now.get(index.name, ()), there.get(index.target, ()))
        for side, name in (("source", index.name), ("target", index.target)):
            if name in stale[side]:
                problem = f"the {side} cannot refresh it: {stale[side][name]}"
        if problem:
            found[index.name] = problem
    return found


def _moved(index: FollowedIndex, now: tuple[Mark, ...], there: tuple[Mark, ...]) -> str:
    if _positions(now) != _positions(index.marks) or not all(mark.idle for mark in now):
        return "the source was written to since the last round of the tail"
    if {mark.shard: mark.max_seq_no for mark in there} != index.last:
        return "somebody else has written to its copy since the last round of the tail"
    return ""


def _positions(shard_marks: Sequence[Mark]) -> list[tuple[int, int, str]]:
    return [(mark.shard, mark.max_seq_no, mark.history) for mark in shard_marks]


def _of_shard(tail: Tail, place: Place, source: Zones, target: Zones) -> ShardProof:
    problem = source.problem or target.problem or _difference(tail, place, source, target)
    return ShardProof(
        source.first.count, source.second.count, f"shard {place.shard}: {problem}" if problem else ""
    )


def _difference(tail: Tail, place: Place, source: Zones, target: Zones) -> str:
    """What does not hold in a shard, in words; empty if all does."""
    read, touched = tail.touched.figures, tail.touched.count(place.number)
    if not target.first.is_same(source.first.figures):
        return f"up to the snapshot, {_told(target.first.count, source.first.count)}"
    if not source.second.is_same(read(place.number, source.second.bounds)):
        return f"since the snapshot, on the source, {_told(source.second.count, touched)}"
    if not target.second.is_same(read(place.number, target.second.bounds, side="target")):
        return f"since the snapshot, on its copy, {_told(target.second.count, touched)}"
    if touched != source.second.count:
        return "its copy has documents that the source never had"
    return ""


def _told(found: int, expected: int) -> str:
    if found != expected:
        return f"{found:,} documents instead of {expected:,}"
    return f"other documents than expected, although {found:,} in number"


def _moved_primaries(tail: Tail) -> Iterator[str]:
    """Primaries of the source that moved since the base. No harm: nothing above it is taken on trust."""
    for index in tail.in_step:
        terms = {place.shard: place.base.primary_term for place in index.places}
        moved = [mark.shard for mark in index.marks if mark.primary_term != terms[mark.shard]]
        if moved:
            yield f"{index.name}: shard {moved[0]} on the source has had another primary since its snapshot"


def verdicts(record: ProofRecord, tail: Tail) -> dict[str, Verdict]:
    """The verdict on each index that went by the tail: equal only where the proof holds."""
    found: dict[str, Verdict] = {}
    for index in tail.indices:
        why, documents = record.differences.get(index.name), record.documents.get(index.name)
        since = sum(tail.touched.count(place.number) for place in index.places)
        found[index.name] = Verdict(
            source=index.name,
            target=index.target,
            outcome="different" if why else "equal",
            source_count=documents,
            target_count=None if why else documents,
            shards=len(index.places),
            detail=why or f"by the tail: {since:,} documents one by one, the others by sequence number",
        )
    return found
