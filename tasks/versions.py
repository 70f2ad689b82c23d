"""What can be restored where.

Forward only: an engine reads snapshots of its own and older versions, and indices created at most one major
version before it (Elasticsearch 7 counts as OpenSearch 1's elder twin).
"""

from collections.abc import Iterable, Iterator

from domains.cluster import Version, created_version, version_of


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
    if (
        target.engine == "opensearch"
        and source.engine == "elasticsearch"
        and source > version_of("elasticsearch", "7.10.999")
    ):
        return f"{target} cannot read snapshots of {source}: OpenSearch was made from Elasticsearch 7.10"
    if source < oldest_readable(target):
        return f"{target} cannot read snapshots of {source}: the oldest it reads is {oldest_readable(target)}"
    return None


def index_problems(created: Iterable[tuple[str, int | None]], target: Version) -> Iterator[str]:
    """Indices whose creation version the target cannot read, one sentence each.

    Args:
        created: index names and their `index.version.created`; None where it could not be read.
    """
    oldest = oldest_readable(target)
    for name, number in created:
        if number is None:
            unknown = f"so it is not known whether {target} can hold it"
            yield f"{name}: its creation version could not be read, {unknown}"
        elif created_version(number) < oldest:
            readable = f"{target} reads indices created on {oldest} or later"
            advice = "reindex it on the source (or exclude it)"
            yield f"{name}: created on {created_version(number)}, but {readable}; {advice}"
