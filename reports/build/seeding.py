"""From a run's journal: what a seed round, or the last round of a cutover, found and copied."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from reports.build.cleanup import removal_of
from reports.model.seeding import RoundIndex, RoundReport, WaitingCopies
from reports.words.seeding import fetched_whole
from runs.journal import Document
from runs.lifecycle import is_opening
from runs.step_names import StepName
from tasks import steps
from tasks.records.seeding import KINDS, Change, ChangesRecord, Ledger, round_record
from tasks.records.transfer import IndexRestore


def round_report(document: Document) -> RoundReport | None:
    """The round of a seed or cutover; None before it had found what has changed."""
    work = document.recorded(steps.COMPARE)
    if work is None:
        return None
    restored = document.recorded(steps.RESTORE)
    taken = document.recorded(steps.SNAPSHOT)
    now = document.recorded(steps.COPIES)
    removed = _removed(document, work)
    record = round_record(work, restored, taken, removed)
    whole = {each.name: fetched_whole(each.why) for each in record.whole}
    arrived = {index.target: index for index in restored.indices} if restored else {}
    return RoundReport(
        number=work.round,
        as_of=as_of(document),
        changes={kind: count for kind in KINDS if (count := len(work.of(kind)))},
        operations=work.operations,
        fetched=record.fetched,
        reused=record.reused,
        written=record.written,
        copies=len(now.copies) if now else None,
        indices=[_index(change, arrived.get(change.target), whole) for change in work.changes],
        removed=removed,
        left_behind=list(work.left_behind),
        taken_away=removal_of(document),
    )


def as_of(document: Document) -> datetime:
    """When the round began to read the source: the copies hold everything acknowledged before that."""
    entry = document.steps[StepName.COMPARE]
    return (entry.ended or entry.started) - timedelta(seconds=entry.seconds if entry.ended else 0)


def _removed(document: Document, work: ChangesRecord) -> list[str]:
    gone = {change.target for change in work.of("dropped", "reshaped")}
    intents = [each for each in document.intents if each.action == "remove" and each.may_have_changed]
    return sorted(gone & {name for intent in intents for name in intent.detail.get("names", ())})


def _index(change: Change, arrived: IndexRestore | None, whole: dict[str, str]) -> RoundIndex:
    there = arrived if arrived and arrived.restored else None
    return RoundIndex(
        source=change.name,
        target=change.target,
        stream=change.stream,
        kind=change.kind,
        why=change.why,
        operations=change.operations,
        onto_copy=change.base,
        fetched=there.bytes if there else None,
        reused=there.reused_bytes if there else None,
        whole=whole.get(change.target, ""),
    )


def waiting_of(found: Ledger, documents: Sequence[Document]) -> WaitingCopies | None:
    """The copies of the plan's rounds; None if there are none.

    Args:
        documents: the plan's journals, newest first.
    """
    if not found.copies:
        return None
    ended = (e for e in documents if e.recorded(steps.COPIES) and e.recorded(steps.COMPARE))
    last = next(ended, None) if found.round else None
    opening = next((each for each in documents if is_opening(each)), None)
    left = opening is not None and opening.back and not found.round
    return WaitingCopies(
        round=found.round,
        copies=len(found.copies),
        doubted=0 if left else sum(not copy.marks for copy in found.copies.values()),
        left_by_fallback=left,
        as_of=as_of(last) if last else None,
    )
