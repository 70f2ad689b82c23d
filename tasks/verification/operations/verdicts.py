"""Judge a shard by its figures and documents, and an index by its shards. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import add

from configs.values.listing import counted
from domains.engine.comparison.seq_no_figures import SeqNoFigures
from domains.shard_mark import Mark
from tasks.records.resolution import SelectedIndex
from tasks.records.verification import DocumentDifference, Outcome, Verdict, not_compared
from tasks.verification.figures import figures_of
from tasks.verification.operations.drill_down import Found
from tasks.verification.operations.later_writes import Later, later, unexplained
from tasks.verification.operations.ranges import Pair, Place

_SHARDS_NAMED = 3
_WORSE: tuple[Outcome, ...] = ("equal", "bracketed", "not compared", "different")


@dataclass(frozen=True)
class Judged:
    """The outcome of one shard.

    Args:
        detail: what differs, or why it could not be compared.
        remark: a note that applies to any outcome.
        source_count, target_count: documents; None if they could not be read.
        differences: documents that differ without an explanation by later operations.
        unseen: whether there are more that were not read.
        figures: of the whole shard, on the source and on the target.
    """

    outcome: Outcome
    detail: str = ""
    remark: str = ""
    source_count: int | None = None
    target_count: int | None = None
    differences: tuple[DocumentDifference, ...] = ()
    unseen: bool = False
    later: Later = field(default_factory=Later)
    figures: tuple[SeqNoFigures, SeqNoFigures] = (SeqNoFigures(), SeqNoFigures())


def no_basis(index: SelectedIndex, marked: Sequence[Mark] | None, now: Sequence[Mark] | None) -> str:
    """Say why the marks of an index are unusable; empty if they can be used, or if it has none."""
    if not marked:
        return ""
    current = {mark.shard: mark for mark in now or ()}
    if [mark.shard for mark in marked] != list(range(index.shards)) or len(current) != index.shards:
        return f"source: marks of {len(marked)} and now of {len(current)} of {index.shards} shards"
    for mark in marked:
        why = _broken(mark, current[mark.shard])
        if why:
            return f"source: shard {mark.shard}: {why}"
    return ""


def _broken(mark: Mark, now: Mark) -> str:
    if not mark.history or mark.history != now.history:
        return "its history is not the one at its mark: its numbers do not stand for the same operations"
    if now.max_seq_no < mark.max_seq_no:
        return f"its last operation is {now.max_seq_no}, but was {mark.max_seq_no} at its mark"
    return ""


def judged(
    place: Place, parts: tuple[Pair, ...], found: Found | None, before: Mark | None, after: Mark | None
) -> Judged:
    """Judge one shard.

    Args:
        parts: its figures.
        found: its differing documents; None if the figures were enough.
        before, after: the source's marks before and after everything was read.
    """
    remark = _moved(place, after or before)
    problem = next((pair.problem_of(place.shard) for pair in parts if pair.problem), "")
    if problem:
        outcome = Judged("not compared", problem)
    else:
        outcome = _by_documents(place, parts, found, after) if found else Judged("equal")
    return replace(
        outcome,
        remark=remark,
        source_count=_count([pair.source for pair in parts]),
        target_count=_count([pair.target for pair in parts]),
        figures=(_total([pair.source for pair in parts]), _total([pair.target for pair in parts])),
    )


def _count(figures: Sequence[SeqNoFigures]) -> int | None:
    return None if any(each.problem for each in figures) else sum(each.count for each in figures)


def _moved(place: Place, now: Mark | None) -> str:
    if place.mark is None or now is None or now.primary_term == place.mark.primary_term:
        return ""
    terms = f"from {place.mark.primary_term} to {now.primary_term}"
    return (
        f"shard {place.shard} of the source has another primary than at its mark (term {terms}): "
        "operations that it never acknowledged may have been replaced"
    )


def _by_documents(place: Place, parts: tuple[Pair, ...], found: Found, after: Mark | None) -> Judged:
    """Judge a shard whose figures did not suffice."""
    differs = any(pair.differs for pair in parts)
    if found.problem:
        said = f"its documents could not be read: {found.problem}"
        return _different(parts, place, found, said) if differs else Judged("not compared", said)
    if place.mark is None:
        return _whole(place, parts, found, differs)
    if after is None or _broken(place.mark, after):
        why = _broken(place.mark, after) if after else "it does not report its mark"
        return Judged("not compared", f"source: shard {place.shard}: {why}")
    if after.max_seq_no == place.mark.global_checkpoint:
        return _whole(place, parts, found, differs)
    return _bracketed(place, parts, found, after)


def _whole(place: Place, parts: tuple[Pair, ...], found: Found, differs: bool) -> Judged:
    """Judge a shard without later writes, or without a mark: everything must be equal."""
    if differs or found.differences:
        return _different(parts, place, found, "")
    return _unseen(place) if found.unseen else Judged("equal")


def _unseen(place: Place) -> Judged:
    return Judged("not compared", f"shard {place.shard}: there is more to compare than the limits allow")


def _reaches_below(difference: DocumentDifference, checkpoint: int) -> bool:
    numbers = (difference.source_seq_no, difference.target_seq_no)
    return any(number is not None and number <= checkpoint for number in numbers)


def _bracketed(place: Place, parts: tuple[Pair, ...], found: Found, after: Mark) -> Judged:
    """Judge a shard that was written to since its mark: a later operation must explain every difference."""
    assert place.mark
    checkpoint = place.mark.global_checkpoint
    left = unexplained(found.differences, checkpoint, after.max_seq_no)
    since = after.max_seq_no - checkpoint
    if left or found.unseen:
        said = f"the source has {since} later operations, "
        said += (
            "and more differs than the limits allow to read" if found.unseen else "which do not explain all"
        )
        if not left and not any(pair.differs for pair in parts):
            return _unseen(place)
        return _different(parts, place, replace(found, differences=left), said)
    if parts[0].differs and not any(_reaches_below(d, checkpoint) for d in found.differences):
        return Judged("not compared", f"shard {place.shard}: its figures differ, its documents do not")
    unlisted = parts[1].source.count - found.explicit
    if not found.differences and unlisted <= 0:
        return Judged("equal")
    top = parts[1].target.maximum
    highest = checkpoint if top is None else top
    amount = later(found.differences, operations=since, unlisted=unlisted, highest=highest)
    return Judged("bracketed", later=amount)


def _different(parts: tuple[Pair, ...], place: Place, found: Found, said: str) -> Judged:
    more = "more differs than was read" if found.unseen and not said else said
    detail = "; ".join(filter(None, (_figures(parts, place), more)))
    return Judged("different", detail, differences=found.differences, unseen=found.unseen)


def _figures(parts: tuple[Pair, ...], place: Place) -> str:
    """Describe how the figures of a shard differ."""
    at = f"shard {place.shard}: "
    left, right = _total([pair.source for pair in parts]), _total([pair.target for pair in parts])
    newest = (left.maximum or 0, right.maximum if right.maximum is not None else -1)
    hint = ""
    if place.mark is None and left.maximum and newest[0] > newest[1]:
        hint = " (the source has newer operations: was it written to after the snapshot?)"
    if left.count != right.count:
        return f"{at}{left.count} documents on the source, {right.count} on the target{hint}"
    if left.sum is None or right.sum is None:
        return f"{at}same count, but other operations{hint}"
    return f"{at}same count, but other operations (_seq_no sum {left.sum} and {right.sum}){hint}"


def _total(figures: Sequence[SeqNoFigures]) -> SeqNoFigures:
    sums = [each.sum for each in figures if each.count]
    exact = [number for number in sums if number is not None]
    return SeqNoFigures(
        sum(each.count for each in figures),
        sum(exact) if len(exact) == len(sums) else None,
        max((each.maximum for each in figures if each.maximum is not None), default=None),
    )


def verdict(index: SelectedIndex, shards: Sequence[Judged], most: int) -> Verdict:
    """The verdict on an index: the worst outcome of its shards.

    Args:
        most: documents that it names, at most.
    """
    source, target = _sum(s.source_count for s in shards), _sum(s.target_count for s in shards)
    if not shards:
        return not_compared(index, "no shard was read")
    outcomes: list[Outcome] = [shard.outcome for shard in shards]
    outcome = max(outcomes, key=_WORSE.index)
    if outcome == "not compared":
        silent = next(shard for shard in shards if shard.outcome == outcome)
        return not_compared(index, silent.detail, source, target)
    differences = [difference for shard in shards for difference in shard.differences]
    named = differences[:most]
    return Verdict(
        source=index.name,
        target=index.target,
        outcome=outcome,
        source_count=source,
        target_count=target,
        shards=index.shards,
        detail="; ".join(_details(outcome, shards)),
        documents=tuple(named),
        more=len(differences) - len(named),
        figures=figures_of([shard.figures for shard in shards]),
    )


def _sum(counts: Iterable[int | None]) -> int | None:
    listed = list(counts)
    known = [count for count in listed if count is not None]
    return sum(known) if known and len(known) == len(listed) else None


def _details(outcome: Outcome, shards: Sequence[Judged]) -> Iterator[str]:
    if outcome == "different":
        different = [shard.detail for shard in shards if shard.outcome == "different"]
        yield from different[:_SHARDS_NAMED]
        if len(different) > _SHARDS_NAMED:
            yield f"and {len(different) - _SHARDS_NAMED} more shards"
        silent = [shard.detail for shard in shards if shard.outcome == "not compared"]
        yield from (f"could not be compared: {detail}" for detail in silent[:1])
    since = reduce(add, (shard.later for shard in shards), Later())
    if since.operations and outcome == "bracketed":
        yield _since(since)
    yield from (shard.remark for shard in shards if shard.remark)


def _since(later: Later) -> str:
    return (
        f"the target has everything up to the source's marks; since then the source has had "
        f"{counted(later.operations, 'operation', 'operations')}: "
        f"{counted(later.written, 'document', 'documents')} written, {later.updated} updated, "
        f"{later.deleted} deleted, as far as visible"
    )
