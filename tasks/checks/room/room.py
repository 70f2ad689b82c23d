"""Checks of room on the target: disks, shards, and the size of restore requests."""

from collections.abc import Iterator

from configs.values.listing import counted
from domains.engine.catalog import Catalog, Index
from domains.engine.comparison.seq_no_figures import closed_sizes
from domains.errors import UnexpectedReply
from domains.versions import version_of
from tasks.checks.check import Finding, check, fail, ok, shown, skip, unknown, warn
from tasks.checks.facts import indices as moving
from tasks.checks.facts.nodes import data_nodes, if_hot, nodes_in_words
from tasks.checks.rules.disk_watermarks import room, size
from tasks.records.resolution import Unit
from tasks.survey import Survey

_SIZING = "AWS guide: Sizing domains, storage requirements"
_QUOTAS = "AWS guide: Choosing the number of shards; quotas"
_SHARDS = "cluster.max_shards_per_node"
_DEFAULT_SHARDS = "1000"
_BY_HEAP_SINCE = version_of("opensearch", "2.17")
_TIGHT = 0.9
_FEWER = (
    "add data nodes or larger disks, restore with fewer replicas (restore.index_settings: "
    "{index.number_of_replicas: 0}), or move less"
)
_MANY_REQUESTS, _SMALL_BATCH, _LARGE_BATCH = 100, 50, 500


@check("room.disk", "the target's disks have room for the indices", source=_SIZING)
def disk(survey: Survey) -> Finding:
    """Compare primaries and replicas to the free space under the watermarks and the reserve."""
    nodes = data_nodes(survey)
    silent = [node.name for node in nodes if node.total_bytes is None or node.available_bytes is None]
    if silent or not nodes:
        return unknown(f"the target does not report the disks of {shown(silent) or 'any data node'}")
    try:
        found = room(nodes, moving.target_settings(survey), managed=moving.managed(survey, "target"))
    except ValueError as error:
        return unknown(f"a disk watermark of the target is not understood ({error})")
    sizes = _sizes(survey)
    indices = moving.moving_indices(survey)
    comes = sum(sizes[index.name] * min(moving.copies(survey, index), len(nodes)) for index in indices)
    freed = _freed(survey)
    shard = max((-(-sizes[each.name] // each.shards) for each in indices if each.shards), default=0)
    with_replicas = " with replicas" if moving.replicas_known(survey) else ""
    said = (
        f"{size(comes)} come{with_replicas}, the largest shard {size(shard)}; the target takes {{}}, "
        f"one of its nodes {{}} ({nodes_in_words(len(nodes))}, {found.words})"
    )
    hard, soft = sum(found.hard) + freed, sum(found.soft) + freed
    if comes > hard or shard > max(found.hard) + freed:
        return fail(said.format(size(hard), size(max(found.hard))), _FEWER)
    said = said.format(size(soft), size(max(found.soft)))
    if comes > soft or shard > max(found.soft) + freed:
        return warn(f"it gets tight: {said}", _FEWER)
    return if_hot(survey, _but_for_replicas(survey, ok(said)))


def _but_for_replicas(survey: Survey, found: Finding) -> Finding:
    """What was found, unless replicas of an unknown number come in addition."""
    if moving.replicas_known(survey):
        return found
    hint = "decide their number in the plan: restore.index_settings: {index.number_of_replicas: 1}"
    return unknown(f"how many replicas come is not known, see room.copies; without them {found.detail}", hint)


def _sizes(survey: Survey) -> dict[str, int]:
    """Return bytes of the primaries; closed indices need a separate read.

    Raises:
        UnexpectedReply: the size of an index is not reported.
    """
    indices = moving.moving_indices(survey)
    known = {index.name: index.bytes for index in indices if index.bytes is not None}
    if len(known) < len(indices):
        known |= survey.once("closed sizes", lambda: closed_sizes(survey.domain("source")))
    dumb = [index.name for index in indices if index.name not in known]
    if dumb:
        raise UnexpectedReply("source: sizes of indices", f"none is reported for {shown(dumb)}")
    return known


def _freed(survey: Survey) -> int:
    """Return the bytes freed by the target's indices that are deleted before the restore."""
    target = survey.catalog("target")
    gone = (index for unit in moving.moving(survey) for index in _taken(unit, target))
    return sum((index.bytes or 0) * (1 + index.replicas) for index in gone)


def _taken(unit: Unit, target: Catalog) -> Iterator[Index]:
    for name in unit.takes:
        stream = target.streams.get(name)
        for backing in stream.backing if stream else (name,):
            if backing in target.indices:
                yield target.indices[backing]


@check("room.shards", "the target may hold that many shards", source=_QUOTAS)
def shards(survey: Survey) -> Finding:
    """Compare `cluster.max_shards_per_node` × data nodes to the shards of open indices, replicas included.

    The engine checks one index of a request at a time: each must fit in addition to the existing shards.
    """
    told, nodes = moving.target_settings(survey).get(_SHARDS), len(data_nodes(survey))
    if not isinstance(told, str) or not nodes:
        return unknown(f"the target does not report {_SHARDS}, or has no data node")
    cap = int(told) * nodes
    target = survey.catalog("target")
    there = sum(_shards_of(index) for index in target.indices.values())
    refused: list[str] = []
    for batch in moving.requests(survey):
        there -= sum(_shards_of(index) for unit in batch for index in _taken(unit, target))
        coming = {i.name: i.shards * moving.copies(survey, i) for unit in batch for i in unit.indices}
        refused += [
            f"{name}: {more} shards on top of the existing {there}, and {cap} are allowed"
            for name, more in coming.items()
            if there + more > cap
        ]
        there += sum(coming.values())
    said = f"{there} of {cap} shards after the migration ({nodes_in_words(nodes)}, {told} each)"
    hint = f"add data nodes, raise {_SHARDS} on the target, restore with fewer replicas, or move less"
    if refused and _grows_with_the_heap(survey, told):
        return warn(
            f"{said}, unless the service allows more: up to 4,000 a node, by its memory", hint, refused
        )
    if refused:
        return fail(
            f"the engine would refuse {shown(line.split(':')[0] for line in refused)}: {said}", hint, refused
        )
    if there > cap * _TIGHT:
        return warn(said, hint)
    return if_hot(survey, _but_for_replicas(survey, ok(said)))


def _grows_with_the_heap(survey: Survey, told: str) -> bool:
    """Whether the service sets the limit by node memory and the engine shows only its default."""
    version = survey.identity("target").version
    since = version.engine == "opensearch" and version >= _BY_HEAP_SINCE
    return moving.managed(survey, "target") and since and told == _DEFAULT_SHARDS


def _shards_of(index: Index) -> int:
    return index.shards * (1 + index.replicas) if index.open else 0


@check("room.batches", "restore requests are of a sensible size", source="docs/plan.md")
def batches(survey: Survey) -> Finding:
    """Names go into the request body, so only their number matters: one state change per request."""
    requests, size_ = moving.requests(survey), survey.plan.restore.batch
    most = max((sum(len(unit.indices) for unit in batch) for batch in requests), default=0)
    if not requests:
        return skip("nothing moves")
    indices = len(moving.moving_indices(survey))
    sent = counted(len(requests), "restore request", "restore requests")
    said = f"{counted(indices, 'index', 'indices')} in {sent}, {most} at most in one"
    if len(requests) > _MANY_REQUESTS and size_ < _SMALL_BATCH:
        return warn(f"{said}: each of them has a fixed cost", "set restore.batch: 200, or leave it out")
    if most > _LARGE_BATCH:
        return warn(
            f"{said}: one refused index fails its whole request, which is then halved",
            "set restore.batch: 200, or leave it out",
        )
    return ok(said)
