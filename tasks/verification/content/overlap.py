"""Find out which documents of an index another one on the same domain has too: by id, routing, content."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from domains.domain import Domain
from domains.engine.comparison.source_digests import DocumentDigest
from domains.engine.indices.index_metadata import IndexMetadata
from domains.versions import Version
from tasks.records.verification import DocumentDifference
from tasks.verification.comparison import NAMED
from tasks.verification.content.paging import Reader
from tasks.verification.content.sampling import Range

_AT_ONCE = 100
_WINDOW = 10_000


@dataclass(frozen=True)
class Overlap:
    """Documents of an index, by what another index has under their ids.

    Args:
        equal: the same content.
        different: other content.
        missing: nothing.
        documents: the first of those with other content.
    """

    equal: int
    different: int
    missing: int
    documents: tuple[DocumentDifference, ...] = ()


def overlap(
    domain: Domain,
    version: Version,
    index: str,
    other: str,
    made: IndexMetadata,
    moved: Callable[[int], None],
) -> Overlap:
    """Look up every document of `index` in `other`. Refresh both before; reads only.

    Args:
        made: the metadata of `index`.
        moved: called from time to time with the number of documents looked up.

    Raises:
        DomainError: a document could not be read.
    """
    window = int(made.settings.get("index.max_result_window", _WINDOW))
    reader, there = Reader(domain, version, index, window), Reader(domain, version, other, window)
    equal = missing = seen = 0
    different: list[DocumentDifference] = []
    more = 0
    for piece in _pieces(reader, int(made.settings["index.number_of_shards"])):
        held = there.held([each.key for each in piece])
        for each in piece:
            found = held.get(each.key)
            if found is None:
                missing += 1
            elif found.digest == each.digest:
                equal += 1
            elif len(different) < NAMED:
                different.append(_difference(each, found))
            else:
                more += 1
        seen += len(piece)
        moved(seen)
    return Overlap(equal, len(different) + more, missing, tuple(different))


def _pieces(reader: Reader, shards: int) -> Iterator[list[DocumentDigest]]:
    for shard in range(shards):
        piece: list[DocumentDigest] = []
        for each in reader.within(shard, [Range(0, None)]):
            piece.append(each)
            if len(piece) == _AT_ONCE:
                yield piece
                piece = []
        if piece:
            yield piece


def _difference(one: DocumentDigest, other: DocumentDigest) -> DocumentDifference:
    return DocumentDifference(
        id=one.key[0],
        kind="other content",
        routing=one.key[1],
        source_seq_no=one.seq_no,
        target_seq_no=other.seq_no,
    )
