"""The final check before the target is opened. Reads only.

A gate may have waited since the verification. Writes acknowledged on the source in the meantime are not on
the target, and changes to a copy are not on the source. A block that is there now proves nothing: somebody
may have removed it, written, and set it again. The shards' positions tell.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from configs.values.listing import listed
from domains.engine.catalog import Catalog, catalog
from domains.engine.indices.write_blocks import archived_settings, blocks
from domains.engine.shard_stats import marks
from domains.shard_mark import Mark
from tasks.cutover import open_target
from tasks.errors import VerificationFailed
from tasks.migration import Migration
from tasks.records.resolution import Resolution
from tasks.records.seeding import ChangesRecord
from tasks.seeding.changes import shapes
from tasks.seeding.copies import ledger_of, own_uuids
from tasks.verification.drift import drifted, without_gone

_SHOWN = 5


@dataclass(frozen=True)
class CopyState:
    """What a copy holds at one reading: the marks of its shards, and a digest of its mapping and settings."""

    marks: tuple[Mark, ...]
    shape: str


States = Mapping[str, CopyState]


def copy_states(m: Migration, resolution: Resolution) -> dict[str, CopyState]:
    """The copies on the target as they are now, by name. Reads only."""
    names = [index.target for index in resolution.indices]
    current, now = marks(m.target, names), shapes(m.target, names)
    return {name: CopyState(current.get(name, ()), now.get(name, "")) for name in names}


def require_unchanged(
    m: Migration,
    resolution: Resolution,
    work: ChangesRecord,
    copies: States,
    *,
    own_aliases: bool = False,
) -> None:
    """Confirm that both sides are still as they were when compared, and still refuse writes.

    Args:
        own_aliases: whether the copies may have aliases of their own, which the opening replaces.
        work: the source's shard marks, read when it was frozen.
        copies: the copies on the target, read before the comparison.

    Raises:
        VerificationFailed: an index was, or may have been, written to or replaced; or a new one has appeared.
        DomainError: transient, or denied.
    """
    source, target = catalog(m.source), catalog(m.target)
    altered = dict(_altered_copies(m, resolution, copies))
    drift = without_gone(drifted(m.plan, resolution, source, target), m.source)
    problems = [
        *_source_problems(m, resolution, work, source),
        *_target_problems(m, resolution, target),
        *(f"{name} on the target {why}" for name, why in altered.items()),
        *_archived_copies(m, resolution),
        *(() if own_aliases else open_target.foreign_aliases(m, resolution)),
        *(f"{name} on the target: {why}" for name, why in drift.changed.items()),
        *(f"{verdict.source} on the source: {verdict.detail}" for verdict in drift.appeared),
    ]
    if problems:
        raise VerificationFailed(
            f"changed since the comparison: {listed(problems, _SHOWN, '; ')}",
            "find out who writes there or removes blocks, and stop them during the next window",
            tuple(altered),
        )


def _source_problems(
    m: Migration, resolution: Resolution, work: ChangesRecord, source: Catalog
) -> Iterator[str]:
    blocked = blocks(m.source)
    names = [index.name for index in resolution.indices]
    current, now_shaped = marks(m.source, names), shapes(m.source, names)
    for index in resolution.indices:
        now = source.indices.get(index.name)
        if now is None:
            yield f"{index.name} is gone from the source"
        elif now.open != index.open:
            yield f"{index.name} was {'opened' if now.open else 'closed'} on the source"
        elif index.open and index.name not in blocked:
            yield f"{index.name} on the source takes writes again"
        elif (index.open and not current.get(index.name)) or _positions(
            current.get(index.name)
        ) != _positions(work.marks.get(index.name)):
            yield f"{index.name} on the source was written to, or does not report its last operation"
        elif not _has_shape(now_shaped.get(index.name, ""), work.digests.get(index.name, "")):
            yield f"{index.name} on the source has another mapping or other settings"


def _has_shape(shape: str, digest: str) -> bool:
    """Whether a digest of a round is that of this mapping and these settings; the plan's part comes last."""
    return bool(shape) and digest.rpartition(".")[0] == shape


def _positions(shard_marks: tuple[Mark, ...] | None) -> list[tuple[int, int, str]]:
    return [(mark.shard, mark.max_seq_no, mark.history) for mark in shard_marks or ()]


def _target_problems(m: Migration, resolution: Resolution, target: Catalog) -> Iterator[str]:
    blocked, own = blocks(m.target), own_uuids(m, ledger_of(m))
    for index in resolution.indices:
        now = target.indices.get(index.target)
        if now is None or now.uuid != own.get(index.target):
            yield f"{index.target} on the target is not the copy that was made"
        elif index.target not in blocked:
            yield f"{index.target} on the target already takes writes"


def _altered_copies(m: Migration, resolution: Resolution, copies: States) -> Iterator[tuple[str, str]]:
    """Copies on the target that may hold something else than what was compared, and why."""
    current, unknown = copy_states(m, resolution), CopyState((), "")
    for index in resolution.indices:
        now, before = current[index.target], copies.get(index.target, unknown)
        if index.open and not now.marks:
            yield index.target, "does not report its last operation"
        elif _positions(now.marks) != _positions(before.marks):
            yield index.target, "was written to"
        elif index.open and _terms(now.marks) != _terms(before.marks):
            yield index.target, "has another primary of a shard than when it was compared"
        elif now.shape != before.shape or not now.shape:
            yield index.target, "has another mapping or other settings than when it was compared"


def _archived_copies(m: Migration, resolution: Resolution) -> Iterator[str]:
    """Copies that could not be opened, because of settings that the target does not know."""
    archived = archived_settings(m.target)
    for index in resolution.indices:
        if index.target in archived:
            keys = [key.removeprefix("archived.") for key in archived[index.target]]
            yield (
                f"{index.target} on the target has settings that it does not know, and could not be opened: "
                f"add {', '.join(keys[:3])} to restore.ignore_index_settings"
            )


def _terms(shard_marks: tuple[Mark, ...]) -> list[int]:
    return [mark.primary_term for mark in shard_marks]
