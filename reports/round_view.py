"""A seed round or a cutover before it is taken, on a terminal."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from reports import layout, round_words, words
from tasks.records import Unit
from tasks.rounds.ahead import RoundAhead
from tasks.rounds.records import Change

_SHOWN = 40


def ahead_view(ahead: RoundAhead) -> RenderableType:
    """What would be taken, at most forty indices; --json has all."""
    return Group(*_parts(ahead))


def _parts(ahead: RoundAhead) -> Iterator[RenderableType]:
    resolution = ahead.resolution
    yield from layout.clusters(resolution.source, resolution.target)
    yield Text(round_words.compared(ahead.work).capitalize())
    moving = [change for change in ahead.work.changes if change.kind != "unchanged"]
    yield from (Text(f"  {_line(change)}") for change in moving[:_SHOWN])
    if len(moving) > _SHOWN:
        yield Text(f"  … and {len(moving) - _SHOWN} more (--json has all)")
    for name in ahead.work.left_behind:
        yield Text(f"{name}: its index is not selected any more; the copy stays closed", "yellow")
    yield from layout.left_out(resolution.left_out)
    yield from layout.notes((*resolution.notes, *ahead.work.notes))
    yield from _window(ahead)


def _line(change: Change) -> str:
    onto = "onto its copy" if change.base else "whole" if change.kind != "dropped" else "its copy is deleted"
    onto = "no restore" if change.kind == "aliases" else onto
    done = "" if change.operations is None else f", {words.number(change.operations)} operations"
    under = "" if change.target == change.name else f" as {change.target}"
    return f"{change.name}{under}: {change.kind} ({onto}{done}): {change.why}"


def _window(ahead: RoundAhead) -> Iterator[RenderableType]:
    if ahead.window is None:
        return
    yield Text(f"Window: {round_words.expected(ahead.window)}", "bold")
    for record in ahead.before:
        yield Text(f"{record.status} {record.id}: {record.detail}", "yellow")
        yield from (Text(f"    next: {record.hint}") for _ in (1,) if record.hint)
    yield Text("In this order:")
    yield from (Text(f"  {number}. {said}") for number, said in enumerate(_order(ahead), 1))


def _order(ahead: RoundAhead) -> Iterator[str]:
    names = [index.name for index in ahead.resolution.indices if index.open]
    yield f"the source refuses writes to {len(names)} indices (point of no return for writers: they get 403)"
    made = _streams(ahead.resolution.moving)
    yield f"the last round: {len(ahead.work.restored)} indices, and {made} data streams"
    yield "every index is compared, operation by operation; a difference puts everything back"
    yield (
        "point of no return: the target gets its aliases, replicas and refresh intervals, and takes writes; "
        "until then everything can be put back, by itself or with `snapferry abort`"
    )
    blocked = ahead.source_after == "blocked"
    yield "the source goes on refusing writes" if blocked else "the source takes writes again, too"


def _streams(units: tuple[Unit, ...]) -> int:
    return sum(unit.is_stream for unit in units)
