"""Records of a repair: which documents were brought into line with the source, and what is left."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from tasks.records.base import Record
from tasks.records.verification import Difference, VerificationRecord

WRITES = "repair"
"""Action of the intents of a repair: it writes documents to an index of the target, or deletes them there."""
MOST = 10_000
"""Documents of one index that are repaired, at most; where more differ, it is better copied again."""


class Deed(StrEnum):
    """What a repair did to a document on the target."""

    WRITTEN = "written"  # as the source has it, with the source's version
    DELETED = "deleted"  # the source does not have it
    RECOGNIZED = "recognized"  # it was as the source has it: only its number is another one


class RepairedDocument(Record):
    """One document that was repaired, and the numbers of its last operations.

    While both sides still have these numbers, in these histories, it is the same on both: what was written
    was read back, byte by byte.

    Args:
        kind: how the verification named it.
        confirmed: whether it was found to be done; until then it is only meant, as after a kill.
        version, digest: of the source's document; None and empty of one that was deleted.
        source_seq_no, source_term: of the source's operation that the target's document corresponds to.
        target_seq_no, target_term: of its operation on the target; None once they can no longer be compared.
    """

    id: str
    routing: str | None = None
    shard: int
    kind: Difference
    deed: Deed
    confirmed: bool = False
    version: int | None = None
    digest: str = ""
    source_seq_no: int | None = None
    source_term: int | None = None
    target_seq_no: int | None = None
    target_term: int | None = None

    @property
    def key(self) -> tuple[str, str | None]:
        """Its id and routing."""
        return self.id, self.routing

    @property
    def is_numbered(self) -> bool:
        """Whether it is on the target under a number of its own."""
        return self.source_seq_no is not None and self.target_seq_no is not None


class NotRepaired(Record):
    """One document that was named and not repaired."""

    id: str
    routing: str | None = None
    shard: int
    why: str


class RepairedIndex(Record):
    """What was repaired in one index, over all commands.

    Args:
        source_histories, target_histories: by shard: the histories that the documents' numbers belong to.
        left: documents that the latest command could not repair.
    """

    source: str
    target: str
    source_histories: dict[int, str] = Field(default_factory=dict[int, str])
    target_histories: dict[int, str] = Field(default_factory=dict[int, str])
    documents: tuple[RepairedDocument, ...] = ()
    left: tuple[NotRepaired, ...] = ()

    def count(self, *deeds: Deed) -> int:
        """How many documents met with one of these deeds, for certain."""
        return sum(each.confirmed and each.deed in deeds for each in self.documents)


class RepairRecord(Record):
    """What `snapferry repair` has done to the copies of a run, over all commands.

    Args:
        at: when the latest command ended, or last wrote something.
        verified: the verification that it ended with; None while it is not done.
    """

    at: datetime
    indices: tuple[RepairedIndex, ...] = ()
    verified: VerificationRecord | None = None

    @property
    def written(self) -> int:
        """Documents that were written."""
        return self._count(Deed.WRITTEN)

    @property
    def deleted(self) -> int:
        """Documents that were deleted."""
        return self._count(Deed.DELETED)

    @property
    def recognized(self) -> int:
        """Documents that only had another number."""
        return self._count(Deed.RECOGNIZED)

    @property
    def repaired(self) -> int:
        """All of them."""
        return self._count(*Deed)

    @property
    def left(self) -> int:
        """Documents that could not be repaired."""
        return sum(len(index.left) for index in self.indices)

    @property
    def by_source(self) -> dict[str, RepairedIndex]:
        """The indices by their names on the source."""
        return {index.source: index for index in self.indices}

    def _count(self, *deeds: Deed) -> int:
        return sum(index.count(*deeds) for index in self.indices)


class PlannedRepair(Record):
    """One document that a repair would bring into line.

    Args:
        deed: what would become of it, as both sides are now; None where it is gone from both.
    """

    id: str
    routing: str | None = None
    shard: int | None
    kind: Difference
    deed: Deed | None


class IndexToRepair(Record):
    """What a repair would do to one index.

    Args:
        more: whether more documents differ than were found in one verification.
    """

    source: str
    target: str
    documents: tuple[PlannedRepair, ...]
    more: bool = False


class RepairPreview(Record):
    """What `snapferry repair` would do now.

    Args:
        run_id: the migration whose copies it is about.
        verified: the verification, with the first documents of each index.
        before: documents that earlier commands repaired.
    """

    run_id: str
    indices: tuple[IndexToRepair, ...]
    verified: VerificationRecord
    before: int = 0
