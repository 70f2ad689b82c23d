"""What a rehearsal has left, and what was taken away of it, on a terminal and as a document."""

from collections.abc import Iterator
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from reports import words
from tasks.records import Left, Leftovers, RemovalRecord

_SHOWN = 40


def leftovers_document(found: Leftovers) -> dict[str, Any]:
    """What is there, for machines."""
    return found.model_dump(mode="json")


def leftovers_view(found: Leftovers) -> RenderableType:
    """What `snapferry abort --execute` would remove."""
    return Group(*_leftovers(found))


def _leftovers(found: Leftovers) -> Iterator[Text]:
    whose = "The seed rounds have" if found.concerns == "seed rounds" else f"Rehearsal {found.run_id} has"
    yield Text(f"{whose} left:", "bold")
    yield from (Text(f"  index {words.short(name)}") for name in found.indices[:_SHOWN])
    if len(found.indices) > _SHOWN:
        yield Text(f"  … and {len(found.indices) - _SHOWN} more indices")
    yield from (Text(f"  snapshot {name}") for name in found.snapshots)
    yield from (Text(f"  registration on the {side}") for side in found.registrations)
    yield from _left(found.left)


def removal_view(record: RemovalRecord) -> RenderableType:
    """What was removed, and what was not touched."""
    return Group(*_removal(record))


def _removal(record: RemovalRecord) -> Iterator[Text]:
    yield Text(words.removed(record), "bold green")
    for side, said in record.registrations.items():
        yield Text(f"Registration on the {side}: {said}", "dim")
    yield from _left(record.left)


def _left(left: tuple[Left, ...]) -> Iterator[Text]:
    return (Text(f"Not touched: {item.name} – {item.why}", "yellow") for item in left)
