"""Which units are copied by `_reindex` instead of from a snapshot. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from configs.plan import ReindexSettings
from domains.engine.catalog import Catalog
from domains.versions import Version, created_version
from tasks.records.resolution import Unit
from tasks.selection.compatibility import engine_problem, oldest_readable
from tasks.selection.select import matches


@dataclass(frozen=True)
class Versions:
    """The engines of both sides."""

    source: Version
    target: Version

    @property
    def share_no_snapshot(self) -> bool:
        """Whether the target can restore nothing of the source."""
        return engine_problem(self.source, self.target) is not None


def reindexed_units(
    units: Iterable[Unit], settings: ReindexSettings, source: Catalog, versions: Versions
) -> frozenset[str]:
    """The names of the units that are copied by `_reindex`: those listed, and by the plan those too old.

    Args:
        source: the source's catalog, which says by which version each index was created.
    """
    if not settings.is_wanted:
        return frozenset()
    return frozenset(
        unit.name
        for unit in units
        if matches(unit.name, settings.indices) or (settings.too_old and _is_too_old(unit, source, versions))
    )


def _is_too_old(unit: Unit, source: Catalog, versions: Versions) -> bool:
    if versions.share_no_snapshot:
        return True
    oldest = oldest_readable(versions.target)
    numbers = (
        source.indices[index.name].created_id for index in unit.indices if index.name in source.indices
    )
    return any(number is not None and created_version(number) < oldest for number in numbers)


def by_strategy(
    units: Iterable[Unit], reindexed: frozenset[str]
) -> tuple[tuple[Unit, ...], tuple[Unit, ...]]:
    """Split units into those that are restored, with those that are skipped, and those that are reindexed."""
    restored: list[Unit] = []
    copied: list[Unit] = []
    for unit in units:
        (copied if unit.name in reindexed and unit.action != "skip" else restored).append(unit)
    return tuple(restored), tuple(copied)


def reindex_problems(units: Iterable[Unit], unreadable: Mapping[str, str]) -> Iterable[str]:
    """Say why some of these units cannot be reindexed, one sentence each.

    Args:
        unreadable: why the contents of an index's documents cannot be read, by its name.
    """
    for unit in units:
        if unit.is_stream:
            yield (
                f"{unit.name}: it is a data stream, and _reindex writes into its newest backing index only; "
                "reindex it on the source into plain indices, or exclude it"
            )
            continue
        for index in unit.indices:
            if not index.open:
                only = "_reindex reads open indices only"
                yield f"{index.name}: it is closed, and {only}; open it, or exclude it"
            elif index.name in unreadable:
                yield f"{index.name}: _reindex needs the documents' _source, and {unreadable[index.name]}"
