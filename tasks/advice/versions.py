"""Rules about engine versions: which way leads from one to the other. Pure."""

from domains.versions import Version, version_of
from tasks.advice import sources
from tasks.advice.case import Case, step_of
from tasks.advice.rule import SNAPSHOTS, UPGRADES, Finding, fits, impossible, rule, unknown
from tasks.records.advice import Way
from tasks.selection.compatibility import engine_problem, way_out

_OPENSEARCH_3 = 10
"""Generation of OpenSearch 3, counted across both engines."""
_BEFORE_3 = version_of("opensearch", "2.19")
_FIRST_IN_PLACE = version_of("elasticsearch", "5.1")
_FIRST_FOLLOWERS = (version_of("elasticsearch", "7.10"), version_of("opensearch", "1.1"))
_FIRST_LOCAL = (version_of("elasticsearch", "6.7"), version_of("opensearch", "1.0"))
_READ = "the version of the {side} is not known"
_REACH = "allow the caller to reach it, or es:DescribeDomain on it"


def unread(case: Case, *, goal: bool = True) -> Finding | None:
    """The finding where the versions that a rule needs are not known; None if they are."""
    if case.runs is None:
        return unknown(_READ.format(side="source"), _REACH)
    if goal and case.goal is None and case.target:
        return unknown(_READ.format(side="target"), _REACH)
    return None


@rule("upgrade-forward", *UPGRADES, source=sources.UPGRADING)
def upgrade_forward(case: Case, way: Way) -> Finding | None:
    """An upgrade only goes forward, from Elasticsearch 5.1 or later."""
    if not case.is_in_place:
        return None
    if case.runs is None:
        return unread(case)
    if case.runs < _FIRST_IN_PLACE:
        return impossible(f"the source runs {case.runs}; the service upgrades Elasticsearch 5.1 and later")
    if case.goal and step_of(case.goal) <= step_of(case.runs):
        return impossible(f"the source runs {case.runs}, and an upgrade to {case.goal} would not go forward")
    return None


@rule("upgrade-offered", *UPGRADES, source="AWS API reference: GetCompatibleVersions")
def upgrade_offered(case: Case, way: Way) -> Finding | None:
    """The service lists the versions that a domain can be upgraded to in one step."""
    if not case.is_in_place or case.source.managed is False:
        return None
    offered = case.source.service.upgrade_targets if case.source.service else None
    if offered is None:
        return unknown(
            "the versions that the service offers for this domain could not be read",
            "allow the caller es:GetCompatibleVersions on it",
        )
    if not offered:
        return impossible("the service offers no newer version for this domain")
    listed = ", ".join(each.replace("_", " ") for each in offered)
    if case.goal is None:
        return fits(f"the service offers {listed}")
    if any(each == _as_offered(case.goal) for each in offered):
        return fits(f"the service offers {case.goal} in one step")
    return impossible(f"the service does not offer {case.goal} in one step: it offers {listed}", _over(case))


def _over(case: Case) -> str:
    needs_2 = case.runs and case.goal and case.goal.generation >= _OPENSEARCH_3 > case.runs.generation
    return "upgrade to OpenSearch 2.19 first, then from there" if needs_2 else "upgrade in several steps"


@rule("upgrade-over-2-19", *UPGRADES, source=sources.UPGRADING)
def over_2_19(case: Case, way: Way) -> Finding | None:
    """OpenSearch 3 is reached from 2.19 only."""
    if not case.is_in_place or case.runs is None or case.goal is None:
        return None
    if case.goal.generation < _OPENSEARCH_3 or case.runs.generation >= _OPENSEARCH_3:
        return None
    if step_of(case.runs) == step_of(_BEFORE_3):
        return None
    return impossible(
        f"OpenSearch 3 is reached from OpenSearch 2.19 only, and the source runs {case.runs}",
        "upgrade to OpenSearch 2.19 first, then from there",
    )


@rule("snapshot-version", *SNAPSHOTS, source=sources.VERSIONS)
def snapshot_version(case: Case, way: Way) -> Finding | None:
    """A snapshot is restored by the same or a newer version, at most one major version away."""
    goal = case.goal or case.runs
    if case.runs is None or goal is None or (case.target and case.goal is None):
        return unread(case)
    problem = engine_problem(case.runs, goal)
    if problem:
        return impossible(problem, way_out(case.runs, goal))
    return fits(f"{goal} restores snapshots of {case.runs}")


@rule("cross-cluster-version", Way.CROSS_CLUSTER, source=sources.CROSS_CLUSTER)
def cross_cluster_version(case: Case, way: Way) -> Finding | None:
    """A follower is no newer than its leader (the service), and no older than the index (the engine)."""
    goal = case.goal or case.runs
    if case.runs is None or goal is None or (case.target and case.goal is None):
        return unread(case)
    for side, version in (("source", case.runs), ("target", goal)):
        first = _FIRST_FOLLOWERS[version.engine == "opensearch"]
        if step_of(version) < step_of(first):
            return impossible(f"it needs {first} or later, and the {side} runs {version}")
    if step_of(goal) > step_of(case.runs):
        return impossible(
            f"the follower must not be newer than the leader when they are connected: {case.runs}, {goal}"
        )
    if step_of(goal) < step_of(case.runs):
        return impossible(f"{goal} refuses to follow indices of {case.runs}, which is newer")
    return None


@rule("peer-version", Way.PEER, source=sources.PEER)
def peer_version(case: Case, way: Way) -> Finding | None:
    """Whether the versions of two peers may differ is not documented."""
    if not case.target and not case.wish.version:
        return None
    if case.runs is None or case.goal is None:
        return unread(case)
    if step_of(case.runs) != step_of(case.goal):
        return unknown(
            f"whether {case.runs} can be replicated to {case.goal} is not documented",
            "let the service try it: --ask-replication-dry-run --execute",
        )
    return None


@rule("reindex-version", Way.REINDEX, source=sources.REMOTE)
def reindex_version(case: Case, way: Way) -> Finding | None:
    """The target reindexes from a source of the same or an older major version."""
    goal = case.goal or case.runs
    if case.runs is None or goal is None or (case.target and case.goal is None):
        return unread(case)
    first = _FIRST_LOCAL[goal.engine == "opensearch"]
    if step_of(goal) < step_of(first):
        return impossible(f"the target must run {first} or later, and runs {goal}")
    newer_engine = case.runs.engine == "opensearch" and goal.engine == "elasticsearch"
    if newer_engine or (case.runs.engine == goal.engine and case.runs.generation > goal.generation):
        return impossible(f"the source must not be of a newer major version: {case.runs} to {goal}")
    if case.runs.engine == "elasticsearch" and case.runs.generation > 7:
        return unknown(f"whether {goal} reads documents of {case.runs} is not documented", "try one index")
    return None


@rule("assistant-version", Way.ASSISTANT, source=sources.ASSISTANT)
def assistant_version(case: Case, way: Way) -> Finding | None:
    """It reads Elasticsearch 1 to 8 and OpenSearch 1 and 2, and writes to OpenSearch."""
    goal = case.goal or case.runs
    if case.runs is None or goal is None or (case.target and case.goal is None):
        return unread(case)
    if goal.engine != "opensearch":
        return impossible(f"its targets are OpenSearch 1 to 3, and this is {goal}")
    if _is_beyond(case.runs):
        return impossible(f"its sources are Elasticsearch 1 to 8 and OpenSearch 1 and 2; this is {case.runs}")
    if case.runs.engine == "opensearch" and case.runs.generation == goal.generation == 8:
        return impossible("its matrix has no way from OpenSearch 1 to OpenSearch 1")
    return None


def _is_beyond(version: Version) -> bool:
    last = 9 if version.engine == "opensearch" else 8
    return version.generation > last


def _as_offered(version: Version) -> str:
    """A version as the control plane writes it."""
    name = "OpenSearch" if version.engine == "opensearch" else "Elasticsearch"
    major = version.generation - 7 if version.engine == "opensearch" else version.generation
    return f"{name}_{major}.{version.minor}"
