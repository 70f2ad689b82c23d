"""What of the source has changed since its copies were taken, found before any snapshot. Reads only.

An index stands still when each of its shards has the same last operation as before, and no operation was
under way at either look: one that was could be missing in the copy although the numbers are the same.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from domains.engine.catalog import Catalog, Index, catalog
from domains.engine.cluster import identity
from domains.engine.metadata_digests import digests
from domains.engine.shard_stats import marks
from domains.engine.write_blocks import blocks
from domains.shard_mark import Mark
from domains.versions import Version
from tasks.migration import Migration
from tasks.records.resolution import Resolution, SelectedIndex
from tasks.records.seeding import Change, ChangeKind, ChangesRecord, Copy, Ledger
from tasks.seeding.scope import singly
from tasks.seeding.trusted_copies import trusted


@dataclass(frozen=True)
class Known:
    """Both domains at one look, and the copies there.

    Args:
        ledger: what the plan's rounds have made.
        own: those of the copies that are on the target and are trusted, by their names there.
    """

    ledger: Ledger
    own: dict[str, Copy]
    source: Catalog
    target: Catalog


def known(m: Migration, found: Ledger) -> Known:
    """Looks at both domains."""
    target = catalog(m.target)
    own = trusted(target, blocks(m.target), found) if found.copies else {}
    return Known(found, own, catalog(m.source), target)


def changes(m: Migration, resolution: Resolution, at: Known) -> ChangesRecord:
    """What this round has to do. Called right before its snapshot, which then holds at least these marks.

    Raises:
        DomainError: transient, or denied.
    """
    indices = [index for unit in singly(resolution.moving) for index in unit.indices]
    names = [index.name for index in indices]
    told = marks(m.source, names)
    described = digests(m.source, names)
    given = _given(m)
    shape = {name: f"{described.mappings[name]}.{described.settings[name]}.{given}" for name in names}
    look = _Look(told, shape, described.aliases, at.target.indices)
    wanted = {index.target for index in indices}
    lacking = [copy for name, copy in at.own.items() if name not in wanted]
    return ChangesRecord(
        round=at.ledger.round + 1,
        changes=(
            *(_change(index, at.own.get(index.target), look) for index in indices),
            *(_dropped(copy) for copy in lacking if copy.source not in at.source.indices),
        ),
        marks=told,
        digests=shape,
        aliases=described.aliases,
        left_behind=tuple(copy.target for copy in lacking if copy.source in at.source.indices),
        notes=tuple(_notes(identity(m.target).version)),
    )


@dataclass(frozen=True)
class _Look:
    """The source at one look, and each index of the target."""

    told: Mapping[str, tuple[Mark, ...]]
    shape: Mapping[str, str]
    aliases: Mapping[str, str]
    target: Mapping[str, Index]


def _change(index: SelectedIndex, copy: Copy | None, look: _Look) -> Change:
    kind, why = _kind(index, copy, look)
    return Change(
        name=index.name,
        target=index.target,
        kind=kind,
        why=why,
        operations=_operations(copy, look.told.get(index.name, ()), kind),
        stream=index.stream,
        base=copy is not None and kind not in {"new", "reshaped"},
    )


def _kind(index: SelectedIndex, copy: Copy | None, look: _Look) -> tuple[ChangeKind, str]:
    if copy is None:
        return "new", "the target has no copy of it yet"
    held = look.target[index.target]
    if held.shards != index.shards:
        return "reshaped", f"it has {index.shards} shards now, its copy {held.shards}"
    if copy.uuid != index.uuid:
        return "made anew", "it was deleted on the source and made anew"
    moved = _moved(copy.marks, look.told.get(index.name, ()), copy.doubt)
    if moved:
        return "changed", moved
    if held.health == "red":  # a copy has no replicas: where its node is lost, it is lost
        return "changed", "its copy on the target lacks a shard"
    if copy.digest != look.shape[index.name]:
        return "changed", "its mapping or its settings have changed, or those that the plan gives its copy"
    if copy.aliases != look.aliases[index.name]:
        return "aliases", "its aliases have changed: they are set at the cutover"
    return "unchanged", ""


def _given(m: Migration) -> str:
    """A digest of what the plan makes of an index's settings when it restores it."""
    settings = m.plan.restore
    told = json.dumps([settings.index_settings, sorted(settings.ignore_index_settings)], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:8]


def _moved(before: tuple[Mark, ...], after: tuple[Mark, ...], doubt: str = "") -> str:
    """Why the copy may lack something; empty when it cannot.

    Args:
        doubt: why nothing is known of what it holds, where that was noted.
    """
    if not before:
        return doubt or "an unfinished round has left it"
    if len(before) != len(after):
        return "some shard does not tell its last operation"
    for old, new in zip(before, after, strict=True):
        if old.history != new.history:
            return f"shard {new.shard} was restored or forced on the source"
        if old.primary_term != new.primary_term:
            return f"shard {new.shard} has another primary than before"
        if old.max_seq_no != new.max_seq_no:
            return "it was written to"
        if not (old.idle and new.idle):
            return f"an operation was under way on shard {new.shard}"
    return ""


def _operations(copy: Copy | None, after: tuple[Mark, ...], kind: ChangeKind) -> int | None:
    if not after:
        return None
    done = sum(mark.max_seq_no + 1 for mark in after)
    if copy is None or kind in {"new", "reshaped", "made anew"}:
        return done
    return done - sum(mark.max_seq_no + 1 for mark in copy.marks) if copy.marks else None


def _dropped(copy: Copy) -> Change:
    why = "the source has it no more"
    return Change(name=copy.source, target=copy.target, kind="dropped", why=why, stream=copy.stream)


def _notes(version: Version) -> Iterator[str]:
    if version.engine == "elasticsearch" and (version.generation, version.minor) < (7, 4):
        yield f"{version} fetches every file of a restore: each round is a full one"
