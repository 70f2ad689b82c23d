"""What `snapferry abort` rolls back or removes, and what `snapferry finish` cleans up, on a terminal."""

from collections.abc import Iterable, Iterator
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from reports.build.cleanup import finish_report, removal_report, skipped_reports
from reports.model.cleanup import FinishReport, RemovalReport, SkippedReport
from reports.views import layout
from reports.views.fitting import page
from reports.words import common
from reports.words.outcomes import title
from tasks.records.cleanup import FinishRecord, Leftovers, RemovalRecord, RolledBackRecord
from tasks.records.previews import FinishPreview, UnfinishedCutover

_SHOWN = 10


def unfinished_cutover_view(found: UnfinishedCutover) -> RenderableType:
    """What `snapferry abort --execute` would roll back."""
    return page(_standing(found))


def _standing(found: UnfinishedCutover) -> Iterator[Text]:
    yield Text(f"Cutover {found.run_id} is unfinished; nothing of it is open. Rolling back would:", "bold")
    if found.refusing:
        since = f" since {common.clock(found.frozen)}" if found.frozen else ""
        one, many = "index of the source, which refuses writes", "indices of the source, which refuse writes"
        release = common.counted(len(found.refusing), one, many)
        yield Text(f"  release {release}{since}: {common.names(found.refusing, _SHOWN)}", "bold yellow")
    else:
        yield Text("  release nothing: the source takes writes")
    if found.target_problem:
        yield Text(f"  (the target could not be read: {found.target_problem})", "yellow")
    if found.opened:
        opened = common.names(found.opened, _SHOWN)
        copies = common.counted(len(found.opened), "open copy", "open copies")
        yield Text(f"  close {copies} on the target: {opened}")
    if found.snapshot:
        yield Text(f"  stop snapshot {found.snapshot}")
    yield Text("  keep the copies of the seed rounds, closed")


def rolled_back_view(record: RolledBackRecord) -> RenderableType:
    """What was rolled back."""
    freed = common.counted(len(record.released), "index of the source takes", "indices of the source take")
    copies = common.counted(record.copies, "copy remains", "copies remain")
    said = f"Cutover {record.run_id} was rolled back: {freed} writes again; {copies}, closed"
    return page((Text(said, "bold green"), Text("The next cutover continues from these copies.")))


def finish_preview_view(found: FinishPreview) -> RenderableType:
    """What `snapferry finish --execute` would do."""
    return page(_ahead(found))


def _ahead(found: FinishPreview) -> Iterator[Text]:
    what = title(found.verb)
    yield Text(f"{what} {found.run_id} is done. Cleaning up would do this:", "bold")
    fate = "removed" if found.wanted.snapshots == "drop" else "kept"
    yield from (Text(f"  snapshot {name}: would be {fate}") for name in found.snapshots)
    if found.wanted.registrations == "keep":
        yield Text("  registrations: would be kept on both sides")
    yield from (
        Text(f"  registration on the {side}: would be removed, or restored as it was before")
        for side in found.registrations
    )
    if found.refusing:
        after = "take writes again" if found.wanted.source == "released" else "keep refusing writes"
        many = common.counted(len(found.refusing), "index", "indices")
        yield Text(f"  {many} of the source would {after}: {common.names(found.refusing, _SHOWN)}")
    if found.ends_way_back:
        yield Text("  the way back would end: `follow` and `fallback` are refused from then on", "yellow")


def finish_view(record: FinishRecord) -> RenderableType:
    """What was cleaned up."""
    return page(finish_lines(finish_report(record)))


def finish_lines(record: FinishReport) -> Iterator[Text]:
    """What was cleaned up, line by line."""
    yield Text(f"Cleaned up at {common.clock(record.at)}", "bold green")
    if record.removed:
        yield Text(f"Snapshots removed: {', '.join(record.removed)}")
    if record.kept:
        yield Text(f"Snapshots kept: {', '.join(record.kept)}")
    for side, said in record.registrations.items():
        yield Text(f"Registration on the {side}: {said}")
    if record.refusing:
        still = common.counted(len(record.refusing), "index still refuses", "indices still refuse")
        yield Text(f"Source: {still} writes: {common.names(record.refusing, _SHOWN)}")
    elif record.released:
        yield Text(
            f"Source: {common.counted(len(record.released), 'index takes', 'indices take')} writes again"
        )
    yield from left_lines(record.left)


def cleanup_document(
    found: Leftovers | RemovalRecord | RolledBackRecord | FinishRecord | UnfinishedCutover,
) -> dict[str, Any]:
    """What was or would be removed, for machines: with words beside the facts."""
    if isinstance(found, RemovalRecord):
        return removal_report(found).model_dump(mode="json")
    if isinstance(found, FinishRecord):
        return finish_report(found).model_dump(mode="json")
    shown = found.model_dump(mode="json")
    if isinstance(found, Leftovers):
        shown["left"] = [item.model_dump(mode="json") for item in skipped_reports(found.left)]
    return shown


def leftovers_view(found: Leftovers) -> RenderableType:
    """What `snapferry abort --execute` would remove."""
    return page(_leftovers(found))


def _leftovers(found: Leftovers) -> Iterator[Text]:
    whose = "the seed rounds" if found.concerns == "seed rounds" else f"{found.concerns} {found.run_id}"
    yield Text(f"Left over from {whose}; this would be removed:", "bold")
    yield from layout.first((Text(f"  index {name}") for name in found.indices), "indices", "  ")
    yield from layout.first((Text(f"  snapshot {name}") for name in found.snapshots), "snapshots", "  ")
    yield from (Text(f"  registration on the {side}") for side in found.registrations)
    for item in skipped_reports(found.left):
        yield Text(f"  would not be touched: {item.name} – {item.why}", "yellow")


def removal_view(record: RemovalRecord) -> RenderableType:
    """What was removed, and what was not touched."""
    return page(_removal(removal_report(record)))


def _removal(record: RemovalReport) -> Iterator[Text]:
    yield Text(common.removed(record), "bold green")
    for side, said in record.registrations.items():
        yield Text(f"Registration on the {side}: {said}", "dim")
    yield from left_lines(record.left)


def left_lines(left: Iterable[SkippedReport]) -> Iterator[Text]:
    """One line for everything that was not touched, at most twenty."""
    return layout.first(Text(f"Not touched: {item.name} – {item.why}", "yellow") for item in left)
