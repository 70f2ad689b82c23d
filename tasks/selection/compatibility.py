"""Compatibility of snapshots and indices with the target's version.

Forward only: an engine reads snapshots of its own and older versions, and indices created at most one major
version before it (Elasticsearch 7 counts as the same generation as OpenSearch 1).
"""

from collections.abc import Iterable, Iterator

from domains.versions import Version, created_version, version_of

_LAST_SHARED = version_of("elasticsearch", "7.10.999")  # OpenSearch was forked from this line
_BY_ITSELF = "with reindex.too_old: true the target copies the documents itself"
_NAMES = {7: "Elasticsearch 7.10", 6: "Elasticsearch 6.x", 5: "Elasticsearch 5.x"}


def oldest_readable(target: Version) -> Version:
    """Return the oldest version whose indices this engine can restore."""
    major = target.generation - 7 if target.engine == "opensearch" else target.generation
    if target.engine == "opensearch" and major <= 2:
        return version_of("elasticsearch", "6.0.0" if major == 1 else "7.0.0")
    return version_of(target.engine, f"{major - 1}.0.0")


def engine_problem(source: Version, target: Version) -> str | None:
    """Say why this target cannot restore a snapshot of this source; None if it can."""
    if source.engine == "opensearch" and target.engine == "elasticsearch":
        return f"{target} cannot read snapshots of {source}: Elasticsearch reads no snapshots of OpenSearch"
    if source > target:
        rule = "snapshots can only be restored on the same or a newer version"
        return f"the source runs {source}, the target {target}: {rule}"
    if _is_sideways(source, target):
        return f"{target} cannot read snapshots of {source}: OpenSearch was forked from Elasticsearch 7.10"
    if source < oldest_readable(target):
        return f"{target} cannot read snapshots of {source}: the oldest it reads is {oldest_readable(target)}"
    return None


def way_out(source: Version, target: Version) -> str:
    """Say what to do about a problem that `engine_problem` found."""
    if source.engine == "opensearch" and target.engine == "elasticsearch":
        return "choose a target that runs OpenSearch"
    if source > target:
        return f"upgrade the target to {source} or newer"
    if _is_sideways(source, target):
        return f"no snapshot can be restored there; {_BY_ITSELF}"
    steps = list(_bridges(source, target))
    by = ", then to one of ".join(steps)
    rest = "reindex the indices on each" if len(steps) > 1 else "reindex the indices there"
    return f"{_BY_ITSELF}; or migrate to a domain of {by} first, {rest}, then migrate from there"


def index_problems(created: Iterable[tuple[str, int | None]], target: Version) -> Iterator[str]:
    """Report indices whose creation version the target cannot read, one sentence each, with a remedy.

    Args:
        created: index names and their `index.version.created`; None if it could not be read. The source's
            own engine must be one whose indices the target reads.
    """
    oldest = oldest_readable(target)
    for name, number in created:
        if number is None:
            unknown = f"so it is not known whether {target} can hold it"
            yield f"{name}: its creation version could not be read, {unknown}"
        elif created_version(number) < oldest:
            readable = f"{target} reads indices created on {oldest} or later"
            instead = "set reindex.too_old: true, reindex it on the source, or exclude it"
            yield f"{name}: created on {created_version(number)}, but {readable}; {instead}"


def creations(created: Iterable[tuple[str, int | None]]) -> Iterator[str]:
    """Describe each index by the version that created it."""
    for name, number in created:
        yield f"{name}: created on {created_version(number) if number else 'an unknown version'}"


def _is_sideways(source: Version, target: Version) -> bool:
    return target.engine == "opensearch" and source.engine == "elasticsearch" and source > _LAST_SHARED


def _bridges(source: Version, target: Version) -> Iterator[str]:
    """The generations to migrate through, each the newest that reads the one before, up to the target."""
    here = source
    while engine_problem(here, target):
        between = (_last_of(number) for number in range(target.generation - 1, here.generation, -1))
        here = next(version for version in between if not engine_problem(here, version))
        yield _NAMES.get(here.generation, f"OpenSearch {here.generation - 7}.x")


def _last_of(generation: int) -> Version:
    """The newest version of a generation that a later one could read."""
    if generation > _LAST_SHARED.generation:
        return version_of("opensearch", f"{generation - 7}.99.0")
    return version_of("elasticsearch", "7.10.2" if generation == 7 else f"{generation}.8.0")
