"""A set-up on a terminal: what is there, what is missing, what would be sent, what was made or removed."""

import json
from collections.abc import Iterable, Iterator

from rich.console import RenderableType
from rich.text import Text

from reports.views.fitting import page
from reports.words import common
from tasks.records.access import (
    AccessApplied,
    AccessDiff,
    AccessRemoval,
    PartRecord,
    PartStatus,
    PlannedCall,
    RemovalPart,
)

_MARKS: dict[PartStatus, tuple[str, str]] = {
    "there": ("there", "green"),
    "missing": ("missing", "yellow"),
    "refused": ("in the way", "bold red"),
    "unknown": ("could not tell", "bold red"),
    "none": ("not needed", "dim"),
}


def diff_view(found: AccessDiff) -> RenderableType:
    """What is there of the set-up, part by part."""
    return page(_diff(found))


def _diff(found: AccessDiff) -> Iterator[Text]:
    yield Text(_headline(found), "bold green" if found.is_complete else "bold")
    yield from _parts(found.parts)
    yield from _notes(found.notes)


def _headline(found: AccessDiff) -> str:
    if found.is_complete:
        return f"Everything that plan {found.plan} needs is there"
    words: tuple[tuple[PartStatus, str], ...] = (
        ("missing", "missing"), ("refused", "in the way"), ("unknown", "could not be read"),
        ("there", "there"),
    )  # fmt: skip
    counts = [f"{len(parts)} {said}" for status, said in words if (parts := found.of(status))]
    return f"Access for plan {found.plan}: {', '.join(counts)}"


def _parts(parts: Iterable[PartRecord]) -> Iterator[Text]:
    piece = None
    for part in parts:
        if part.piece != piece:
            piece = part.piece
            yield Text(piece.value, "bold")
        mark, style = _MARKS[part.status]
        yield Text(f"  {mark}: {part.what} {part.name} ({part.at}): {part.detail}", style)
        if part.hint and part.status in ("refused", "unknown"):
            yield Text(f"    {part.hint}")


def preview_view(found: AccessDiff) -> RenderableType:
    """What `snapferry access apply --execute` would send."""
    return page(_preview(found))


def _preview(found: AccessDiff) -> Iterator[Text]:
    yield from _diff(found)
    sent = [call for part in found.of("missing") for call in part.calls]
    if not sent:
        return
    yield Text("")
    calls = common.counted(len(sent), "call", "calls")
    yield Text(f"{calls} would be sent, in this order:", "bold")
    yield from _calls(sent)


def _calls(calls: Iterable[PlannedCall]) -> Iterator[Text]:
    for call in calls:
        yield Text(f"  {call.at}: {call.call}", "bold")
        if call.body is not None:
            yield from (Text(f"    {line}") for line in json.dumps(call.body, indent=2).splitlines())


def _notes(notes: Iterable[str]) -> Iterator[Text]:
    yield from (Text(f"Note: {note}", "yellow") for note in notes)


def applied_view(done: AccessApplied) -> RenderableType:
    """What was made."""
    return page(_applied(done))


def _applied(done: AccessApplied) -> Iterator[Text]:
    made = common.counted(len(done.made), "part was made", "parts were made")
    before = f"; {done.there} were there before" if done.there else ""
    yield Text(f"Access for plan {done.plan} is complete: {made}{before}", "bold green")
    yield from made_lines(done.made)
    yield from _notes(done.notes)


def made_lines(made: Iterable[PartRecord]) -> Iterator[Text]:
    """One line for everything that was made."""
    yield from (Text(f"  {part.what} {part.name} ({part.at})") for part in made)


def removal_view(found: AccessRemoval) -> RenderableType:
    """What was removed or would be, and what is left."""
    return page(_removal(found))


def _removal(found: AccessRemoval) -> Iterator[Text]:
    ours, unknown = found.of("remove"), found.of("unknown")
    if ours:
        said = "was removed" if found.done else "would be removed"
        yield Text(f"Access for plan {found.plan}: this {said}", "bold green" if found.done else "bold")
    elif not unknown:
        yield Text(f"Nothing of plan {found.plan}'s set-up is left to remove", "bold")
    yield from (Text(f"  {_named(part)}: {part.detail}") for part in ours)
    if not found.done:
        yield from _calls(call for part in ours for call in part.calls)
    yield from (Text(f"  stays: {_named(part)}: {part.detail}", "yellow") for part in found.of("kept"))
    why = "could not be removed" if found.done else "could not tell"
    yield from (Text(f"  {why}: {_named(part)}: {part.detail}", "bold red") for part in unknown)


def _named(part: RemovalPart) -> str:
    return f"{part.kind.value} {part.name} ({part.at})"
