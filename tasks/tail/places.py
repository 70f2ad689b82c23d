"""What is kept in step: indices with a copy, and their shards, each with the base of its copy."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from domains.shard_mark import Mark
from runs.journal import CopyPosition
from tasks.records.resolution import SelectedIndex
from tasks.records.seeding import Copy


class CannotFollow(Exception):
    """One index cannot be kept in step any more; its changes go by a restore. The message says why."""


class Lost(CannotFollow):
    """It cannot for good: what is known of its copy stands for nothing any more."""


@dataclass(frozen=True)
class Place:
    """One shard of an index and of its copy: both have the same documents in the shards of the same number.

    Args:
        number: its key in the table of touched documents.
        base: the source's mark before the snapshot that the copy was restored from: the copy holds every
            operation up to its global checkpoint.
    """

    number: int
    source: str
    target: str
    shard: int
    base: Mark

    @property
    def low(self) -> int:
        """The first sequence number of zone 2; zone 1 is everything below."""
        return self.base.global_checkpoint + 1

    def __str__(self) -> str:
        return f"{self.source}, shard {self.shard}"


@dataclass
class FollowedIndex:
    """An index that is kept in step, and how far it is. The only part of the tail that changes by itself.

    Args:
        page: documents that one search of either side may return.
        cursors: by shard: everything up to this number of the source is on the copy.
        last: by shard: the copy's last operation, as far as it is ours.
        mapping_version: of the source, as of the latest synchronisation; -1 before the first.
        terms: by shard: the primary term of the copy at that time.
        sending: name of the file that says what a round sends, or what may still arrive; empty if nothing.
        marks: of the source, as of the latest round.
        prepared: whether its page size is known and its copy was looked at.
        listed: whether the copy's zone 2 was read in this session.
        behind: operations on the source above the cursors, as of the latest reading.
        written, deleted: documents on the copy in this session.
        out: why it has fallen out; empty while it is kept in step.
        lost: whether it has fallen out for good: somebody else wrote to its copy, or the numbers of its base
            stand for nothing any more.
    """

    index: SelectedIndex
    copy: Copy
    places: tuple[Place, ...]
    page: int = 10_000
    cursors: dict[int, int] = field(default_factory=dict[int, int])
    last: dict[int, int] = field(default_factory=dict[int, int])
    terms: dict[int, int] = field(default_factory=dict[int, int])
    sending: str = ""
    marks: tuple[Mark, ...] = ()
    mapping_version: int = -1
    prepared: bool = False
    listed: bool = False
    behind: int = 0
    written: int = 0
    deleted: int = 0
    out: str = ""
    lost: bool = False

    @property
    def position(self) -> CopyPosition:
        """How far its copy is."""
        if self.lost:
            return CopyPosition(lost=self.out)
        return CopyPosition(last=self.last, terms=self.terms, sending=self.sending)

    def lacks(self, mark: Mark) -> int:
        """How many operations of a shard the copy lacks, after this session and earlier ones."""
        earlier = (each.global_checkpoint for each in self.copy.marks if each.shard == mark.shard)
        return max(0, mark.max_seq_no - max((self.cursors[mark.shard], *earlier)))

    def start_over(self) -> None:
        """Read both sides anew from its base on, in the next round."""
        self.listed = False
        self.cursors = {place.shard: place.base.global_checkpoint for place in self.places}

    def stands_at(self, marks: Sequence[Mark]) -> None:
        """Note where its copy stands between rounds."""
        self.last = {mark.shard: mark.max_seq_no for mark in marks}
        self.terms = {mark.shard: mark.primary_term for mark in marks}
        self.sending = ""

    def lose(self, why: str) -> None:
        """Let it fall out for good."""
        self.out, self.lost = why, True

    @property
    def name(self) -> str:
        """Its name on the source."""
        return self.index.name

    @property
    def target(self) -> str:
        """The name of its copy."""
        return self.index.target


def base_of(copy: Copy) -> tuple[Mark, ...]:
    """The source's marks before the snapshot that the copy was restored from; empty if they are not known."""
    return copy.base or copy.marks


def followed(
    indices: Iterable[SelectedIndex], copies: Mapping[str, Copy], first: int = 0
) -> list[FollowedIndex]:
    """These indices with their shards, ready to be kept in step.

    Args:
        copies: by name on the target; each with the marks of its base.
        first: the number of the first shard; the others count on from it.
    """
    found: list[FollowedIndex] = []
    number = first
    for index in indices:
        copy = copies[index.target]
        places: list[Place] = []
        for mark in base_of(copy):
            places.append(Place(number, index.name, index.target, mark.shard, mark))
            number += 1
        each = FollowedIndex(index, copy, tuple(places))
        each.start_over()
        each.last = {mark.shard: mark.max_seq_no for mark in copy.own}
        each.terms = {mark.shard: mark.primary_term for mark in copy.own}
        each.sending = copy.sending
        found.append(each)
    return found


def in_step(indices: Iterable[FollowedIndex]) -> Iterator[FollowedIndex]:
    """Those that have not fallen out."""
    return (each for each in indices if not each.out)
