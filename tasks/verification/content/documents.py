"""Compare the contents of an index's documents, by id and routing.

Both sides are read by sequence number, which a restore keeps, so most documents pair up at once. Any other
document is looked up on the other side before it counts as a difference.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from domains.engine.comparison.documents import Key as DocumentKey
from domains.engine.comparison.source_digests import DocumentDigest, Key
from tasks.records.verification import Difference, DocumentDifference
from tasks.verification.comparison import NAMED
from tasks.verification.content.paging import Reader
from tasks.verification.content.sampling import Range
from tasks.verification.operations.renumbered import NOTHING, Renumbered

_ENOUGH = 1000  # differing documents, after which reading an index stops
_AT_ONCE = 100
Pair = tuple[DocumentDigest | None, DocumentDigest | None]


@dataclass
class Tally:
    """Findings so far about the documents of one index.

    Args:
        marks: by shard, the sequence number up to which the copy surely holds the source's operations; later
            operations of the source are no difference.
        last_operations: reads each shard's last sequence number on the source now.
        renumbered: by shard, documents that the target has under numbers of its own.
        most: documents that are named.
        compared: documents that were compared.
        named: differing documents, the first of them.
        different: how many differ.
    """

    marks: dict[int, int] = field(default_factory=dict[int, int])
    last_operations: Callable[[], Mapping[int, int]] = dict[int, int]
    renumbered: Mapping[int, Renumbered] = field(default_factory=dict[int, Renumbered])
    most: int = NAMED
    compared: int = 0
    named: list[DocumentDifference] = field(default_factory=list[DocumentDifference])
    _different: set[Key] = field(default_factory=set[Key])
    _later: set[Key] = field(default_factory=set[Key])
    _reached: Mapping[int, int] = field(default_factory=dict[int, int])

    @property
    def different(self) -> int:
        """How many documents differ."""
        return len(self._different)

    @property
    def later(self) -> int:
        """How many differ because of later operations on the source."""
        return len(self._later)

    @property
    def enough(self) -> bool:
        """Whether so many differ that reading more would add nothing."""
        return self.different >= _ENOUGH

    def judge(self, shard: int, left: DocumentDigest | None, right: DocumentDigest | None) -> None:
        """Compare one document as both sides have it."""
        right = self._as_numbered(shard, right)
        kind = _kind(left, right)
        either = left or right
        if kind is None or either is None or either.key in self._different:
            return  # a document whose sequence number differs comes up once per side
        if self._is_later(shard, left, right):
            self._later.add(either.key)
            return
        self._different.add(either.key)
        if len(self.named) < self.most:
            self.named.append(
                DocumentDifference(
                    id=either.key[0],
                    kind=kind,
                    shard=shard,
                    routing=either.key[1],
                    source_seq_no=left.seq_no if left else None,
                    target_seq_no=right.seq_no if right else None,
                )
            )

    def _as_numbered(self, shard: int, right: DocumentDigest | None) -> DocumentDigest | None:
        """The target's document under the number that it stands for."""
        own = self.renumbered.get(shard, NOTHING)
        number = own.number(DocumentKey(*right.key), right.seq_no) if right else None
        return replace(right, seq_no=number) if right and number is not None else right

    def _is_later(self, shard: int, left: DocumentDigest | None, right: DocumentDigest | None) -> bool:
        """Whether the source has changed this document since its copy was made."""
        if shard not in self.marks:
            return False
        if left is None:
            return right is not None and self._may_be_deleted(shard, right.seq_no)
        return left.seq_no > self.marks[shard] and (right is None or left.seq_no != right.seq_no)

    def _may_be_deleted(self, shard: int, number: int) -> bool:
        """Whether the source may have deleted the document with this number since.

        It has not if it had no operation since, or has not reached the document's number yet.
        """
        if not self._explains(shard, number) and self.different < NAMED:
            self._reached = self.last_operations()
        return self._explains(shard, number)

    def _explains(self, shard: int, number: int) -> bool:
        return max(number, self.marks[shard] + 1) <= self._reached.get(shard, -1)


def _kind(left: DocumentDigest | None, right: DocumentDigest | None) -> Difference | None:
    if left is None or right is None:
        return "surplus on the target" if left is None else "missing on the target"
    return None if left.digest == right.digest else "other content"


@dataclass(frozen=True)
class Documents:
    """The documents of one index on both sides.

    Args:
        shards: the number of shards on each side.
    """

    source: Reader
    target: Reader
    shards: tuple[int, int]

    def compare(
        self, ranges: Callable[[int], Iterable[Range]], into: Tally, moved: Callable[[], None]
    ) -> None:
        """Compare each shard within its ranges, until enough documents are known to differ.

        Args:
            ranges: returns the ranges of a shard.
            moved: called from time to time, to report progress.

        Raises:
            DomainError: a document could not be read.
        """
        for shard, pairs in self._by_shard(ranges):
            for piece in _pieces(pairs):
                self._judge(shard, piece, into)
                moved()
                if into.enough:
                    return

    def _by_shard(self, ranges: Callable[[int], Iterable[Range]]) -> Iterator[tuple[int, Iterator[Pair]]]:
        left, right = self.shards
        if left == right:
            for shard in range(left):
                asked = tuple(ranges(shard))
                yield shard, met(self.source.within(shard, asked), self.target.within(shard, asked))
            return
        for shard in range(left):  # documents are in other shards there: look up all of them
            yield shard, met(self.source.within(shard, ranges(shard)), iter(()))
        for shard in range(right):
            yield shard, met(iter(()), self.target.within(shard, ranges(shard)))

    def _judge(self, shard: int, pairs: list[Pair], into: Tally) -> None:
        into.compared += len(pairs)
        lacking = [left.key for left, right in pairs if left and not right]
        surplus = [right.key for left, right in pairs if right and not left]
        there, here = self.target.held(lacking), self.source.held(surplus)
        for left, right in pairs:
            if left and not right:
                right = there.get(left.key)
            elif right and not left:
                left = here.get(right.key)
            into.judge(shard, left, right)


def met(lefts: Iterator[DocumentDigest], rights: Iterator[DocumentDigest]) -> Iterator[Pair]:
    """Pair documents by sequence number, id and routing; both sides must be sorted."""
    left, right = next(lefts, None), next(rights, None)
    while left or right:
        if left and right and (left.seq_no, left.key) == (right.seq_no, right.key):
            yield left, right
            left, right = next(lefts, None), next(rights, None)
        elif left and (not right or left.seq_no <= right.seq_no):
            yield left, None
            left = next(lefts, None)
        else:
            yield None, right
            right = next(rights, None)


def _pieces(pairs: Iterator[Pair]) -> Iterator[list[Pair]]:
    """Split the pairs so that the look-ups of a piece fit into one request."""
    piece: list[Pair] = []
    unmet = 0
    for pair in pairs:
        piece.append(pair)
        unmet += None in pair
        if unmet == _AT_ONCE or len(piece) == _AT_ONCE * 10:
            yield piece
            piece, unmet = [], 0
    if piece:
        yield piece
