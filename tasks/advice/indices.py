"""Rules about the source's indices: which of them a way can take. Pure."""

from configs.values.listing import counted
from domains.versions import Version, version_of
from tasks.advice import sources
from tasks.advice.case import Case
from tasks.advice.rule import READS, SNAPSHOTS, UPGRADES, Finding, caution, impossible, rule, shown, unknown
from tasks.records.advice import Way, WorkloadFacts
from tasks.selection.compatibility import oldest_readable

_OPENSEARCH_3 = 10
_READS_HINT = "let the caller reach the source, with the rights in docs/access.md"
_NEEDS = (*SNAPSHOTS, *READS, Way.CROSS_CLUSTER, Way.PEER)


@rule("indices-read", *_NEEDS, source="docs/access.md")
def indices_read(case: Case, way: Way) -> Finding | None:
    """Without its indices nothing is known about what has to move."""
    if case.workload is not None:
        return None
    said = "the source's indices could not be read"
    return unknown(said, _READS_HINT) if way is not Way.PEER else caution(said, _READS_HINT)


@rule("too-old", *SNAPSHOTS, source=sources.VERSIONS)
def too_old(case: Case, way: Way) -> Finding | None:
    """An engine reads indices that were created at most one major version before it."""
    goal = case.goal or case.runs
    if case.workload is None or goal is None:
        return None
    named = _older(case.workload, oldest_readable(goal))
    if not named:
        return _undated(case.workload, goal)
    said = f"{shown(named)}: created before {oldest_readable(goal)}, so {goal} cannot hold them"
    if len(named) == case.workload.indices:
        return impossible(said, "copy their documents: reindex from remote, or through a domain in between")
    rest = counted(case.workload.indices - len(named), "other index moves", "other indices move")
    return caution(f"{said}; the {rest}", "reindex these on the source first, or from remote on the target")


@rule("upgrade-too-old", *UPGRADES, source=sources.UPGRADING)
def upgrade_too_old(case: Case, way: Way) -> Finding | None:
    """To OpenSearch 3, every index must have been created by OpenSearch 2 or later."""
    if not case.is_in_place or case.goal is None or case.goal.generation < _OPENSEARCH_3:
        return None
    if case.workload is None:
        hint = f"{_READS_HINT}; or let the service check it: --ask-upgrade-check --execute"
        return unknown("whether an index was created before OpenSearch 2.0 could not be read", hint)
    named = _older(case.workload, oldest_readable(case.goal))
    if named:
        said = f"{shown(named)}: created before OpenSearch 2.0; all such indices must be reindexed first"
        return impossible(said, "reindex them on the source (also those in UltraWarm and cold storage)")
    return _undated(case.workload, case.goal)


def _older(work: WorkloadFacts, oldest: Version) -> list[str]:
    dated = ((_dated(version), names) for version, names in work.created.items())
    return sorted(name for version, names in dated if version and version < oldest for name in names)


def _undated(work: WorkloadFacts, goal: Version) -> Finding | None:
    names = [name for version, found in work.created.items() if _dated(version) is None for name in found]
    if not names:
        return None
    said = (
        f"{shown(names)}: by which version they were created is not known, so neither is whether {goal} "
        "holds them"
    )
    return unknown(said, "allow the caller indices:admin/get on the source")


def _dated(told: str) -> Version | None:
    name, _, number = told.partition(" ")
    try:
        return version_of("opensearch" if name == "OpenSearch" else "elasticsearch", number)
    except ValueError:
        return None


@rule("red", *UPGRADES, *SNAPSHOTS, source=f"{sources.SNAPSHOTS}; {sources.UPGRADING}, troubleshooting")
def red(case: Case, way: Way) -> Finding | None:
    """A red index cannot be in a snapshot, and a red domain is not upgraded."""
    named = case.workload.red if case.workload else ()
    if not named or (way in UPGRADES and not case.is_in_place):
        return None
    hint = "GET _cluster/allocation/explain says why; repair or delete them"
    if way in UPGRADES:
        return impossible(f"{shown(named)}: red, and the service upgrades no red domain", hint)
    return caution(f"{shown(named)}: red, that is without some primary: no snapshot takes them", hint)


@rule("warm", *SNAPSHOTS, Way.CROSS_CLUSTER, Way.CLONE, source=sources.WARM)
def warm(case: Case, way: Way) -> Finding | None:
    """Manual snapshots and followers take hot indices."""
    enabled = case.source.service is not None and case.source.service.warm
    named = case.workload.warm if case.workload else None
    if way is Way.CLONE:
        said = "whether a clone takes UltraWarm indices along is not documented here"
        return caution(said, "ask AWS Support, or try it on a small domain") if enabled or named else None
    if named:
        said = (
            f"{shown(named)}: in UltraWarm storage; a snapshot of hot and warm indices fails, and only hot "
            "ones are followed"
        )
        return caution(
            said,
            "move them back to hot storage first (POST _ultrawarm/migration/NAME/_hot), or leave them out",
        )
    if named is None and enabled:
        return unknown("UltraWarm is enabled, and its indices could not be listed", _READS_HINT)
    return None


@rule("cold", *SNAPSHOTS, *READS, Way.CROSS_CLUSTER, source=sources.COLD)
def cold(case: Case, way: Way) -> Finding | None:
    """Cold indices are not attached to the domain, so nobody sees them."""
    if case.source.service is None or not case.source.service.cold:
        return None
    hint = "GET _cold/indices/_search lists them; move those you want to warm, then to hot storage"
    return caution("cold storage is enabled: its indices are not attached, not seen, and stay", hint)


@rule("closed", *SNAPSHOTS, *READS, Way.CROSS_CLUSTER, source=sources.SNAPSHOTS)
def closed(case: Case, way: Way) -> Finding | None:
    """A snapshot takes closed indices that are named; nobody reads documents of a closed index."""
    named = case.workload.closed if case.workload else ()
    if not named:
        return None
    if way in SNAPSHOTS:
        return caution(
            f"{shown(named)}: closed, and left out", "indices: {closed: move} in the plan takes them along"
        )
    return caution(f"{shown(named)}: closed, so they cannot be read", "open them first")


@rule("source-field", *READS, source=sources.SOURCE_FIELD)
def source_field(case: Case, way: Way) -> Finding | None:
    """Whoever indexes documents anew needs the documents."""
    if case.workload is None:
        return None
    lost = case.workload.without_source
    if lost is None:
        return unknown("whether every index keeps _source could not be read", _READS_HINT)
    if not lost:
        return None
    said = f"{shown(lost)}: keep no whole _source, so their documents cannot be indexed anew"
    return impossible(said) if len(lost) == case.workload.indices else caution(said, "move these by snapshot")


@rule("derived-source", *READS, *SNAPSHOTS, source="OpenSearch: derived source")
def derived_source(case: Case, way: Way) -> Finding | None:
    """Derived documents are made from fields: they may differ from what was sent."""
    named = (case.workload.derived if case.workload else None) or ()
    if not named:
        return None
    said = f"{shown(named)}: derive _source from other fields"
    if way in SNAPSHOTS:
        return caution(f"{said}: copied as they are, and compared by operation, not by content")
    return caution(
        f"{said}: what is indexed anew may differ from what was sent (order, duplicates, forms of dates)"
    )


@rule("data-streams", *READS, source="OpenSearch: data streams")
def data_streams(case: Case, way: Way) -> Finding | None:
    """A data stream needs its template, and is appended to."""
    count = case.workload.data_streams if case.workload else 0
    if not count:
        return None
    said = (
        f"{counted(count, 'data stream', 'data streams')}: the template must be there first, and documents "
        "are appended"
    )
    return caution(said, "create the templates on the target, and reindex with op_type: create")
