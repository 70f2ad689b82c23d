"""From a run's journal: names that the target had already, and what became of each."""

from collections.abc import Iterator

from reports.model.report import ConflictReport
from reports.words.conflicts import became
from runs.journal import Document
from tasks import steps
from tasks.records.resolution import Unit


def conflicts_of(document: Document) -> Iterator[ConflictReport]:
    """One for each index or data stream whose name the target had."""
    resolution = document.recorded(steps.RESOLVE)
    for unit in (*resolution.units, *resolution.reindexed) if resolution else ():
        if unit.conflict:
            yield ConflictReport(
                source=unit.name,
                target=unit.target,
                conflict=unit.conflict,
                action=unit.action,
                result=_result(document, unit),
            )


def _result(document: Document, unit: Unit) -> str:
    restored, merged = document.recorded(steps.RESTORE), document.recorded(steps.MERGE)
    switched = document.recorded(steps.SWITCH_ALIASES)
    deleted = {name for each in (restored, switched) if each for name in each.deleted}
    arrived = {index.target for index in restored.indices if index.restored} if restored else set[str]()
    names = {unit.target, *(index.target for index in unit.indices)}
    return became(
        unit,
        arrived=bool(names & arrived),
        deleted=sorted(deleted & unit.takes.keys()),
        merge=next((each for each in merged.indices if each.index == unit.target), None) if merged else None,
        led=[alias for alias, to in switched.added.items() if unit.target in to] if switched else [],
    )
