"""Records of a resolution: which indices move, under which names."""

from datetime import datetime
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


class SnapshotOrigin(Record):
    """Snapshot that is the source of a migration, as its repository's record describes it.

    Args:
        version: the engine version that took it; None if the record does not say.
        run: the Snapferry run that took it, from its metadata; None if none did.
        indices, shards_total: what it holds, all of it.
    """

    repository: str
    name: str
    uuid: str
    state: str
    version: str | None
    started: datetime
    ended: datetime
    run: str | None
    indices: int
    shards_total: int
    shards_failed: int


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


class AliasSwitch(Record):
    """Aliases that a renamed index gets once it is verified, in one request with what they replace.

    Args:
        source, index: its name on the source and on the target.
        aliases: its old name, and the aliases that it has on the source.
        leaves: the target's indices that lose each of these aliases.
        deletes: the target's indices of these names, which are deleted; name → UUID.
    """

    source: str
    index: str
    aliases: tuple[str, ...]
    leaves: dict[str, tuple[str, ...]] = Field(default_factory=dict[str, tuple[str, ...]])
    deletes: dict[str, str] = Field(default_factory=dict[str, str])


class Merge(Record):
    """Documents of a renamed index that are merged into an index of the target once it is verified.

    Args:
        index: the renamed index.
        into, uuid: the index that the target had before.
    """

    index: str
    into: str
    uuid: str


class Resolution(Record):
    """Resolution of a migration: what it will do, decided before the first change.

    Args:
        source: None where the source is a snapshot.
        units: units that are restored from the snapshot, or skipped.
        reindexed: units that the target copies by `_reindex`.
        switches, merges: what becomes of renamed indices once they are verified.
        origin: the snapshot that is the source; None where it is a domain.
    """

    source: ClusterRecord | None
    target: ClusterRecord
    units: tuple[Unit, ...]
    left_out: tuple[LeftOut, ...]
    repository: str
    snapshot: str
    notes: tuple[str, ...] = ()
    bucket_region: str | None = None
    reindexed: tuple[Unit, ...] = ()
    switches: tuple[AliasSwitch, ...] = ()
    merges: tuple[Merge, ...] = ()
    origin: SnapshotOrigin | None = None

    @property
    def source_uuid(self) -> str:
        """UUID of the source's cluster; empty where the source is a snapshot."""
        return self.source.cluster_uuid if self.source else ""

    @property
    def every_unit(self) -> tuple[Unit, ...]:
        """Units of both strategies, skipped ones included."""
        return (*self.units, *self.reindexed)

    @property
    def copied(self) -> tuple[SelectedIndex, ...]:
        """Indices that are reindexed, in order."""
        return tuple(index for unit in self.reindexed for index in unit.indices)

    @property
    def moving(self) -> tuple[Unit, ...]:
        """Units to restore."""
        return tuple(unit for unit in self.units if unit.action != "skip")

    @property
    def indices(self) -> tuple[SelectedIndex, ...]:
        """Indices to restore, in order."""
        return tuple(index for unit in self.moving for index in unit.indices)
