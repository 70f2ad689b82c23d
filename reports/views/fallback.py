"""Preview of a fallback, or of following the target back, on a terminal."""

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from reports.views import layout
from reports.views.fitting import page
from reports.words.common import counted, number
from tasks.records.tail import FallbackPreview


def fallback_view(ahead: FallbackPreview) -> RenderableType:
    """What would go back: at most twenty indices; --json shows all."""
    return page(_parts(ahead, _FALLBACK))


def follow_back_view(ahead: FallbackPreview) -> RenderableType:
    """What a session of `follow` on the way back would bring over: at most twenty indices."""
    return page(_parts(ahead, _FOLLOW))


def _parts(ahead: FallbackPreview, order: Sequence[str]) -> Iterator[RenderableType]:
    yield Text(f"Back from {ahead.source} to {ahead.target}, after cutover {ahead.opening}")
    behind = sum(index.behind for index in ahead.indices)
    lost = (
        "nothing would have to be brought back"
        if not behind and not ahead.new
        else (f"{counted(behind, 'operation', 'operations')} to bring back")
    )
    yield Text(f"{counted(len(ahead.indices), 'index', 'indices')}: {lost}", "bold")
    rows = (f"  {each.name}: {number(each.behind)}" for each in ahead.indices if each.behind)
    yield from layout.first(map(Text, rows), "indices", "  ")
    yield from layout.first(
        (Text(f"  {name}: made since, created there first") for name in ahead.new), "indices", "  "
    )
    yield from layout.notes(ahead.notes)
    yield Text("In this order:")
    for place, said in enumerate(order, 1):
        yield Text(f"  {place}. {said}")


_ROUNDS = "rounds of the tail bring back what the target took, while it takes writes"
_FALLBACK = (
    _ROUNDS,
    "the target refuses writes (point of no return for writers: they get 403), for cutover.window at most",
    "the last round; then both sides are proved equal, or the target takes writes again",
    "point of no return: the source gets the aliases of now, and takes writes",
    "the target keeps refusing writes, unless cutover.source_after is released",
)
_FOLLOW = (
    f"{_ROUNDS}, until Ctrl-C, SIGTERM or --until-ready",
    "nothing is frozen, and the source goes on refusing the writes of everybody else",
    "indices that were made since are left to the fallback",
)
