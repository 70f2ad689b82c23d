"""The journal of a repair: what is meant is there before it is done, and is told from what was done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.building import a_journal, a_plan, selected
from support.rounds import a_mark

from runs.journal import Journal, now
from runs.step_names import StepName
from tasks import steps
from tasks.records.repair import Deed, NotRepaired, RepairedDocument, RepairRecord
from tasks.records.verification import Verdict, VerificationRecord
from tasks.repair.ledger import Ledger

A = selected("a")


def a_document(id: str = "7", **changes: Any) -> RepairedDocument:
    values: dict[str, Any] = {
        "id": id,
        "shard": 0,
        "kind": "missing on the target",
        "deed": Deed.WRITTEN,
        "version": 1,
        "source_seq_no": 3,
        "source_term": 1,
    }
    return RepairedDocument(**{**values, **changes})


def verified(outcome: Any) -> VerificationRecord:
    verdict = Verdict(source="a", target="a", outcome=outcome, source_count=1, target_count=1)
    return VerificationRecord(level="operations", verdicts=(verdict,), skipped=(), at=now())


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    made = a_journal(tmp_path, a_plan())
    with made.step(StepName.REPAIR):
        pass
    return made


def kept(journal: Journal) -> RepairRecord:
    """What another process reads from the journal."""
    record = Journal.load(journal.path).document.recorded(steps.REPAIR)
    assert record
    return record


def meant(journal: Journal, *documents: RepairedDocument) -> None:
    """A command that is killed right after it has written down what it means to do."""
    ledger = Ledger(journal)
    ledger.begin(A, [a_mark(history="here")], [a_mark(history="there")])
    ledger.note(A, documents)
    ledger.save()


def test_what_was_only_meant_does_not_count_as_repaired(journal: Journal) -> None:
    meant(journal, a_document())
    assert (kept(journal).repaired, kept(journal).verified) == (0, None)


def test_a_document_that_a_killed_command_wrote_still_counts_as_written(journal: Journal) -> None:
    meant(journal, a_document())
    again = Ledger(journal)
    done = {"deed": Deed.RECOGNIZED, "kind": "other operation", "confirmed": True, "target_seq_no": 9}
    again.note(A, [a_document(**done)])
    (document,) = again.record().indices[0].documents
    assert (document.deed, document.kind, document.target_seq_no) == (
        Deed.WRITTEN,
        "missing on the target",
        9,
    )


def test_a_delete_that_a_killed_command_did_counts_once_the_index_is_equal(journal: Journal) -> None:
    meant(journal, a_document(deed=Deed.DELETED, version=None, source_seq_no=None))
    assert Ledger(journal).ended(verified("different")).deleted == 0
    assert Ledger(journal).ended(verified("equal")).deleted == 1


def test_a_document_that_is_repaired_twice_is_listed_once(journal: Journal) -> None:
    meant(journal, a_document(confirmed=True, target_seq_no=8, target_term=1))
    again = Ledger(journal)
    again.note(A, [a_document(confirmed=True, target_seq_no=9, target_term=1)])
    assert again.record().repaired == 1


@pytest.mark.parametrize("changed", ["source", "target"])
def test_numbers_of_another_history_stand_for_nothing(journal: Journal, changed: str) -> None:
    meant(journal, a_document(confirmed=True, target_seq_no=8, target_term=1))
    histories = {"source": "here", "target": "there"} | {changed: "restored"}
    again = Ledger(journal)
    again.begin(A, [a_mark(history=histories["source"])], [a_mark(history=histories["target"])])
    (document,) = again.of(A).documents
    assert not document.is_numbered
    assert document.confirmed, "it was repaired all the same"


def test_what_could_not_be_repaired_is_said_of_the_latest_command_alone(journal: Journal) -> None:
    meant(journal)
    ledger = Ledger(journal)
    ledger.note(A, (), [NotRepaired(id="7", shard=0, why="it is too large")])
    assert ledger.record().left == 1
    ledger.begin(A, [a_mark()], [a_mark()])
    assert ledger.record().left == 0
