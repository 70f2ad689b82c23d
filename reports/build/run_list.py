"""The list of runs, from their journals; one that cannot be read does not hide the others."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from reports.model.run_list import RunSummary
from runs.errors import StateUnusable
from runs.journal import Document, Journal
from runs.lifecycle import RunStatus, is_removed, is_rolled_back
from runs.live.progress_file import read_live_progress
from runs.state import State

_NEVER = datetime.min.replace(tzinfo=UTC)
_UNKNOWN = "–"
STOPPED = "stopped unexpectedly"


def run_list(folder: Path, plans: list[str]) -> list[RunSummary]:
    """The runs of these plans, newest first.

    Args:
        folder: the state folder.
    """
    found = (summary for plan in plans for summary in _summaries(State(folder, plan)))
    return sorted(found, key=lambda each: (each.started or _NEVER, each.run_id), reverse=True)


def _summaries(runs: State) -> Iterator[RunSummary]:
    try:
        holder, run_ids = runs.holder(), runs.run_ids()
    except StateUnusable as error:
        yield RunSummary(plan=runs.plan_name, run_id=_UNKNOWN, problem=error.message)
        return
    for run_id in run_ids:
        try:
            journal = runs.run(run_id)
        except StateUnusable as error:
            yield RunSummary(plan=runs.plan_name, run_id=run_id, problem=error.message)
            continue
        if journal:
            yield _summary(runs, journal, holder)


def _summary(runs: State, journal: Journal, holder: int | None) -> RunSummary:
    document, live = journal.document, read_live_progress(runs.live_of(journal.run_id))
    alive = live is not None and live.process == holder
    return RunSummary(
        plan=runs.plan_name,
        run_id=journal.run_id,
        verb=document.verb,
        started=document.started,
        ended=document.ended,
        seconds=round(sum(step.seconds for step in document.steps.values()), 3),
        status=_status(document, alive),
    )


def _status(document: Document, alive: bool) -> str:
    if document.status is RunStatus.RUNNING and not alive:
        return STOPPED
    after = "rolled back" if is_rolled_back(document) else "removed" if is_removed(document) else ""
    return f"{document.status}, {after}" if after else str(document.status)
