"""What the indices of a run came to: by all verifications in it, or by a seed round, which has none."""

from collections.abc import Collection

from reports.model import IndexReport
from reports.round_model import RoundReport
from runs.journal import Document
from tasks.records import VerificationRecord

_STREAMS = "verify data streams"


def verification_of(document: Document) -> VerificationRecord | None:
    """The run's verification; the data streams' later one in place of that of their copies."""
    first = document.recorded("verify", VerificationRecord)
    later = document.recorded(_STREAMS, VerificationRecord)
    if first is None or later is None:
        return first
    again = {verdict.target for verdict in later.verdicts}
    kept = tuple(verdict for verdict in first.verdicts if verdict.target not in again)
    return first.model_copy(update={"verdicts": (*kept, *later.verdicts)})


def seeded(indices: list[IndexReport], told: RoundReport) -> list[IndexReport]:
    """The same indices with what the round has made of them: a cutover's rehearsal alone verifies in one."""
    as_before = standing(told)
    return [index.model_copy(update={"verdict": _came_to(index, as_before)}) for index in indices]


def untouched(told: RoundReport, *, opened: bool) -> dict[str, str]:
    """Names on the target of what was not restored at all, and what is said of each.

    Args:
        opened: whether data streams were made of their copies, which restores those again.
    """
    streams = {index.target for index in told.indices if index.stream} if opened else set[str]()
    return {name: kind for name, kind in standing(told).items() if name not in streams}


def standing(told: RoundReport) -> dict[str, str]:
    """Names on the target of copies that the round has left as they were, and what is said of each."""
    return {index.target: index.kind for index in told.indices if index.kind in {"unchanged", "aliases"}}


def _came_to(index: IndexReport, standing: Collection[str]) -> str:
    if index.verdict != "not verified":
        return index.verdict
    if index.target in standing:
        return "unchanged"
    return "copied" if index.restored else index.verdict
