"""Check that the target's allocation settings let it start the shards that come."""

from collections.abc import Iterator

from configs.restore import full_key, setting_text
from domains.engine.cluster_features import scope_of
from domains.engine.nodes import addresses
from tasks.checks.check import Finding, check, failing, ok, warn
from tasks.checks.facts import indices
from tasks.checks.facts.nodes import data_nodes, nodes_in_words
from tasks.checks.rules.allocation_filters import Settings, allowed, filters
from tasks.survey import Survey

_CLUSTER, _INDEX = "cluster.routing.allocation", "index.routing.allocation"
_ENABLE = f"{_CLUSTER}.enable"
_PER_NODE = "total_shards_per_node"
_AT_ONCE = ("node_concurrent_recoveries", "node_initial_primaries_recoveries")
_STOPS = {
    "none": "it would start no shard",
    "new_primaries": "it would start no replica, and no index again that was closed",
}


@check(
    "room.allocation",
    "the target's settings let shards be started",
    source="OpenSearch: cluster-level shard allocation",
)
def allocation(survey: Survey) -> Finding:
    """Settings of a maintenance that was not ended, or of nodes that are gone, keep restored indices red."""
    settings = indices.target_settings(survey)
    problems = list(_problems(survey, settings))
    if problems:
        return failing((said for _, said in problems), "", _way_out(survey, problems[0][0]))
    moving = indices.moving_indices(survey)
    if settings.get(_ENABLE) == "primaries" and any(indices.replicas(survey, index) for index in moving):
        said = f"the target's {_ENABLE} is primaries: replicas would stay unassigned"
        return warn(said, _way_out(survey, _ENABLE))
    return ok("every data node may be given shards")


def _problems(survey: Survey, settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield settings because of which primaries would not be started, each with the problem in words."""
    enabled = settings.get(_ENABLE)
    if isinstance(enabled, str) and enabled in _STOPS:
        yield _ENABLE, f"the target's {_ENABLE} is {enabled}: {_STOPS[enabled]}"
    for name in _AT_ONCE:
        if settings.get(f"{_CLUSTER}.{name}") == "0":
            yield f"{_CLUSTER}.{name}", f"the target's {_CLUSTER}.{name} is 0: it would start no shard"
    yield from _filtered(survey, settings)
    yield from _limited(survey, settings)


def _filtered(survey: Survey, settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield filters that leave no data node: the target's, or together with those that the plan sets."""
    plan = {full_key(key): setting_text(value) for key, value in survey.plan.restore.index_settings.items()}
    for whose, found in (
        ("the target's", filters(settings, _CLUSTER)),
        ("the plan's", filters(plan, _INDEX)),
    ):
        keys = [(kind, key, text) for kind, each in found.items() for key, text in each.items()]
        if not keys:
            continue
        nodes = [
            node for node in survey.once("addresses", lambda: addresses(survey.domain("target"))) if node.data
        ]
        if nodes and not allowed(nodes, found):
            prefix = _CLUSTER if whose == "the target's" else f"restore.index_settings: {_INDEX}"
            named = ", ".join(f"{prefix}.{kind}.{key}: {text}" for kind, key, text in keys)
            first = f"{_CLUSTER}.{keys[0][0]}.{keys[0][1]}" if whose == "the target's" else ""
            yield first, f"{named} leaves no data node of the target for a shard"


def _limited(survey: Survey, settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield limits of shards a node that leave too few places for the primaries that come."""
    nodes, moving = data_nodes(survey), indices.moving_indices(survey)
    key = f"{_CLUSTER}.{_PER_NODE}"
    limit = _limit(settings.get(key))
    free, coming = sum(max(0, limit - node.shards) for node in nodes), sum(each.shards for each in moving)
    where = nodes_in_words(len(nodes))
    if limit and nodes and coming > free:
        room = f"it leaves room for {free} of the {coming} primaries that come, on {where}"
        yield key, f"the target's {key} is {limit}: {room}"
    own = {full_key(name): value for name, value in survey.plan.restore.index_settings.items()}
    limit = _limit(own.get(f"{_INDEX}.{_PER_NODE}"))
    wide = [each.name for each in moving if each.shards > limit * len(nodes)]
    if limit and nodes and wide:
        key = f"restore.index_settings: {_INDEX}.{_PER_NODE}"
        yield "", f"{key} is {limit}: {wide[0]} has more shards than {where} may hold then"


def _limit(value: object) -> int:
    """A number of shards; 0 for no limit."""
    return int(str(value)) if str(value).isdigit() else 0


def _way_out(survey: Survey, key: str) -> str:
    if not key:
        return "correct restore.index_settings, or leave it out"
    scope = scope_of(survey.domain("target"), key)
    request = f'PUT /_cluster/settings {{"{scope}": {{"{key}": null}}}}'
    if not indices.managed(survey, "target"):
        return f"{request} on the target restores the default"
    return (
        f"{request} on the target restores the default, if the domain accepts it; the service sets it for "
        "its own changes: then wait until the domain is Active, or ask AWS Support"
    )
