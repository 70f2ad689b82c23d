"""Documents that a repair wrote: the target has them under numbers of its own, which stand for the source's.

A comparison by sequence number then sees the target as if they had the source's numbers. That holds only
while both sides still have the very operations that the repair saw. Where that is not certain, a document
keeps its own number, and so counts as a difference.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from domains.domain import Domain
from domains.engine.comparison.documents import Key
from domains.engine.comparison.seq_no_figures import EXACT, SeqNoFigures
from domains.engine.raw_documents import RawDocument, look_up
from domains.engine.shard_stats import marks
from domains.shard_mark import Mark
from domains.versions import Version
from tasks.records.repair import RepairedDocument, RepairedIndex
from tasks.records.resolution import SelectedIndex

Marks = Mapping[str, tuple[Mark, ...]]
Found = Mapping[tuple[str, str | None], RawDocument]


@dataclass(frozen=True)
class Renumbered:
    """Documents of one shard under numbers of the target's own.

    Args:
        source_numbers: by number on the target: the number on the source that it stands for.
        keys: by number on the target: the document.
    """

    source_numbers: Mapping[int, int] = field(default_factory=dict[int, int])
    keys: Mapping[int, Key] = field(default_factory=dict[int, Key])

    @property
    def own(self) -> tuple[int, ...]:
        """The target's own numbers."""
        return tuple(sorted(self.source_numbers))

    def number(self, key: Key, number: int | None) -> int | None:
        """The number that a document on the target stands for."""
        if number is None or self.keys.get(number) != key:
            return number
        return self.source_numbers[number]

    def figures(self, others: SeqNoFigures, low: int, high: int) -> SeqNoFigures:
        """The figures of a range with these documents, from those of all others."""
        added = [number for number in self.source_numbers.values() if low <= number < high]
        if others.problem or not added:
            return others
        total = (others.sum or 0) + sum(added)
        vague = others.vague or total >= EXACT
        return replace(
            others,
            count=others.count + len(added),
            sum=None if vague else total,
            maximum=max(added if others.maximum is None else (others.maximum, *added)),
            vague=vague,
        )

    def listed(self, others: Mapping[Key, int], low: int, high: int) -> dict[Key, int]:
        """The documents of a range by the numbers that they stand for, from what the target lists there."""
        kept = {key: number for key, number in others.items() if self.keys.get(number) != key}
        added = {
            self.keys[own]: number for own, number in self.source_numbers.items() if low <= number < high
        }
        return kept | added


NOTHING = Renumbered()
ByShard = Mapping[tuple[str, int], Renumbered]
"""By index on the target and shard."""


@dataclass(frozen=True)
class Repaired:
    """Indices with repaired documents, as both sides have them now.

    Args:
        shards: the documents whose numbers certainly stand for the source's.
        before: the target's marks from before they were read, by name on the target.
    """

    shards: ByShard = field(default_factory=dict[tuple[str, int], Renumbered])
    before: Marks = field(default_factory=dict[str, tuple[Mark, ...]])

    def moved(self, target: Domain) -> frozenset[str]:
        """Those of these indices that the target has written to since they were read. Reads only."""
        if not self.before:
            return frozenset()
        now = marks(target, list(self.before))
        return frozenset(
            name for name, was in self.before.items() if positions(now.get(name)) != positions(was)
        )


def positions(shard_marks: Sequence[Mark] | None) -> dict[int, tuple[int, str]]:
    """The last operation of each shard, and its history."""
    return {mark.shard: (mark.max_seq_no, mark.history) for mark in shard_marks or ()}


def read_repaired(
    domains: tuple[Domain, Domain],
    versions: tuple[Version, Version],
    indices: Iterable[SelectedIndex],
    repaired: Mapping[str, RepairedIndex],
) -> Repaired:
    """Read which repaired documents both sides still have as they were left. Refresh before; reads only.

    Args:
        domains, versions: source and target.
        repaired: by name on the source.

    Raises:
        DomainError: a side could not be read.
    """
    concerned = [each for each in indices if each.name in repaired and _numbered(repaired[each.name])]
    if not concerned:
        return Repaired()
    here = marks(domains[0], [each.name for each in concerned])
    there = marks(domains[1], [each.target for each in concerned])
    shards: dict[tuple[str, int], Renumbered] = {}
    for index in concerned:
        known = repaired[index.name]
        certain = _in_same_histories(known, here.get(index.name, ()), there.get(index.target, ()))
        keys = [document.key for document in certain]
        found = (
            look_up(domains[0], versions[0], index.name, keys),
            look_up(domains[1], versions[1], index.target, keys),
        )
        for shard, documents in _by_shard(each for each in certain if _stands(each, *found)):
            shards[index.target, shard] = _renumbered(documents)
    return Repaired(shards, {each.target: there.get(each.target, ()) for each in concerned})


def _numbered(index: RepairedIndex) -> list[RepairedDocument]:
    return [document for document in index.documents if document.is_numbered]


def _in_same_histories(
    index: RepairedIndex, source: Sequence[Mark], target: Sequence[Mark]
) -> list[RepairedDocument]:
    """The documents of shards in which both sides' numbers still stand for the same operations."""
    here, there = ({mark.shard: mark.history for mark in each if mark.history} for each in (source, target))
    return [
        document
        for document in _numbered(index)
        if document.shard in here
        and document.shard in there
        and here[document.shard] == index.source_histories.get(document.shard)
        and there[document.shard] == index.target_histories.get(document.shard)
    ]


def _stands(document: RepairedDocument, source: Found, target: Found) -> bool:
    """Whether the target has the operation that the repair sent, and the source has not replaced its own."""
    here, there = source.get(document.key), target.get(document.key)
    if there is None or (there.seq_no, there.primary_term) != (document.target_seq_no, document.target_term):
        return False
    return here is None or here.seq_no != document.source_seq_no or here.primary_term == document.source_term


def _by_shard(documents: Iterable[RepairedDocument]) -> Iterator[tuple[int, list[RepairedDocument]]]:
    found: dict[int, list[RepairedDocument]] = {}
    for document in documents:
        found.setdefault(document.shard, []).append(document)
    yield from found.items()


def _renumbered(documents: Iterable[RepairedDocument]) -> Renumbered:
    numbers: dict[int, int] = {}
    keys: dict[int, Key] = {}
    for each in documents:
        if each.source_seq_no is not None and each.target_seq_no is not None:
            numbers[each.target_seq_no] = each.source_seq_no
            keys[each.target_seq_no] = Key(each.id, each.routing)
    return Renumbered(numbers, keys)
