"""What can be restored where.

Forward only: an engine reads snapshots of its own and older versions, and indices created at most one major
version before it (Elasticsearch 7 counts as OpenSearch 1's elder twin).
"""

from collections.abc import Iterable, Iterator

from domains.cluster import Version, created_version, version_of

_LAST_SHARED = version_of("elasticsearch", "7.10.999")  # OpenSearch was made from this line


def oldest_readable(target: Version) -> Version:
    """The oldest version whose indices this engine can restore."""
    major = target.generation - 7 if target.engine == "opensearch" else target.generation
    if target.engine == "opensearch" and major <= 2:
        return version_of("elasticsearch", "6.0.0" if major == 1 else "7.0.0")
    return version_of(target.engine, f"{major - 1}.0.0")


def engine_problem(source: Version, target: Version) -> str | None:
    """Why no snapshot of this source can be restored on this target; None when it can."""
    if source.engine == "opensearch" and target.engine == "elasticsearch":
        return f"{target} cannot read snapshots of {source}: Elasticsearch reads none of OpenSearch"
    if source > target:
        rule = "snapshots are restored on the same or a newer version only"
        return f"the source runs {source}, the target {target}: {rule}"
    if _is_sideways(source, target):
        return f"{target} cannot read snapshots of {source}: OpenSearch was made from Elasticsearch 7.10"
    if source < oldest_readable(target):
        return f"{target} cannot read snapshots of {source}: the oldest it reads is {oldest_readable(target)}"
    return None


def way_out(source: Version, target: Version) -> str:
    """What to do where `engine_problem` found one."""
    if source.engine == "opensearch" and target.engine == "elasticsearch":
        return "choose a target that runs OpenSearch"
    if source > target:
        return f"upgrade the target to {source} or newer"
    if _is_sideways(source, target):
        return "no snapshot leads there: copy the documents, for instance by _reindex from remote"
    bridge = _bridge(target)
    steps = f"migrate to a domain of {bridge} first, reindex the indices there, then migrate from that domain"
    return f"{steps}; or choose a target that runs {bridge}"


def index_problems(
    created: Iterable[tuple[str, int | None]], source: Version, target: Version
) -> Iterator[str]:
    """Indices whose creation version the target cannot read, one sentence each, with what to do instead.

    Args:
        created: index names and their `index.version.created`; None where it could not be read.
    """
    oldest = oldest_readable(target)
    helps = source >= oldest  # an index made anew on the source is then one that the target reads
    instead = "reindex it on the source (or exclude it)" if helps else f"reindex it on {_bridge(target)}"
    for name, number in created:
        if number is None:
            unknown = f"so it is not known whether {target} can hold it"
            yield f"{name}: its creation version could not be read, {unknown}"
        elif created_version(number) < oldest:
            readable = f"{target} reads indices created on {oldest} or later"
            yield f"{name}: created on {created_version(number)}, but {readable}; {instead}"


def creations(created: Iterable[tuple[str, int | None]]) -> Iterator[str]:
    """Each index with the version that created it, in words."""
    for name, number in created:
        yield f"{name}: created on {created_version(number) if number else 'an unknown version'}"


def _is_sideways(source: Version, target: Version) -> bool:
    return target.engine == "opensearch" and source.engine == "elasticsearch" and source > _LAST_SHARED


def _bridge(target: Version) -> str:
    """The generation just before the target's: it reads what the target cannot, and is read by it."""
    if target.engine == "opensearch" and target.generation > 8:
        return f"OpenSearch {target.generation - 8}.x"
    return f"Elasticsearch {target.generation - 1}.x" if target.generation < 8 else "Elasticsearch 7.10"
