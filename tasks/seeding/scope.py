"""What a round names in its snapshot and in its restore. Pure.

A data stream's write index cannot be closed, so copies of backing indices are kept as plain indices; the data
stream is created when the target is opened.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from configs.restore import full_key
from tasks.migration import Migration
from tasks.records.resolution import Resolution, Unit

COPY_SETTINGS: dict[str, bool | int | str] = {
    "index.number_of_replicas": 0,
    "index.auto_expand_replicas": "false",
    "index.refresh_interval": "-1",
    "index.blocks.write": True,
}
"""Settings of a copy between rounds: no replicas, so nothing is copied twice, and nobody can write to it."""


def split_streams(units: Iterable[Unit]) -> Iterator[Unit]:
    """The units, each backing index of a data stream as one of its own. Deletions stay with the first."""
    for unit in units:
        if not unit.is_stream:
            yield unit
            continue
        for place, index in enumerate(unit.indices):
            yield Unit(
                name=index.name,
                target=index.target,
                is_stream=False,
                indices=(index,),
                action=unit.action,
                conflict=unit.conflict,
                takes=unit.takes if place == 0 else {},
                base={name: uuid for name, uuid in unit.base.items() if name == index.target},
            )


def with_streams_split(resolution: Resolution) -> Resolution:
    """The resolution with each backing index of a data stream on its own, the way copies are kept."""
    return resolution.model_copy(update={"units": tuple(split_streams(resolution.moving))})


def select_only(resolution: Resolution, names: Collection[str]) -> Resolution:
    """The resolution for these indices alone, with backing indices on their own."""
    units = tuple(unit for unit in split_streams(resolution.moving) if unit.name in names)
    return resolution.model_copy(update={"units": units})


def with_whole_streams(resolution: Resolution, names: Collection[str]) -> Resolution:
    """The resolution for these indices and every data stream, which keeps its own name."""
    units = tuple(unit for unit in resolution.moving if unit.is_stream or unit.name in names)
    return resolution.model_copy(update={"units": units})


def data_streams(resolution: Resolution) -> tuple[Unit, ...]:
    """The data streams that move."""
    return tuple(unit for unit in resolution.moving if unit.is_stream)


def as_copies(m: Migration) -> Migration:
    """The migration set up to restore copies: they refuse writes and have no replicas or aliases yet."""
    wanted = {full_key(key): value for key, value in m.plan.restore.index_settings.items()} | COPY_SETTINGS
    settings = m.plan.restore.model_copy(update={"aliases": False, "index_settings": wanted})
    return replace(m, plan=m.plan.model_copy(update={"restore": settings}))
