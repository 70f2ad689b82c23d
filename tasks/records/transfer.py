"""Records of a transfer: registrations, snapshot, restore."""

from datetime import datetime
from typing import Any, Literal

from configs.plan import Side
from domains.shard_mark import Mark
from tasks.records.base import Record

Form = Literal["region", "endpoint", "plain", "fs"]
"""How a registration locates the bucket (by Region, by endpoint instead, by neither), or a shared folder."""


class Attempt(Record):
    """One attempted form of registration, and its result.

    Args:
        said: the domain's own words if it refused.
    """

    form: Form
    accepted: bool
    said: str = ""


class RepositoryRecord(Record):
    """Repository as now registered on one domain."""

    side: Side
    name: str
    form: Form
    settings: dict[str, Any]
    readonly: bool
    already_there: bool
    attempts: tuple[Attempt, ...]
    nodes: tuple[str, ...]


class MarksRecord(Record):
    """Mark of each shard right before the snapshot, by index of the source; empty if unknown."""

    marks: dict[str, tuple[Mark, ...]]


class SnapshotRecord(Record):
    """Snapshot to restore. `adopted`: found running or finished, not started by this attempt."""

    repository: str
    name: str
    uuid: str
    state: str
    indices: int
    shards_total: int
    shards_failed: int
    started: datetime
    ended: datetime
    adopted: bool
    existing: bool
    bytes_written: int | None
    failures: tuple[str, ...] = ()


class IndexRestore(Record):
    """Restore of one index: shards started, shards in total, bytes fetched."""

    source: str
    target: str
    restored: bool
    shards: int
    bytes: int
    reused_bytes: int
    adopted: bool
    problem: str = ""


class RestoreRecord(Record):
    """Restore of all indices, and what was deleted on the target to make room."""

    indices: tuple[IndexRestore, ...]
    batches: int
    deleted: tuple[str, ...] = ()
