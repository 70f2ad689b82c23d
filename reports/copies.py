"""The copies that wait on the target between rounds, as the journals tell."""

from collections.abc import Sequence

from reports.rounds import as_of
from reports.waiting import WaitingCopies
from runs.journal import Document
from tasks.rounds.changes import STEP as COMPARE
from tasks.rounds.ledger import COPIES, Ledger
from tasks.rounds.records import ChangesRecord, CopiesRecord


def waiting_of(found: Ledger, documents: Sequence[Document]) -> WaitingCopies | None:
    """The copies of the plan's rounds; None without any.

    Args:
        documents: of the plan's runs, the newest first.
    """
    if not found.copies:
        return None
    ended = (e for e in documents if e.recorded(COPIES, CopiesRecord) and e.recorded(COMPARE, ChangesRecord))
    last = next(ended, None) if found.round else None
    return WaitingCopies(
        round=found.round,
        copies=len(found.copies),
        doubted=sum(not copy.marks for copy in found.copies.values()),
        as_of=as_of(last) if last else None,
    )
