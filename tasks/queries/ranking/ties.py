"""A ranking as groups of documents that tie: inside a group their order means nothing. Pure."""

import math
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar

CLOSE = 1e-6
"""Scores are floats of 32 bits, with 24 bits of precision: what differs by less ties."""
D = TypeVar("D", bound=Hashable)
Key = tuple[object, ...]


@dataclass(frozen=True)
class Group(Generic[D]):
    """Documents that tie, and how many stand above them."""

    documents: frozenset[D]
    above: int
    key: Key

    @property
    def end(self) -> int:
        """The rank of the last of them."""
        return self.above + len(self.documents)


@dataclass(frozen=True)
class Ranking(Generic[D]):
    """A ranking, as far as it was fetched.

    Args:
        whole: whether nothing comes after it. Else its last group may go on, with members that are unknown.
    """

    groups: tuple[Group[D], ...]
    whole: bool

    @property
    def length(self) -> int:
        """How many documents are known."""
        return self.groups[-1].end if self.groups else 0

    @cached_property
    def ranks(self) -> dict[D, int]:
        """Each document's rank, from 1; those that tie share the first of theirs."""
        return {document: group.above + 1 for group in self.groups for document in group.documents}

    @cached_property
    def _groups_of(self) -> dict[D, Group[D]]:
        return {document: group for group in self.groups for document in group.documents}

    def share(self, document: D, depth: int) -> float:
        """The part of a document that is among the first `depth`: of a group that is cut, its fraction."""
        group = self._groups_of.get(document)
        if group is None or group.above >= depth:
            return 0.0
        return min(1.0, (depth - group.above) / len(group.documents))

    def first(self, depth: int) -> Iterator[D]:
        """Every document that is among the first `depth`, or may be."""
        return (each for group in self.groups if group.above < depth for each in group.documents)

    def open_from(self, depth: int) -> Group[D] | None:
        """The group that is cut by `depth` and may have more members than were fetched; None without one."""
        last = self.groups[-1] if self.groups else None
        return last if last and not self.whole and last.above < depth else None


def ranking(found: Sequence[tuple[D, Key]], *, whole: bool) -> Ranking[D]:
    """Group documents, in the order of the reply, by keys that are equal or closer than scores can tell.

    Args:
        found: each document with its score or sort values.
        whole: whether these are all that there are.
    """
    groups: list[Group[D]] = []
    members: list[D] = []
    key: Key = ()
    above = 0
    for document, own in found:
        if members and not same_key(key, own):
            groups.append(Group(frozenset(members), above, key))
            above, members = above + len(members), []
        if not members:
            key = own
        members.append(document)
    if members:
        groups.append(Group(frozenset(members), above, key))
    return Ranking(tuple(groups), whole)


def same_key(left: Key, right: Key) -> bool:
    """Whether two keys tie."""
    return len(left) == len(right) and all(map(_same, left, right))


def _same(left: object, right: object) -> bool:
    if isinstance(left, float) and isinstance(right, float):
        return left == right or math.isclose(left, right, rel_tol=CLOSE)
    return left == right
