"""A planned migration on a terminal, in the layout of the report that its run will print."""

from collections.abc import Iterator, Mapping

from rich.console import RenderableType
from rich.text import Text

from reports.views import estimates, layout
from reports.views.fitting import page
from reports.views.layout import Row
from reports.words import common
from tasks.records.plan_document import PlanDocument, PlannedRequest
from tasks.records.resolution import Resolution, Unit

_PATH = 120


def plan_view(document: PlanDocument) -> RenderableType:
    """The planned migration: at most twenty indices and requests; --json and -o show all."""
    return page(_parts(document))


def _parts(document: PlanDocument) -> Iterator[RenderableType]:
    resolution = document.resolution
    yield from layout.clusters(resolution.source, resolution.target, resolution.origin)
    for side, forms in document.forms.items() if resolution.moving else ():
        tried = ", then ".join(common.FORMS[form] for form in forms)
        access = "readonly" if side == "target" else "read-write"
        where = f", bucket in {resolution.bucket_region}" if resolution.bucket_region else ""
        yield layout.repository(side, f"{resolution.repository}, {access}, {tried}{where}")
    if resolution.moving:
        yield layout.snapshot(resolution.snapshot)
    rows = [row for unit in resolution.units for row in _rows(unit, unit.action, document.counts)]
    rows += [row for unit in resolution.reindexed for row in _rows(unit, "reindex", document.counts)]
    yield layout.indices(rows)
    changed = ((unit.name, common.action(unit)) for unit in resolution.every_unit if unit.conflict)
    yield from layout.reasons(changed, "yellow")
    yield from layout.settled(common.planned_merge(each) for each in resolution.merges)
    yield from layout.settled(common.planned_switch(each) for each in resolution.switches)
    yield from layout.left_out(resolution.left_out)
    yield from layout.notes(resolution.notes)
    yield from _requests(document)
    waits = [f"{gate} (up to {each['timeout']})" for gate, each in document.plan.get("gates", {}).items()]
    if waits:
        yield Text(f"Waits for approval: {', '.join(waits)}", "yellow")
    if document.consents:
        yield Text(f"Consents needed: {' '.join(document.consents)}", "yellow")
    if document.estimate:
        yield from estimates.estimate_lines(document.estimate)
    yield Text(f"{_total(resolution)}; changes: {document.changes}", "bold")


def _rows(unit: Unit, action: str, counts: Mapping[str, int]) -> Iterator[Row]:
    for index in unit.indices:
        verdict = "stays" if action == "skip" else "planned"
        yield Row(
            index.name,
            index.target,
            action,
            index.shards,
            counts.get(index.name),
            None,
            index.bytes,
            verdict,
        )


def _requests(document: PlanDocument) -> Iterator[Text]:
    if not document.requests:
        return
    batches = f" in {len(document.batches)} batches" if len(document.batches) > 1 else ""
    yield Text(f"Requests that change something or write ({len(document.requests)}){batches}:", "dim")
    for request in document.requests[: layout.ROWS]:
        yield Text(f"  {request.side}: {request.method} {_short(request)}", "dim")
    yield from layout.more(len(document.requests) - layout.ROWS, "requests", "  ")


def _short(request: PlannedRequest) -> str:
    """The path; of one that lists many names, the first of them, each whole."""
    if len(request.path) <= _PATH or "," not in request.path:
        return request.path
    shown = request.path[:_PATH].rpartition(",")[0] or request.path.partition(",")[0]
    return f"{shown},… ({request.path.count(',') - shown.count(',')} more names; --json shows all)"


def _total(resolution: Resolution) -> str:
    indices = (*resolution.indices, *resolution.copied)
    total = sum(index.bytes or 0 for index in indices)
    return f"{common.counted(len(indices), 'index', 'indices')}, {common.size(total)} in primaries"
