"""Restore requests: batches of units, and the body for each. Pure."""

from collections.abc import Iterator, Sequence

from configs.plan import Plan
from domains.engine.restores import start_request
from domains.http.requests import Request
from tasks.records.resolution import SelectedIndex, Unit
from tasks.selection.conflicts import rename_rule

CANNOT_WORK = (
    "index.plugins.replication.follower.*",  # the copy would be taken for a follower, and refuse writes
    "index.xpack.ccr.*",  # the same, of Elasticsearch
    "index.lifecycle.*",  # policies of Elasticsearch, which do not move and which OpenSearch does not have
    "index.data_path",  # a folder of the source's machines
    "index.frozen",  # of X-Pack: the copy is an index like any other
    "index.search.throttled",
)
"""Settings of the source that do not work on another domain; left out of every restore."""
RENAMED = (
    "index.provided_name",  # a rollover counts on from it, and would write among the source's names
    "index.plugins.index_state_management.*",
    "index.opendistro.index_state_management.*",
)
"""Settings that lead from a renamed copy to the names or policies of the original."""
IGNORED = ("index.blocks.*", "index.routing.allocation.*", *CANNOT_WORK)


def left_out(index: SelectedIndex) -> tuple[str, ...]:
    """Patterns of the settings that every copy of this index lacks, whatever the plan says."""
    return (*IGNORED, *RENAMED) if index.name != index.target else IGNORED


def batches(units: Sequence[Unit], size: int) -> Iterator[list[Unit]]:
    """Split the units into batches of at most `size` indices that one request can express.

    Renamed indices have batches of their own; a renamed data stream is a batch by itself.
    """
    alone = [unit for unit in units if unit.action == "rename" and unit.is_stream]
    renamed = [unit for unit in units if unit.action == "rename" and not unit.is_stream]
    for together in ([unit for unit in units if unit.action != "rename"], renamed):
        batch: list[Unit] = []
        for unit in together:
            if batch and sum(len(u.indices) for u in batch) + len(unit.indices) > size:
                yield batch
                batch = []
            batch.append(unit)
        if batch:
            yield batch
    yield from ([unit] for unit in alone)


def restore_request(
    plan: Plan, snapshot: str, batch: Sequence[Unit], *, partial: bool, lenient: bool = False
) -> Request:
    """Build the request that restores one batch by the plan.

    Args:
        snapshot: its name.
        partial: whether the snapshot lacks shards.
        lenient: name data streams together with their indices, and let the engine ignore missing names.
    """
    names = [unit.name for unit in batch]
    if lenient:
        names += [index.name for unit in batch for index in unit.indices]
    renamed = batch[0].action == "rename"
    return start_request(
        plan.repository.name,
        snapshot,
        names,
        aliases=plan.restore.aliases and not renamed,
        partial=partial,
        index_settings=plan.restore.index_settings,
        ignore_index_settings=[
            *IGNORED,
            *(RENAMED if renamed else ()),
            *plan.restore.ignore_index_settings,
        ],
        rename=rename_rule(batch, plan.conflicts) if renamed else None,
        lenient=lenient,
    )
