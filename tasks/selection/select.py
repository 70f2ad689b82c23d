"""Resolve the plan's patterns to an explicit list of units. Pure: works on a catalog that was read before."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from configs.plan import IndexSelection
from domains.engine.catalog import Catalog, Index, Stream
from domains.versions import created_version
from tasks.records.resolution import LeftOut, LeftOutReason, SelectedIndex, Unit
from tasks.selection.system_indices import stays


@dataclass(frozen=True)
class Selection:
    """The selected units, the names left out with reasons, and patterns that match nothing."""

    units: tuple[Unit, ...]
    left_out: tuple[LeftOut, ...]
    unmatched: tuple[str, ...]


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Whether the name matches one of the patterns; `*` stands for any characters."""
    return any(re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), name, re.DOTALL) for pattern in patterns)


def select(catalog: Catalog, wanted: IndexSelection) -> Selection:
    """Select the units that move. A data stream moves as a whole, selected by its own name."""
    units: list[Unit] = []
    left: list[LeftOut] = []
    for stream in catalog.streams.values():
        reason = _stream_reason(stream, catalog, wanted)
        if reason:
            left.append(reason)
        else:
            members = tuple(selected_index(catalog.indices[name]) for name in stream.backing)
            units.append(Unit(name=stream.name, target=stream.name, is_stream=True, indices=members))
    for index in catalog.indices.values():
        if index.stream:
            continue
        reason = _index_reason(index, wanted)
        if reason:
            left.append(reason)
        else:
            units.append(
                Unit(name=index.name, target=index.name, is_stream=False, indices=(selected_index(index),))
            )
    names = [*catalog.streams, *(name for name, index in catalog.indices.items() if not index.stream)]
    unmatched = tuple(p for p in wanted.include if p != "*" and not any(matches(name, [p]) for name in names))
    return Selection(tuple(units), tuple(left), unmatched)


def _index_reason(index: Index, wanted: IndexSelection) -> LeftOut | None:
    if stays(index.name, wanted.include):
        return LeftOut(name=index.name, reason=LeftOutReason.SYSTEM)
    reason = _pattern_reason(index.name, wanted.include, wanted.exclude)
    if reason:
        return LeftOut(name=index.name, reason=reason)
    if not index.open and wanted.closed == "skip":
        return LeftOut(
            name=index.name, reason=LeftOutReason.CLOSED, detail="indices.closed: move takes it along"
        )
    return None


def _stream_reason(stream: Stream, catalog: Catalog, wanted: IndexSelection) -> LeftOut | None:
    if stays(stream.name, wanted.include):
        return LeftOut(name=stream.name, reason=LeftOutReason.SYSTEM)
    reason = _pattern_reason(stream.name, wanted.include, wanted.exclude)
    if reason:
        return LeftOut(name=stream.name, reason=reason)
    gone = [name for name in stream.backing if name not in catalog.indices]
    shut = [name for name in stream.backing if name in catalog.indices and not catalog.indices[name].open]
    if gone:
        return LeftOut(
            name=stream.name,
            reason=LeftOutReason.CHANGING,
            detail=f"{gone[0]} vanished while looking",
        )
    if shut and wanted.closed == "skip":
        return LeftOut(
            name=stream.name, reason=LeftOutReason.CLOSED, detail=f"backing index {shut[0]} is closed"
        )
    return None


def _pattern_reason(name: str, include: Sequence[str], exclude: Sequence[str]) -> LeftOutReason | None:
    if not matches(name, include):
        return LeftOutReason.NOT_INCLUDED
    return LeftOutReason.EXCLUDED if matches(name, exclude) else None


def selected_index(index: Index) -> SelectedIndex:
    """Return the index as one that moves, under its own name."""
    return SelectedIndex(
        name=index.name,
        target=index.name,
        uuid=index.uuid,
        open=index.open,
        shards=index.shards,
        replicas=index.replicas,
        bytes=index.bytes,
        documents=index.documents,
        created=str(created_version(index.created_id)) if index.created_id else None,
        aliases=tuple(alias.name for alias in index.aliases),
        stream=index.stream,
    )
