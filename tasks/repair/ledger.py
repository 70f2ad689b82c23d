"""What a repair has done so far, in the run's journal: what is meant is there before it is sent."""

from collections.abc import Iterable, Mapping, Sequence

from domains.shard_mark import Mark
from runs.journal import Journal, now
from runs.step_names import StepName
from tasks import steps
from tasks.records.repair import Deed, NotRepaired, RepairedDocument, RepairedIndex, RepairRecord
from tasks.records.resolution import SelectedIndex
from tasks.records.verification import Verdict, VerificationRecord
from tasks.verification.comparison import NAMED

Marks = Mapping[str, Sequence[Mark]]


class Ledger:
    """The documents of each index that were repaired, or are meant to be, over all commands.

    Args:
        journal: of the run.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        before = journal.document.recorded(steps.REPAIR)
        self._indices = before.by_source if before else {}

    @property
    def indices(self) -> Mapping[str, RepairedIndex]:
        """By name on the source."""
        return self._indices

    def of(self, index: SelectedIndex) -> RepairedIndex:
        """What was repaired in one index."""
        return self._indices.get(index.name) or RepairedIndex(source=index.name, target=index.target)

    def begin(self, index: SelectedIndex, source: Sequence[Mark], target: Sequence[Mark]) -> None:
        """Take over the histories of both sides: numbers of earlier ones stand for nothing any more."""
        here = {mark.shard: mark.history for mark in source if mark.history}
        there = {mark.shard: mark.history for mark in target if mark.history}
        before = self.of(index)
        documents = (
            each
            if (here.get(each.shard), there.get(each.shard))
            == (before.source_histories.get(each.shard), before.target_histories.get(each.shard))
            else each.model_copy(update={"target_seq_no": None, "target_term": None})
            for each in before.documents
        )
        self._indices[index.name] = before.model_copy(
            update={
                "source_histories": here,
                "target_histories": there,
                "documents": tuple(documents),
                "left": (),
            }
        )

    def note(
        self, index: SelectedIndex, documents: Iterable[RepairedDocument], left: Iterable[NotRepaired] = ()
    ) -> None:
        """Take these documents over, each in place of what was known of it; saved with the next change."""
        before = self.of(index)
        by_key = {each.key: each for each in before.documents}
        for each in documents:
            by_key[each.key] = _counted_once(by_key.get(each.key), each)
        found = before.model_copy(update={"documents": tuple(by_key.values()), "left": (*before.left, *left)})
        self._indices[index.name] = found
        self._journal.document.steps[StepName.REPAIR].record = self.record().model_dump(mode="json")

    def save(self) -> None:
        """Write the journal."""
        self._journal.save()

    def record(self, verified: VerificationRecord | None = None) -> RepairRecord:
        """All of it, as the journal keeps it."""
        indices = tuple(each for each in self._indices.values() if each.documents or each.left)
        return RepairRecord(at=now(), indices=indices, verified=verified)

    def ended(self, verified: VerificationRecord) -> RepairRecord:
        """All of it after the last verification: what was meant for an index that is equal now is done."""
        for name, index in self._indices.items():
            sure = any(v.source == name and v.outcome == "equal" for v in verified.verdicts)
            documents = (
                each.model_copy(update={"confirmed": each.confirmed or sure}) for each in index.documents
            )
            self._indices[name] = index.model_copy(update={"documents": tuple(documents)})
        return self.record(shortened(verified))


def _counted_once(before: RepairedDocument | None, found: RepairedDocument) -> RepairedDocument:
    """The document as it was found now; one that was written before a kill was not merely recognized."""
    if before and found.deed is Deed.RECOGNIZED and before.deed is Deed.WRITTEN:
        return found.model_copy(update={"deed": Deed.WRITTEN, "kind": before.kind})
    return found


def shortened(record: VerificationRecord) -> VerificationRecord:
    """The verification with as many documents of each index as usual."""
    return record.model_copy(update={"verdicts": tuple(map(_with_first, record.verdicts))})


def _with_first(verdict: Verdict) -> Verdict:
    more = max(0, len(verdict.documents) - NAMED)
    return verdict.model_copy(update={"documents": verdict.documents[:NAMED], "more": verdict.more + more})
