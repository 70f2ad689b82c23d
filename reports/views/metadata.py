"""How metadata compares, what a copy would do, and what it did."""

from collections import Counter
from collections.abc import Iterable, Iterator

from rich.console import RenderableType
from rich.text import Text

from configs.values.listing import listed
from reports.views import layout
from reports.views.fitting import Rows, page
from reports.words import metadata as words
from tasks.records.metadata import (
    CopyResult,
    FieldDifference,
    ItemState,
    LeftReason,
    MetadataCopy,
    MetadataDiff,
    MetadataItem,
    MetadataPreview,
)

_FIELDS = 5  # of one item
_NAMED = 12


def diff_view(diff: MetadataDiff, *, every: bool = False) -> RenderableType:
    """What differs first, then what stays, the table by kind, and the checklist.

    Args:
        every: whether to name what is in sync and what only the target has, too.
    """
    return page(_diff(diff, every))


def preview_view(preview: MetadataPreview) -> RenderableType:
    """The comparison, and each request that a copy would send."""
    return page(_preview(preview))


def copy_view(copied: MetadataCopy) -> RenderableType:
    """What a copy did, and what is left."""
    return page(_copied(copied))


def _diff(diff: MetadataDiff, every: bool) -> Iterator[RenderableType]:
    yield from _table(diff)
    yield from _open(diff)
    yield from _notes(diff)
    yield from _left(diff)
    if every:
        for state in (ItemState.IN_SYNC, ItemState.TARGET_ONLY):
            found = [each for each in diff.items if each.state is state]
            yield from _named(state.capitalize(), found, len(found))
    yield from _checklist(diff)
    yield _verdict(diff)


def _preview(preview: MetadataPreview) -> Iterator[RenderableType]:
    diff = preview.diff
    yield from _table(diff)
    yield from _open(diff)
    yield from _notes(diff)
    yield from _left(diff)
    if diff.refusals:
        yield Text("Nothing would be copied before the conflicts above are decided.", "bold red")
    elif not preview.requests:
        yield Text("There is nothing to copy.", "bold green")
    else:
        yield Text(f"Requests to the target ({len(preview.requests)}):", "bold")
        for each in preview.requests:
            yield Text(f"  {each.request}")
            if each.body:
                yield Text(f"    {each.body}", "dim")
    yield from _checklist(diff)


def _copied(copied: MetadataCopy) -> Iterator[RenderableType]:
    before, last = copied.before, copied.after or copied.before
    if copied.refused:
        yield from _open(before)
        yield from _notes(before)
        yield Text("Refused: nothing was changed.", "bold red")
        return
    if copied.earlier:
        yield Text(f"Copied before the interruption: {listed(copied.earlier, _NAMED)}", "dim")
    for result, title, style in (
        (CopyResult.DONE, "Copied", "green"),
        (CopyResult.FAILED, "Not copied", "bold red"),
        (CopyResult.IMPOSSIBLE, "Cannot be copied", "bold red"),
        (CopyResult.DIFFERS, "Differs", "bold red"),
    ):
        found = [each for each in copied.outcomes if each.result is result]
        if not found:
            continue
        yield Text(f"{title} ({len(found)}):", style)
        if result is CopyResult.DONE:
            for kind, names in _by_kind((each.kind, each.name) for each in found):
                replaced = sum(each.replaced for each in found if each.kind == kind)
                more = f"; {replaced} replaced" if replaced else ""
                yield Text(f"  {kind}: {listed(names, _NAMED)}{more}")
        else:
            for each in found:
                yield Text(f"  {words.outcome(each)}", "red")
                yield from _fields(each.differences)
    if not copied.outcomes:
        yield Text("There was nothing to copy.", "green")
    yield from _unread(last)
    yield from _notes(before)
    yield from _left(last)
    yield from _checklist(last)
    yield _verdict(last)


def _table(diff: MetadataDiff) -> Iterator[RenderableType]:
    """One row per kind that either side has something of."""
    rows = Rows(("Kind", ">In sync", ">Source only", ">Diverged", ">Target only"))
    counts: dict[str, Counter[ItemState]] = {}
    for item in diff.items:
        if item.left is None:
            counts.setdefault(item.kind, Counter())[item.state] += 1
    for kind, found in counts.items():
        rows.add(
            kind,
            *(str(found[state]) for state in (ItemState.IN_SYNC, ItemState.SOURCE_ONLY)),
            *(str(found[state]) for state in (ItemState.DIVERGED, ItemState.TARGET_ONLY)),
        )
    if counts:
        yield rows


def _open(diff: MetadataDiff) -> Iterator[Text]:
    """What the plan wants and the target lacks or has otherwise."""
    for state, title in ((ItemState.DIVERGED, "Diverged"), (ItemState.SOURCE_ONLY, "Source only")):
        found = [item for item in diff.wanted if item.state is state]
        for item in (each for each in found if each.obstacle or each.differences):
            yield Text(f"{title}: {words.item(item)}", "yellow")
            yield from _fields(item.differences)
            if item.obstacle:
                said = words.obstacle(item.obstacle, item.name, item.detail)
                yield Text(f"  {said}", "red" if item.obstacle.refuses else "yellow")
        plain = [each for each in found if not each.obstacle and not each.differences]
        yield from _named(title, plain)
    yield from _unread(diff)


def _fields(differences: Iterable[FieldDifference]) -> Iterator[Text]:
    found = list(differences)
    for each in found[:_FIELDS]:
        yield Text(f"    {words.difference(each)}", "dim")
    yield from layout.more(len(found) - _FIELDS, "fields", "    ")


def _unread(diff: MetadataDiff) -> Iterator[Text]:
    for each in diff.unread:
        yield Text(f"Not compared: {each.kind} ({each.side}): {each.problem}", "bold red")
        if each.hint:
            yield Text(f"  next: {each.hint}")


def _notes(diff: MetadataDiff) -> Iterator[Text]:
    for each in diff.hazards[: layout.ROWS]:
        yield Text(f"Warning: {words.hazard(each)}", "bold yellow")
    yield from layout.more(len(diff.hazards) - layout.ROWS, "warnings")
    for each in diff.notices:
        yield Text(f"Note: {words.notice(each)}", "yellow")
    said = words.witness(diff.witness)
    if said:
        yield Text(said, "yellow" if diff.witness.disagreements or diff.witness.problem else "dim")


def _left(diff: MetadataDiff) -> Iterator[Text]:
    """What stays as it is although the sides differ, by reason."""
    for reason in LeftReason:
        found = [
            item
            for item in diff.items
            if item.left is reason and item.state in {ItemState.SOURCE_ONLY, ItemState.DIVERGED}
        ]
        if found:
            names = listed((words.item(each) for each in found), _NAMED)
            yield Text(f"Left ({len(found)}), {reason}: {names}", "dim")
    if diff.absent:
        yield Text(f"The source has no such API: {', '.join(diff.absent)}", "dim")


def _named(title: str, items: Iterable[MetadataItem], most: int = _NAMED) -> Iterator[Text]:
    for kind, names in _by_kind((item.kind, item.name) for item in items):
        yield Text(f"{title}: {kind} ({len(names)}): {listed(names, most)}")


def _by_kind(found: Iterable[tuple[str, str]]) -> Iterator[tuple[str, list[str]]]:
    by_kind: dict[str, list[str]] = {}
    for kind, name in found:
        by_kind.setdefault(kind, []).append(name)
    yield from by_kind.items()


def _checklist(diff: MetadataDiff) -> Iterator[Text]:
    if diff.checklist:
        yield Text("By hand, because no copy can bring it:", "dim")
        for each in diff.checklist:
            yield Text(f"  [ ] {words.checklist(each)}", "dim")


def _verdict(diff: MetadataDiff) -> Text:
    if diff.in_sync:
        return Text("In sync: everything that the plan wants is on the target.", "bold green")
    missing = sum(1 for _ in diff.wanted)
    unread = f"; {len(diff.unread)} kinds not compared" if diff.unread else ""
    return Text(f"Not in sync: {words.count(missing, 'to copy')}{unread}.", "bold red")
