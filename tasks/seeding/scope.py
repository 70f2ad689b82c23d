"""What a round names in its snapshot and in its restore. Pure.

A data stream's write index cannot be closed, so that copies of backing indices are indices by themselves;
the data stream is made when the target is opened.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from configs.restore import full_key
from tasks.migration import Migration
from tasks.records.resolution import Resolution, Unit

WAITING: dict[str, bool | int | str] = {
    "index.number_of_replicas": 0,
    "index.auto_expand_replicas": "false",
    "index.refresh_interval": "-1",
    "index.blocks.write": True,
}
"""Settings of a copy while it only waits: nothing is copied twice, and nobody can write to it."""


def singly(units: Iterable[Unit]) -> Iterator[Unit]:
    """The units, each backing index of a data stream as one by itself. The first takes what is deleted."""
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


def apart(resolution: Resolution) -> Resolution:
    """The resolution with the backing indices of data streams as indices by themselves, as copies wait."""
    return resolution.model_copy(update={"units": tuple(singly(resolution.moving))})


def only(resolution: Resolution, names: Collection[str]) -> Resolution:
    """The resolution of these indices alone, backing indices by themselves."""
    units = tuple(unit for unit in singly(resolution.moving) if unit.name in names)
    return resolution.model_copy(update={"units": units})


def whole(resolution: Resolution, names: Collection[str]) -> Resolution:
    """The resolution of these indices and of all data streams, which go by their own names."""
    units = tuple(unit for unit in resolution.moving if unit.is_stream or unit.name in names)
    return resolution.model_copy(update={"units": units})


def streams(resolution: Resolution) -> tuple[Unit, ...]:
    """The data streams that move."""
    return tuple(unit for unit in resolution.moving if unit.is_stream)


def as_copies(m: Migration) -> Migration:
    """The migration that restores copies: they refuse writes, have no replicas and no aliases yet."""
    wanted = {full_key(key): value for key, value in m.plan.restore.index_settings.items()} | WAITING
    settings = m.plan.restore.model_copy(update={"aliases": False, "index_settings": wanted})
    return replace(m, plan=m.plan.model_copy(update={"restore": settings}))
