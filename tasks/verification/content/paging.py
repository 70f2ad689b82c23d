"""Read one side's documents in pages that fit into memory, however large the documents are."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from domains.domain import Domain
from domains.engine.comparison import source_digests
from domains.engine.comparison.source_digests import DocumentDigest, Key, Page
from domains.errors import UnexpectedReply
from domains.http.bodies import ReplyTooLong
from domains.versions import Version
from tasks.verification.content.sampling import Range

_PAGE_BYTES = 16 * 1024 * 1024
_DOCUMENT_BYTES = 100 * 1024 * 1024  # of a single document: as many as engines accept
_FIRST_SIZE = 50
_LARGEST_SIZE = 2000


@dataclass
class Reader:
    """Reader of the documents of one index on one side. Reads only.

    Args:
        window: the index's `max_result_window`, the largest page.
    """

    domain: Domain
    version: Version
    index: str
    window: int

    def __post_init__(self) -> None:
        self._size = min(_FIRST_SIZE, self.window)

    def within(self, shard: int, ranges: Iterable[Range]) -> Iterator[DocumentDigest]:
        """Read the documents of a shard in these ranges, sorted by sequence number.

        Raises:
            DomainError: the shard cannot be read in full.
        """
        wanted = [(each.first, each.last) for each in ranges]
        while wanted:
            page, size = self._page(shard, wanted)
            yield from page.documents
            if len(page.documents) < size:
                return
            after = page.documents[-1].seq_no + 1
            rest = ((max(first, after), last) for first, last in wanted)
            wanted = [(first, last) for first, last in rest if last is None or first <= last]

    def held(self, keys: Sequence[Key]) -> dict[Key, DocumentDigest]:
        """Look up these documents; return those that the index has.

        Raises:
            DomainError: one of them could not be looked up.
        """
        if not keys:
            return {}
        longest = _PAGE_BYTES if len(keys) > 1 else _DOCUMENT_BYTES
        try:
            return source_digests.look_up(self.domain, self.version, self.index, keys, longest=longest)
        except ReplyTooLong as error:
            if len(keys) == 1:
                raise self._too_large(keys[0][0]) from error
        half = len(keys) // 2
        return self.held(keys[:half]) | self.held(keys[half:])

    def _page(self, shard: int, within: Sequence[tuple[int, int | None]]) -> tuple[Page, int]:
        """Read the next page; return it with its largest possible number of documents."""
        while True:
            size = self._size
            longest = _PAGE_BYTES if size > 1 else _DOCUMENT_BYTES
            place = self.domain, self.version, self.index, shard
            try:
                page = source_digests.page(*place, within=within, size=size, longest=longest)
            except ReplyTooLong as error:
                if size == 1:
                    raise self._too_large(f"after operation {within[0][0] - 1} of shard {shard}") from error
                self._size = max(1, size // 8)
            else:
                if page.size * 4 < _PAGE_BYTES and len(page.documents) == size:
                    self._size = min(size * 2, _LARGEST_SIZE, self.window)
                return page, size

    def _too_large(self, which: str) -> UnexpectedReply:
        said = f"document {which} has more than {_DOCUMENT_BYTES >> 20} MiB, or too many parts"
        return UnexpectedReply(f"{self.domain.label}: {self.index}", said)
