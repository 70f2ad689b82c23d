"""The last look before the target is opened. Reads only.

A gate may have waited since the verification. Whatever was acknowledged on the source meanwhile is not on the
target, and whatever was done to a copy is not on the source.
"""

from collections.abc import Iterator

from configs.values.listing import listed
from domains.engine.catalog import Catalog, catalog
from domains.engine.shard_stats import marks
from domains.engine.write_blocks import blocks
from domains.shard_mark import Mark
from tasks.errors import VerificationFailed
from tasks.migration import Migration
from tasks.records.resolution import Resolution
from tasks.records.seeding import ChangesRecord
from tasks.seeding.copies import ledger_of, own_uuids
from tasks.verification.drift import drifted

_SHOWN = 5


def require_still(m: Migration, resolution: Resolution, work: ChangesRecord) -> None:
    """Makes sure that both sides still are as they were compared, and refuse writes.

    Args:
        work: how far the source's shards had come when it was frozen.

    Raises:
        VerificationFailed: an index was written to, may be, or is another one; or one has appeared.
        DomainError: transient, or denied.
    """
    source, target = catalog(m.source), catalog(m.target)
    drift = drifted(m.plan, resolution, source, target)
    problems = [
        *_of_source(m, resolution, work, source),
        *_of_target(m, resolution, target),
        *(f"{name} on the target: {why}" for name, why in drift.changed.items()),
        *(f"{verdict.source} on the source: {verdict.detail}" for verdict in drift.appeared),
    ]
    if problems:
        raise VerificationFailed(
            f"not as it was compared any more: {listed(problems, _SHOWN, '; ')}",
            "find out who writes there, or takes blocks off, and let nobody do so during the next window",
        )


def _of_source(m: Migration, resolution: Resolution, work: ChangesRecord, source: Catalog) -> Iterator[str]:
    had = blocks(m.source)
    told = marks(m.source, [index.name for index in resolution.indices])
    for index in resolution.indices:
        now = source.indices.get(index.name)
        if now is None:
            yield f"{index.name} is gone from the source"
        elif now.open != index.open:
            yield f"{index.name} was {'opened' if now.open else 'closed'} on the source"
        elif index.open and index.name not in had:
            yield f"{index.name} on the source takes writes again"
        elif (index.open and not told.get(index.name)) or _stand(told.get(index.name)) != _stand(
            work.marks.get(index.name)
        ):
            yield f"{index.name} on the source was written to, or does not tell"


def _stand(told: tuple[Mark, ...] | None) -> list[tuple[int, int, str]]:
    return [(mark.shard, mark.max_seq_no, mark.history) for mark in told or ()]


def _of_target(m: Migration, resolution: Resolution, target: Catalog) -> Iterator[str]:
    had, own = blocks(m.target), own_uuids(m, ledger_of(m))
    for index in resolution.indices:
        now = target.indices.get(index.target)
        if now is None or now.uuid != own.get(index.target):
            yield f"{index.target} on the target is not the copy that was made"
        elif index.target not in had:
            yield f"{index.target} on the target takes writes already"
