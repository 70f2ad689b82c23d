"""Read a shard's documents in the order of their sequence numbers, page by page, at a bearable pace."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from domains.domain import Domain
from domains.engine.catalog import refresh, uuids
from domains.engine.comparison.documents import page_sizes
from domains.engine.comparison.seq_no_figures import BEYOND
from domains.engine.raw_documents import OVERFLOWN, RawDocument, page_above
from domains.errors import UnexpectedReply
from domains.http.bodies import ReplyTooLong
from domains.versions import Version
from tasks.migration import Migration
from tasks.tail.places import CannotFollow, FollowedIndex, Place

_PAGE = 2_000
_REPLY_BYTES = 16 * 1024 * 1024


@dataclass
class Pace:
    """How fast the source is read.

    Args:
        shards_at_once: shards that are read and written side by side.
        most_documents: read from the source a second; None for no limit.
    """

    shards_at_once: int = 4
    most_documents: float | None = None
    _ready: float = 0.0

    def wait_for(self, documents: int, sleep: Callable[[float], None] = time.sleep) -> None:
        """Wait as long as reading so many documents may take at least."""
        if not self.most_documents:
            return
        now = time.monotonic()
        self._ready = max(now, self._ready) + documents / self.most_documents
        sleep(max(0.0, self._ready - now))


def read_page_sizes(m: Migration, indices: Sequence[FollowedIndex]) -> None:
    """Note how many documents of each index one search of either side may return. Reads only."""
    here = page_sizes(m.source, [each.name for each in indices])
    there = page_sizes(m.target, [each.target for each in indices])
    for each in indices:
        each.page = min(here[each.name], there[each.target])


def refresh_all(domain: Domain, names: Sequence[str]) -> None:
    """Make what was written to these indices visible to searches.

    Raises:
        UnexpectedReply: one could not be refreshed; transient.
    """
    for name, why in refresh(domain, names).items():
        raise UnexpectedReply(f"{domain.label}: refresh of {name}", why, transient=True)


def require_speaking(domain: Domain, silent: Mapping[str, str]) -> frozenset[str]:
    """Of indices whose shards do not report their last operation, return those that are gone. Reads only.

    Args:
        silent: names, each with the UUID of the index that is meant.

    Raises:
        UnexpectedReply: one is there; transient, for a primary that starts reports in a moment.
    """
    there = uuids(domain, silent) if silent else {}
    starting = sorted(name for name, uuid in silent.items() if there.get(name) == uuid)
    if starting:
        what = f"{domain.label}: last operations of {starting[0]}"
        raise UnexpectedReply(what, "a shard does not report it", transient=True)
    return frozenset(silent)


def pages(
    domain: Domain, version: Version, name: str, place: Place, above: int, page: int, top: int = BEYOND
) -> Iterator[list[RawDocument]]:
    """A shard's live documents above a number, page by page. Reads only.

    Args:
        name: the index on this domain.
        page: documents that one search may return.
        top: the number with which it may end: clients may write faster than this reads.

    Raises:
        CannotFollow: a document is too large, its version has overflown, or the reply cannot be parsed.
    """
    size = min(_PAGE, page)
    while True:
        try:
            found = page_above(domain, version, name, place.shard, above, size=size, longest=_REPLY_BYTES)
        except ReplyTooLong as error:
            if size == 1:
                raise CannotFollow(f"a document in shard {place.shard} is too large") from error
            size = max(1, size // 4)
            continue
        except UnexpectedReply as error:
            if error.transient:
                raise
            raise CannotFollow(f"its documents cannot be read exactly: {error.message}") from error
        if any(document.version <= OVERFLOWN for document in found):
            raise CannotFollow(f"a document in shard {place.shard} has a version that has overflown")
        if found:
            yield found
            above = found[-1].seq_no
        if len(found) < size or above >= top:
            return
