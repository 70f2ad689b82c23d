"""Compare documents and sets of sequence numbers: sets in, changes out. Pure.

Every comparison rests on one thought: where one set certainly contains another, equal counts mean equal sets.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from domains.engine.comparison.seq_no_figures import SeqNoFigures
from domains.engine.raw_documents import RawDocument

LEAF = 64
"""Up to this many documents of a range are listed instead of counted."""
WAYS = 1024
"""Ranges that one search counts, at most."""


@dataclass(frozen=True)
class Known:
    """What is known of a document on the copy.

    Args:
        source_seq_no: of the operation on the source that it corresponds to; None where none is known.
        target_seq_no, target_term: of its last operation on the copy; None after a lost reply.
    """

    id: str
    routing: str | None
    version: int
    digest: bytes
    source_seq_no: int | None = None
    target_seq_no: int | None = None
    target_term: int | None = None

    @classmethod
    def on_copy(cls, document: RawDocument, source_seq_no: int | None = None) -> "Known":
        """A document as the copy has it, without its contents: enough to delete it by its operation."""
        return cls(
            document.id,
            document.routing,
            document.version,
            b"",
            source_seq_no,
            target_seq_no=document.seq_no,
            target_term=document.primary_term,
        )

    def is_same(self, document: RawDocument) -> bool:
        """Whether the copy has this very document: its key, its version, and every byte of its source."""
        return (self.routing, self.version, self.digest) == (
            document.routing,
            document.version,
            document.digest,
        )


def to_write(page: Iterable[RawDocument], known: Mapping[str, Known]) -> list[RawDocument]:
    """The documents of the source that the copy lacks, or has otherwise."""
    return [each for each in page if each.id not in known or not known[each.id].is_same(each)]


@dataclass(frozen=True)
class Span:
    """A range of sequence numbers, without its upper end.

    Args:
        count: documents in it, of the set that contains the other.
        surplus: how many more the containing set has.
    """

    low: int
    high: int
    count: int
    surplus: int = 1


@dataclass(frozen=True)
class Narrowed:
    """Where a set has more than the one that it contains.

    Args:
        numbers: sequence numbers that the difference of the sums names: likely, and to be confirmed.
        leaves: ranges that are small enough to be listed.
        spans: ranges to narrow down further.
    """

    numbers: tuple[int, ...] = ()
    leaves: tuple[Span, ...] = ()
    spans: tuple[Span, ...] = ()


def edges(span: Span) -> tuple[int, ...]:
    """Bounds of adjacent ranges into which a span is split: the more surplus, the finer."""
    width = span.high - span.low
    ways = max(1, min(WAYS, width, max(16, 8 * span.surplus)))
    bounds = {span.low + width * step // ways for step in range(ways + 1)}
    return tuple(sorted(bounds))


def narrow(
    bounds: Sequence[int], more: Sequence[SeqNoFigures], fewer: Sequence[SeqNoFigures], *, by_sums: bool
) -> Narrowed:
    """Say in which of these ranges the containing set has more, or another document.

    Args:
        bounds: of adjacent ranges.
        more, fewer: figures of the containing set and of the contained one, range by range.
        by_sums: whether the difference of two sums may name a single document.
    """
    numbers: list[int] = []
    leaves: list[Span] = []
    spans: list[Span] = []
    for (low, high), left, right in zip(pairwise(bounds), more, fewer, strict=True):
        if (left.count, left.sum) == (right.count, right.sum):
            continue
        surplus = left.count - right.count
        number = (left.sum or 0) - (right.sum or 0)
        exact = not left.vague and not right.vague
        if by_sums and surplus == 1 and exact and low <= number < high:
            numbers.append(number)
            continue
        span = Span(low, high, max(left.count, right.count), max(1, surplus))
        (leaves if span.count <= LEAF or high - low == 1 else spans).append(span)
    return Narrowed(tuple(numbers), tuple(leaves), tuple(spans))


def listed_in_full(leaves: Sequence[Span], most: int) -> Iterator[tuple[Span, ...]]:
    """Leaves in groups that one search can list: few enough ranges, at most so many documents."""
    group: list[Span] = []
    documents = 0
    for leaf in leaves:
        if group and (len(group) >= 200 or documents + leaf.count > most):
            yield tuple(group)
            group, documents = [], 0
        group.append(leaf)
        documents += leaf.count
    if group:
        yield tuple(group)
