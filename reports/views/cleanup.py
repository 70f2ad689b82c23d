"""What `snapferry abort` puts back of a cutover, and what `snapferry finish` settles, on a terminal."""

from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from reports.words import common
from reports.words.outcomes import title
from tasks.records.cleanup import FinishRecord, Leftovers, RemovalRecord, RolledBackRecord, Skipped
from tasks.records.previews import FinishPreview, UnfinishedCutover

_SHOWN = 10


def unfinished_cutover_view(found: UnfinishedCutover) -> RenderableType:
    """What `snapferry abort --execute` would put back."""
    return Group(*_standing(found))


def _standing(found: UnfinishedCutover) -> Iterator[Text]:
    yield Text(f"Cutover {found.run_id} is unfinished; nothing of it is open. Put back would be:", "bold")
    if found.refusing:
        since = f" since {common.clock(found.frozen)}" if found.frozen else ""
        many = f"{len(found.refusing)} indices of the source refuse writes{since}"
        yield Text(f"  {many}: {_some(found.refusing)}", "bold yellow")
    else:
        yield Text("  the source takes writes")
    if found.target_problem:
        yield Text(f"  the target could not be looked at: {found.target_problem}", "yellow")
    if found.opened:
        yield Text(f"  {len(found.opened)} open copies on the target are closed: {_some(found.opened)}")
    if found.snapshot:
        yield Text(f"  snapshot {found.snapshot} is ended")
    yield Text("  the copies of the seed rounds stay, closed")


def rolled_back_view(record: RolledBackRecord) -> RenderableType:
    """What was put back."""
    freed = f"{len(record.released)} indices of the source take writes again"
    return Group(
        Text(
            f"Cutover {record.run_id} is put back: {freed}; {record.copies} copies wait, closed", "bold green"
        ),
        Text("The next cutover goes on from the copies as they are."),
    )


def finish_preview_view(found: FinishPreview) -> RenderableType:
    """What `snapferry finish --execute` would do."""
    return Group(*_ahead(found))


def _ahead(found: FinishPreview) -> Iterator[Text]:
    what = title(found.verb)
    yield Text(f"{what} {found.run_id} is done. To settle:", "bold")
    fate = "dropped" if found.wanted.snapshots == "drop" else "kept"
    yield from (Text(f"  snapshot {name}: {fate}") for name in found.snapshots)
    if found.wanted.registrations == "keep":
        yield Text("  registrations: kept on both sides")
    yield from (Text(f"  registration on the {side}: taken back") for side in found.registrations)
    if found.refusing:
        after = "take writes again" if found.wanted.source == "released" else "go on refusing writes"
        yield Text(f"  {len(found.refusing)} indices of the source {after}: {_some(found.refusing)}")


def finish_view(record: FinishRecord) -> RenderableType:
    """What was settled."""
    return Group(*_settled(record))


def _settled(record: FinishRecord) -> Iterator[Text]:
    yield Text(f"Settled at {common.clock(record.at)}", "bold green")
    if record.removed:
        yield Text(f"Snapshots dropped: {', '.join(record.removed)}")
    if record.kept:
        yield Text(f"Snapshots kept: {', '.join(record.kept)}")
    for side, said in record.registrations.items():
        yield Text(f"Registration on the {side}: {said}")
    if record.refusing:
        yield Text(f"Source: {len(record.refusing)} indices go on refusing writes: {_some(record.refusing)}")
    elif record.released:
        yield Text(f"Source: {len(record.released)} indices take writes again")
    yield from (Text(f"Not touched: {item.name} – {item.why}", "yellow") for item in record.left)


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(common.short(name) for name in names[:_SHOWN]) + more


_INDICES_SHOWN = 40


def leftovers_document(found: Leftovers) -> dict[str, Any]:
    """What is there, for machines."""
    return found.model_dump(mode="json")


def leftovers_view(found: Leftovers) -> RenderableType:
    """What `snapferry abort --execute` would remove."""
    return Group(*_leftovers(found))


def _leftovers(found: Leftovers) -> Iterator[Text]:
    whose = "The seed rounds have" if found.concerns == "seed rounds" else f"Rehearsal {found.run_id} has"
    yield Text(f"{whose} left:", "bold")
    yield from (Text(f"  index {common.short(name)}") for name in found.indices[:_INDICES_SHOWN])
    if len(found.indices) > _INDICES_SHOWN:
        yield Text(f"  … and {len(found.indices) - _INDICES_SHOWN} more indices")
    yield from (Text(f"  snapshot {name}") for name in found.snapshots)
    yield from (Text(f"  registration on the {side}") for side in found.registrations)
    yield from _left(found.left)


def removal_view(record: RemovalRecord) -> RenderableType:
    """What was removed, and what was not touched."""
    return Group(*_removal(record))


def _removal(record: RemovalRecord) -> Iterator[Text]:
    yield Text(common.removed(record), "bold green")
    for side, said in record.registrations.items():
        yield Text(f"Registration on the {side}: {said}", "dim")
    yield from _left(record.left)


def _left(left: tuple[Skipped, ...]) -> Iterator[Text]:
    return (Text(f"Not touched: {item.name} – {item.why}", "yellow") for item in left)
