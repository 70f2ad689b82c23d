"""One document that a verification named, as both sides have it now."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from domains.engine.raw_documents import Key, RawDocument, look_up
from tasks.migration import Migration
from tasks.records.repair import Deed, RepairedDocument
from tasks.records.resolution import SelectedIndex
from tasks.records.verification import DocumentDifference
from tasks.tail.zones import Versions


@dataclass(frozen=True)
class Item:
    """One document.

    Args:
        difference: as the verification named it.
        source, target: as each side has it now, with its source; None where it has not.
    """

    difference: DocumentDifference
    source: RawDocument | None
    target: RawDocument | None

    @property
    def key(self) -> Key:
        """Its id and routing."""
        return self.difference.id, self.difference.routing

    @property
    def deed(self) -> Deed | None:
        """What brings the target into line; None where both sides lack it by now."""
        if self.source is None:
            return Deed.DELETED if self.target else None
        return Deed.RECOGNIZED if self._is_same else Deed.WRITTEN

    @property
    def has_later_version(self) -> bool:
        """Whether the target's version is above the source's, so that it has to go first."""
        return (
            self.source is not None and self.target is not None and self.target.version > self.source.version
        )

    def is_as_seen(self, known: RepairedDocument | None) -> bool:
        """Whether the target still has what the verification saw.

        Args:
            known: what an earlier repair did to it: its own number then stands for one of the source.
        """
        seen, there = self.difference.target_seq_no, self.target.seq_no if self.target else None
        if there == seen:
            return True
        return (
            known is not None
            and there is not None
            and (known.target_seq_no, known.source_seq_no) == (there, seen)
        )

    @property
    def _is_same(self) -> bool:
        one, other = self.source, self.target
        return (
            one is not None
            and other is not None
            and (one.version, one.source) == (other.version, other.source)
        )


def read_items(
    m: Migration, versions: Versions, index: SelectedIndex, differences: Sequence[DocumentDifference]
) -> list[Item]:
    """Read these documents on both sides. Reads only.

    Raises:
        ReplyTooLong: together they have too many bytes.
        UnexpectedReply: one of them could not be read.
    """
    keys = [(each.id, each.routing) for each in differences]
    here = look_up(m.source, versions.source, index.name, keys, sources=True)
    there = look_up(m.target, versions.target, index.target, keys, sources=True)
    return [Item(each, here.get(key), there.get(key)) for each, key in zip(differences, keys, strict=True)]


def by_shard(
    differences: Iterable[DocumentDifference],
) -> Mapping[int, list[DocumentDifference]]:
    """The documents of each shard; one that was not compared by shard counts to the first."""
    found: dict[int, list[DocumentDifference]] = {}
    for each in differences:
        found.setdefault(each.shard or 0, []).append(each)
    return found
