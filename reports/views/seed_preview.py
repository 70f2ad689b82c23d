"""Preview of a seed round or a cutover, on a terminal."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from reports.views import layout, tail
from reports.views.fitting import page
from reports.words import common, seeding
from tasks.records.previews import RoundPreview, WindowPreview
from tasks.records.resolution import Unit
from tasks.records.seeding import Change

_REHEARSED = (
    "Nothing is frozen or opened for writes: this is a seed round, whose copies are opened for reading, "
    "compared, and closed again"
)


_AFTER = {
    "blocked": "the source keeps refusing writes",
    "released": "the source takes writes again, too",
    "follow": "the source keeps refusing writes, and `snapferry follow PLAN` keeps it ready to go back to",
}


def seed_preview_view(ahead: RoundPreview) -> RenderableType:
    """What the round would copy: at most twenty indices; --json shows all."""
    return page(_parts(ahead))


def _parts(ahead: RoundPreview) -> Iterator[RenderableType]:
    resolution = ahead.resolution
    if ahead.frozen:
        yield Text(_standing(ahead.continues or "", ahead.frozen), "bold yellow")
    yield from layout.clusters(resolution.source, resolution.target)
    if ahead.frozen and ahead.frozen.then != "goes on":
        return
    yield Text(common.sentence(seeding.compared(ahead.work)))
    moving = [change for change in ahead.work.changes if change.kind != "unchanged"]
    yield from (Text(f"  {_line(change)}") for change in moving[: layout.ROWS])
    yield from layout.more(len(moving) - layout.ROWS, indent="  ")
    for name in ahead.work.left_behind:
        yield Text(f"{name}: its index is no longer selected; the copy stays closed", "yellow")
    yield from layout.left_out(resolution.left_out)
    yield from layout.notes((*resolution.notes, *ahead.work.notes))
    if ahead.rehearsal:
        yield Text(_REHEARSED)
    if ahead.ways:
        yield from tail.ways_lines(ahead.ways.ways)
    yield from _window(ahead)


def _standing(run_id: str, frozen: WindowPreview) -> str:
    """How the command resumes a cutover that has frozen the source."""
    since = f"Cutover {run_id} has blocked writes to the source since {common.clock(frozen.frozen)}"
    until = common.clock(frozen.deadline)
    if frozen.then == "opens":
        return f"{since}, and is opening the target: this run resumes that"
    if frozen.then == "puts back":
        return f"{since}; its deadline was {until}: this run only rolls back"
    return f"{since}: this run resumes in the same window, until {until}"


def _line(change: Change) -> str:
    way = "onto its copy" if change.base else "full copy"
    others = {"dropped": "its copy is deleted", "aliases": "no restore", "followed": "by the tail"}
    way = others.get(change.kind, way)
    operations = change.operations
    done = "" if operations is None else f", {common.counted(operations, 'operation', 'operations')}"
    under = "" if change.target == change.name else f" as {change.target}"
    return f"{change.name}{under}: {change.kind} ({way}{done}): {change.why}"


def _window(ahead: RoundPreview) -> Iterator[RenderableType]:
    if ahead.window is None:
        return
    yield Text(f"Window: {seeding.expected(ahead.window)}", "bold")
    for record in ahead.before:
        yield Text(f"{record.status} {record.id}: {record.detail}", "yellow")
        yield from (Text(f"    next: {record.hint}") for _ in (1,) if record.hint)
    yield Text("In this order:")
    yield from (Text(f"  {number}. {said}") for number, said in enumerate(_order(ahead), 1))


def _order(ahead: RoundPreview) -> Iterator[str]:
    if ahead.frozen is None:
        yield from _before_freeze(ahead)
    made = _streams(ahead.resolution.moving)
    streams = f", and {common.counted(made, 'data stream', 'data streams')}" if made else ""
    yield f"the last round: {common.counted(len(ahead.work.restored), 'index', 'indices')}{streams}"
    yield "every index is compared, operation by operation; a difference rolls the cutover back"
    if "before-open" in ahead.gates:
        yield "gate before-open: it waits for approval, inside the window"
    yield (
        "point of no return: the target gets its aliases, replicas and refresh intervals, and takes writes; "
        "until then the cutover can roll back, by itself or by abort"
    )
    yield _AFTER[ahead.source_after or "blocked"]
    if ahead.pauses:
        yield "the service's automated snapshots of the source are resumed"


def _before_freeze(ahead: RoundPreview) -> Iterator[str]:
    if "before-freeze" in ahead.gates:
        yield "gate before-freeze: it waits for approval; nothing is paused or blocked yet"
    if ahead.pauses:
        yield "the service's automated snapshots of the source are paused, where the caller may do so"
    named = common.counted(sum(index.open for index in ahead.resolution.indices), "index", "indices")
    yield (
        f"the source refuses writes to {named} (point of no return for writers: they get 403), for "
        f"{ahead.allowed} at most (cutover.window): if it is not verified by then, it is rolled back"
    )


def _streams(units: tuple[Unit, ...]) -> int:
    return sum(unit.is_stream for unit in units)
