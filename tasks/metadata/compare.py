"""Compare both domains, kind by kind. Only reads."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from configs.plan import Side
from domains.engine.configuration.definition import Definition, Definitions
from domains.errors import DomainError, SnapferryError, is_transient
from domains.http.documented import STUMBLING, undocumented
from tasks.metadata.families import DASHBOARDS, Family
from tasks.metadata.field_differences import field_differences
from tasks.metadata.obstacles import Circumstances, hazards_of_later, judged, note_waiting_aliases
from tasks.metadata.service_owned import left_reason
from tasks.metadata.sides import Sides
from tasks.records.metadata import ChecklistEntry, ItemState, MetadataDiff, MetadataItem, Unread
from tasks.selection.select import matches


@dataclass(frozen=True)
class Compared:
    """One kind on both sides.

    Args:
        target: what the target has; None where it has no such API.
        items: one for each name, in their order.
    """

    family: Family
    source: Definitions
    target: Definitions | None
    items: tuple[MetadataItem, ...]


@dataclass(frozen=True)
class Absent:
    """The source has no such API: there is nothing to copy."""

    kind: str


def compare(sides: Sides, families: Iterable[Family]) -> MetadataDiff:
    """Compare these kinds on both sides, and find what stands in the way of copying.

    Raises:
        DomainError: a side did not answer. A kind that a side does not show is a part of the result.
    """
    at = Circumstances(sides)
    chosen = tuple(families)
    found = [compared(family, at) for family in chosen]
    brings = any(family.kind == DASHBOARDS for family in chosen)
    return MetadataDiff(
        items=tuple(item for each in found if isinstance(each, Compared) for item in each.items),
        unread=tuple(each for each in found if isinstance(each, Unread)),
        absent=tuple(each.kind for each in found if isinstance(each, Absent)),
        hazards=tuple(at.hazards),
        notices=at.all_notices(),
        checklist=tuple(
            each for each in ChecklistEntry if not (brings and each is ChecklistEntry.DASHBOARDS)
        ),
    )


def compared(family: Family, at: Circumstances) -> Compared | Unread | Absent:
    """Compare one kind; what the target will have of it is noted for the kinds that need it.

    Raises:
        DomainError: a side did not answer.
    """
    side: Side = "source"
    try:
        source = family.read(at.sides, side)
        if source is None:
            return Absent(family.kind)
        side = "target"
        return _compared(family, source, family.read(at.sides, side), at)
    except SnapferryError as error:
        if is_transient(error):
            raise
        return Unread(kind=family.kind, side=_side_of(error, side), problem=error.message, hint=error.hint)
    except STUMBLING as error:
        return Unread(kind=family.kind, side=side, problem=undocumented(error))


def _side_of(error: SnapferryError, side: Side) -> Side:
    """The side that an error is about: a kind may ask the other side, too."""
    if isinstance(error, DomainError):
        return "source" if error.asked.startswith("source") else "target"
    return side


def _compared(family: Family, source: Definitions, target: Definitions | None, at: Circumstances) -> Compared:
    there = target or {}
    items = tuple(
        judged(item, family, source, target, at) for item in _items(family, source, there, at.sides)
    )
    coming = {item.name for item in items if item.is_wanted and not item.obstacle}
    at.available[family.kind] = frozenset({*there, *coming})
    if family.kind == "managed-indices" and not at.sides.attaches:
        at.hazards.extend(hazards_of_later(at))
    if family.kind == "aliases":
        note_waiting_aliases(at)
    return Compared(family, source, target, items)


def _items(family: Family, source: Definitions, target: Definitions, sides: Sides) -> Iterator[MetadataItem]:
    names = sides.settings.names
    for name in sorted(source.keys() | target.keys()):
        ours, theirs = source.get(name), target.get(name)
        called = _titles(family, name, ours, theirs)
        if any(matches(each, names.include) for each in called) and not any(
            matches(each, names.exclude) for each in called
        ):
            yield _item(family, name, ours, theirs)


def _titles(family: Family, name: str, *sides: Definition | None) -> set[str]:
    return {name, *(family.title_of(name, each) for each in sides if each)}


def _item(family: Family, name: str, ours: Definition | None, theirs: Definition | None) -> MetadataItem:
    either = ours or theirs
    left = left_reason(family.kind, name, either) if either else None
    if ours is None or theirs is None:
        state = ItemState.TARGET_ONLY if ours is None else ItemState.SOURCE_ONLY
        return MetadataItem(kind=family.kind, name=name, state=state, left=left)
    ours_in_form, theirs_in_form = family.form(ours.body), family.form(theirs.body)
    if ours_in_form == theirs_in_form:
        return MetadataItem(kind=family.kind, name=name, state=ItemState.IN_SYNC, left=left)
    return MetadataItem(
        kind=family.kind,
        name=name,
        state=ItemState.DIVERGED,
        left=left,
        differences=field_differences(ours_in_form, theirs_in_form),
    )
