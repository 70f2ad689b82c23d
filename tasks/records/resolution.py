"""Records of a resolution: which indices move, under which names."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from tasks.records.base import Record

Action = Literal["restore", "rename", "replace", "skip"]


class ClusterRecord(Record):
    """Cluster that answered on one side."""

    endpoint: str
    region: str | None
    cluster_uuid: str
    cluster_name: str
    version: str


class LeftOutReason(StrEnum):
    """Reason why a name on the source does not move or is not compared."""

    SYSTEM = "system"  # it belongs to the service or to Dashboards
    NOT_INCLUDED = "not included"
    EXCLUDED = "excluded"
    CLOSED = "closed"
    CHANGING = "changing"  # it changed while it was read
    CONFLICT = "conflict"  # the target has the name, and the policy is skip
    COMPARED_BEFORE = "compared before"
    ONLY_ON_THE_TARGET = "only on the target"
    NOT_REHEARSED = "not rehearsed"  # the plan moves it, and this rehearsal does not


class LeftOut(Record):
    """Name on the source that does not move, and why.

    Args:
        detail: the specific reason, in words; shown to users and part of a saved plan's hash.
    """

    name: str
    reason: LeftOutReason
    detail: str = ""


class SelectedIndex(Record):
    """One index that moves, and its name on the target.

    `uuid` is the source's; `bytes` and `documents` count primaries (Lucene documents; None if closed).
    """

    name: str
    target: str
    uuid: str
    open: bool
    shards: int
    replicas: int
    bytes: int | None
    documents: int | None
    created: str | None
    aliases: tuple[str, ...] = ()
    stream: str | None = None


class Unit(Record):
    """Unit of a restore request: a single index, or a data stream with its backing indices.

    Args:
        name, target: name on the source and on the target.
        indices: indices in the unit: the index itself, or the backing indices.
        action: restore unchanged, rename, replace (delete the existing one first), or skip.
        conflict: what already uses the name on the target, in stable words: a saved plan contains them and is
            compared with a new read. Empty without a conflict.
        takes: names on the target that `replace` deletes first, each with the UUIDs just read.
        base: closed copies of an earlier round to restore onto: name on the target → UUID.
    """

    name: str
    target: str
    is_stream: bool
    indices: tuple[SelectedIndex, ...]
    action: Action = "restore"
    conflict: str = ""
    takes: dict[str, str] = Field(default_factory=dict[str, str])
    base: dict[str, str] = Field(default_factory=dict[str, str])


class Resolution(Record):
    """Resolution of a migration: what it will do, decided before the first change."""

    source: ClusterRecord
    target: ClusterRecord
    units: tuple[Unit, ...]
    left_out: tuple[LeftOut, ...]
    repository: str
    snapshot: str
    notes: tuple[str, ...] = ()
    bucket_region: str | None = None

    @property
    def moving(self) -> tuple[Unit, ...]:
        """Units to restore."""
        return tuple(unit for unit in self.units if unit.action != "skip")

    @property
    def indices(self) -> tuple[SelectedIndex, ...]:
        """Indices to restore, in order."""
        return tuple(index for unit in self.moving for index in unit.indices)
