"""Find what changed on the source since its copies were taken, before any snapshot. Reads only.

An index counts as unchanged when each of its shards reports the same last operation as before, and no
operation was in progress at either reading. An operation in progress could be missing from the copy although
the numbers are equal.
"""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from configs.values.listing import listed
from domains.domain import Domain
from domains.engine.catalog import Catalog, Index, catalog
from domains.engine.cluster import identity
from domains.engine.comparison.metadata_digests import Digests, digests
from domains.engine.indices.write_blocks import blocks
from domains.engine.shard_stats import marks
from domains.shard_mark import Mark
from domains.versions import Version
from tasks.migration import Migration
from tasks.records.resolution import Resolution, SelectedIndex
from tasks.records.seeding import Change, ChangeKind, ChangesRecord, Copy, Ledger
from tasks.seeding.scope import split_streams
from tasks.seeding.trusted_copies import trusted


@dataclass(frozen=True)
class BothSides:
    """What one reading of both domains shows, and the copies on the target.

    Args:
        ledger: what the plan's rounds have made.
        trusted: the copies that are on the target and can be trusted, by their names there.
        shapes: digests of the mapping and settings of every copy on the target, by their names there.
    """

    ledger: Ledger
    trusted: dict[str, Copy]
    source: Catalog
    target: Catalog
    shapes: Mapping[str, str]


def inspect_both_sides(m: Migration, found: Ledger) -> BothSides:
    """Read both domains."""
    target = catalog(m.target)
    own = trusted(target, blocks(m.target), found) if found.copies else {}
    made = found.copies.keys() | m.journal.document.arrived.keys()
    return BothSides(found, own, catalog(m.source), target, shapes(m.target, made & target.indices.keys()))


def shapes(domain: Domain, names: Collection[str]) -> dict[str, str]:
    """Digests of the mapping and settings of these indices, as far as they exist. Reads only."""
    found = digests(domain, names) if names else Digests()
    return {name: f"{mapping}.{found.settings[name]}" for name, mapping in found.mappings.items()}


def find_changes(m: Migration, resolution: Resolution, sides: BothSides) -> ChangesRecord:
    """Work out what this round has to do. The snapshot taken right after it holds at least these marks.

    Raises:
        DomainError: transient, or denied.
    """
    decided = [index for unit in split_streams(resolution.moving) for index in unit.indices]
    current_marks = marks(m.source, [index.name for index in decided])
    metadata = digests(m.source, [index.name for index in decided])
    indices = [index for index in decided if _is_there(index, sides.source, metadata)]
    names = [index.name for index in indices]
    overrides = _plan_overrides(m)
    shape = {name: f"{metadata.mappings[name]}.{metadata.settings[name]}.{overrides}" for name in names}
    state = _State(current_marks, shape, metadata.aliases, sides)
    wanted = {index.target for index in indices}
    unselected = [copy for name, copy in sides.trusted.items() if name not in wanted]
    return ChangesRecord(
        round=sides.ledger.round + 1,
        changes=(
            *(_change(index, sides.trusted.get(index.target), state) for index in indices),
            *(_dropped(copy) for copy in unselected if copy.source not in sides.source.indices),
        ),
        marks={name: current_marks[name] for name in names if name in current_marks},
        digests=shape,
        aliases={name: metadata.aliases[name] for name in names},
        left_behind=tuple(copy.target for copy in unselected if copy.source in sides.source.indices),
        notes=(*_gone(decided, names), *_notes(identity(m.target).version)),
    )


def _is_there(index: SelectedIndex, source: Catalog, metadata: Digests) -> bool:
    """Whether the source still has this very index, and not another one of its name."""
    now = source.indices.get(index.name)
    return now is not None and now.uuid == index.uuid and index.name in metadata.mappings


def _gone(decided: Sequence[SelectedIndex], present: Collection[str]) -> Iterator[str]:
    gone = [index.name for index in decided if index.name not in present]
    if gone:
        said = "deleted or recreated on the source since this round selected it"
        yield f"{listed(gone, 5)}: {said}, so left out of this round"


@dataclass(frozen=True)
class _State:
    """What the source shows at one reading, and both sides before it."""

    marks: Mapping[str, tuple[Mark, ...]]
    shape: Mapping[str, str]
    aliases: Mapping[str, str]
    sides: BothSides


def _change(index: SelectedIndex, copy: Copy | None, state: _State) -> Change:
    kind, why = _kind(index, copy, state)
    return Change(
        name=index.name,
        target=index.target,
        kind=kind,
        why=why,
        operations=_operations(copy, state.marks.get(index.name, ()), kind),
        stream=index.stream,
        base=copy is not None and kind not in {"new", "reshaped"},
    )


def _kind(index: SelectedIndex, copy: Copy | None, state: _State) -> tuple[ChangeKind, str]:
    if copy is None:
        return "new", "the target has no copy of it yet"
    copied = state.sides.target.indices[index.target]
    if copied.shards != index.shards:
        return "reshaped", f"it has {index.shards} shards now; its copy has {copied.shards}"
    if copy.uuid != index.uuid:
        return "made anew", "it was deleted and recreated on the source"
    if copy.base:
        return "changed", "the tail was written to its copy, which a restore replaces"
    reason = _why_changed(copy.marks, state.marks.get(index.name, ()), copy.doubt)
    if reason:
        return "changed", reason
    reason = _why_unusable(index, copy, copied, state)
    if reason:
        return "changed", reason
    if copy.aliases != state.aliases[index.name]:
        return "aliases", "its aliases changed; the cutover sets them"
    return "unchanged", ""


def _why_unusable(index: SelectedIndex, copy: Copy, copied: Index, state: _State) -> str:
    """Say why a copy cannot stay as it is, although nobody wrote to its index; empty when it can."""
    if copied.health == "red":  # a copy has no replicas: losing its node loses the copy
        return "its copy on the target is missing a shard"
    if copy.target_digest and copy.target_digest != state.sides.shapes.get(index.target):
        return "somebody changed the mapping or settings of its copy on the target"
    if copy.digest != state.shape[index.name]:
        return "its mapping or settings changed, or the plan's settings for its copy did"
    return ""


def _plan_overrides(m: Migration) -> str:
    """A digest of how the plan changes an index's settings on restore."""
    settings = m.plan.restore
    overrides = json.dumps([settings.index_settings, sorted(settings.ignore_index_settings)], sort_keys=True)
    return hashlib.sha256(overrides.encode()).hexdigest()[:8]


def _why_changed(before: tuple[Mark, ...], after: tuple[Mark, ...], doubt: str = "") -> str:
    """Say why the copy may be missing something; empty when it cannot be.

    Args:
        doubt: why its contents are unknown, if that was recorded.
    """
    if not before:
        return doubt or "an unfinished round left it behind"
    if len(before) != len(after):
        return "a shard does not report its last operation"
    for old, new in zip(before, after, strict=True):
        if old.history != new.history:
            return f"shard {new.shard} was restored or force-allocated on the source"
        if old.primary_term != new.primary_term:
            return f"shard {new.shard} has a new primary"
        if old.max_seq_no != new.max_seq_no:
            return "it was written to"
        if not (old.idle and new.idle):
            return f"an operation was in progress on shard {new.shard}"
    return ""


def _operations(copy: Copy | None, after: tuple[Mark, ...], kind: ChangeKind) -> int | None:
    if not after:
        return None
    operations = sum(mark.max_seq_no + 1 for mark in after)
    if copy is None or kind in {"new", "reshaped", "made anew"}:
        return operations
    return operations - sum(mark.max_seq_no + 1 for mark in copy.marks) if copy.marks else None


def _dropped(copy: Copy) -> Change:
    why = "the source no longer has it"
    return Change(name=copy.source, target=copy.target, kind="dropped", why=why, stream=copy.stream)


def _notes(version: Version) -> Iterator[str]:
    if version.engine == "elasticsearch" and (version.generation, version.minor) < (7, 4):
        yield f"{version} fetches every file again on restore, so each round is a full copy"
