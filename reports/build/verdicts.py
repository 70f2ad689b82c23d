"""The verdicts on a run's indices: from all its verifications, or from a seed round, which has none."""

from collections.abc import Collection

from reports.model.report import IndexReport
from reports.model.seeding import RoundReport
from reports.words.outcomes import unrestored
from runs.journal import Document
from tasks import steps
from tasks.records.verification import VerificationRecord


def verification_of(document: Document) -> VerificationRecord | None:
    """The run's latest verification; for data streams, the later one replaces that of their copies."""
    repaired = document.recorded(steps.REPAIR)
    again = repaired.verified if repaired else None
    own = _own_verification(document)
    return again if again and (own is None or again.at > own.at) else own


def _own_verification(document: Document) -> VerificationRecord | None:
    first = document.recorded(steps.VERIFY)
    later = document.recorded(steps.VERIFY_STREAMS)
    if first is None or later is None:
        return first
    again = {verdict.target for verdict in later.verdicts}
    kept = tuple(verdict for verdict in first.verdicts if verdict.target not in again)
    return first.model_copy(update={"verdicts": (*kept, *later.verdicts)})


def seeded(indices: list[IndexReport], round_: RoundReport) -> list[IndexReport]:
    """Give indices the round's verdict, unless they were verified: only a cutover's rehearsal does that."""
    as_before = unrestored(round_)
    return [index.model_copy(update={"verdict": _verdict(index, as_before)}) for index in indices]


def _verdict(index: IndexReport, unrestored: Collection[str]) -> str:
    if index.verdict != "not verified":
        return index.verdict
    if index.target in unrestored:
        return "unchanged"
    return "copied" if index.restored else index.verdict
