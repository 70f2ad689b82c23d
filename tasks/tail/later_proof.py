"""Compare indices that went by the tail once more, later: both zones, document by document. Reads only.

Their copies have sequence numbers of their own, so counts and sums alone say nothing about zone 2.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from domains.engine.catalog import refresh
from domains.engine.raw_documents import RawDocument
from domains.errors import DomainError
from domains.shard_mark import Mark
from tasks.migration import Migration
from tasks.records.resolution import SelectedIndex
from tasks.records.seeding import Copy
from tasks.records.verification import Difference, DocumentDifference, Outcome, Verdict, not_compared
from tasks.tail.comparison import Known, to_write
from tasks.tail.pages import pages, read_page_sizes
from tasks.tail.places import CannotFollow, FollowedIndex, Place, followed
from tasks.tail.rounds import Tail
from tasks.tail.ways import versions_of
from tasks.tail.zones import SurplusFinder, gone_from_source, source_zones, target_zones

NAMED = 20
_ENOUGH = 1_000


@dataclass
class _Found:
    """What differs in one index so far.

    Args:
        later: differing documents that the source has written since it was proved.
    """

    named: list[DocumentDifference] = field(default_factory=list[DocumentDifference])
    different: int = 0
    later: int = 0
    source: int = 0
    target: int = 0

    def add(self, place: Place, document: RawDocument | Known, kind: Difference) -> None:
        """Note one document that differs."""
        self.different += 1
        if len(self.named) < NAMED:
            self.named.append(
                DocumentDifference(id=document.id, kind=kind, shard=place.shard, routing=document.routing)
            )


def compare_later(
    m: Migration,
    indices: Sequence[SelectedIndex],
    bases: Mapping[str, tuple[Mark, ...]],
    proved: Mapping[str, tuple[Mark, ...]],
) -> dict[str, Verdict]:
    """The verdict on each of these indices, by name on the source. Refreshes both sides; may be repeated.

    Args:
        bases: by index of the source: the marks that divide its zones.
        proved: by index of the source: its marks when it was proved; later operations bracket the verdict.

    Raises:
        DomainError: transient errors only.
    """
    tail = Tail(m, versions_of(m), _with_bases(m, indices, bases))
    try:
        return {each.name: _verdict(m, tail, each, proved.get(each.name, ())) for each in tail.indices}
    finally:
        tail.close()


def _with_bases(
    m: Migration, indices: Sequence[SelectedIndex], bases: Mapping[str, tuple[Mark, ...]]
) -> list[FollowedIndex]:
    known = [index for index in indices if index.name in bases]
    copies = {
        i.target: Copy(source=i.name, uuid=i.uuid, target=i.target, target_uuid="", base=bases[i.name])
        for i in known
    }
    found = followed(known, copies)
    read_page_sizes(m, found)
    return found


def _verdict(m: Migration, tail: Tail, index: FollowedIndex, proved: tuple[Mark, ...]) -> Verdict:
    try:
        for domain, name in ((m.source, index.name), (m.target, index.target)):
            stale = refresh(domain, [name])
            if stale:
                return not_compared(index.index, f"{domain.label}: refresh failed: {stale.get(name, '')}")
        found = _Found()
        tops = {mark.shard: mark.max_seq_no for mark in proved}
        for place in index.places:
            _compare(m, tail, index, place, tops.get(place.shard, -1), found)
            if found.different > _ENOUGH:
                break
    except CannotFollow as error:
        return not_compared(index.index, str(error))
    except DomainError as error:
        if error.transient:
            raise
        return not_compared(index.index, str(error))
    return _told(index, found)


def _compare(m: Migration, tail: Tail, index: FollowedIndex, place: Place, top: int, found: _Found) -> None:
    """Compare one shard. What the source wrote above `top` came after the proof."""
    base, page = place.base.global_checkpoint, index.page
    for documents in pages(m.target, tail.versions.target, place.target, place, base, page):
        tail.touched.found_on_copy(place.number, documents)
    for documents in pages(m.source, tail.versions.source, place.source, place, base, page):
        known = tail.touched.known(place.number, (each.id for each in documents))
        lacking = to_write(documents, known)
        new = {each.id for each in lacking}
        tail.touched.seen(place.number, (each for each in documents if each.id not in new), 1)
        for each in lacking:
            _note(found, place, each, known, top)
        tail.touched.seen(place.number, (each for each in lacking if each.id in known), 1)
    finder = SurplusFinder(m, tail.versions, tail.touched, index)
    surplus = [*tail.touched.unseen(place.number, base, 1), *finder.in_first_zone(place, by_sums=False)]
    doomed = gone_from_source(m, tail.versions, place, surplus)
    for each in doomed:
        found.add(place, each, "surplus on the target")
    _add_counts(m, tail, place, found)


def _note(found: _Found, place: Place, document: RawDocument, known: Mapping[str, Known], top: int) -> None:
    kind: Literal["missing on the target", "other content"] = "other content"
    if document.id not in known:
        kind = "missing on the target"
    if document.seq_no > top >= 0:
        found.later += 1
    else:
        found.add(place, document, kind)


def _add_counts(m: Migration, tail: Tail, place: Place, found: _Found) -> None:
    tops = {(place.source, place.shard): place.low}
    (here,) = source_zones(m, tail.versions, [place], tops)
    (there,) = target_zones(m, tail.versions, [place], tops)
    if here.problem or there.problem:
        raise CannotFollow(f"shard {place.shard}: {here.problem or there.problem}")
    found.source += here.first.count + here.second.count
    found.target += there.first.count + there.second.count


def _told(index: FollowedIndex, found: _Found) -> Verdict:
    outcome: Outcome = "different" if found.different else "bracketed" if found.later else "equal"
    if outcome == "equal" and found.source != found.target:
        outcome = "different"
    return Verdict(
        source=index.name,
        target=index.target,
        outcome=outcome,
        source_count=found.source,
        target_count=found.target,
        shards=len(index.places),
        detail="; ".join(_details(found, outcome)),
        documents=tuple(found.named),
        more=found.different - len(found.named),
    )


def _details(found: _Found, outcome: Outcome) -> Iterator[str]:
    if found.different:
        yield f"{found.different} documents differ"
    if found.later:
        yield f"{found.later} documents were written on the source since it was proved"
    if outcome == "different" and not found.different:
        yield f"{found.source} documents on the source, {found.target} on the target"
