"""Records of a transfer: registrations, snapshot, restore."""

from datetime import datetime
from typing import Any, Literal

from configs.plan import Side
from domains.shard_mark import Mark
from tasks.records.base import Record

Form = Literal["region", "endpoint", "plain", "fs"]
"""How a registration names the place of the bucket: by its Region, by an endpoint in place of it, by neither;
or a shared folder."""


class Attempt(Record):
    """One form of registration that was tried, and how it ended.

    Args:
        said: the domain's own words where it refused.
    """

    form: Form
    accepted: bool
    said: str = ""


class RepositoryRecord(Record):
    """A repository as one domain now has it."""

    side: Side
    name: str
    form: Form
    settings: dict[str, Any]
    readonly: bool
    already_there: bool
    attempts: tuple[Attempt, ...]
    nodes: tuple[str, ...]


class MarksRecord(Record):
    """How far each shard had come right before the snapshot, by index of the source; empty where untold."""

    marks: dict[str, tuple[Mark, ...]]


class SnapshotRecord(Record):
    """The snapshot that is restored. `adopted`: found running or finished, not started by this attempt."""

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
    """How one index arrived: shards started of how many, and bytes fetched."""

    source: str
    target: str
    restored: bool
    shards: int
    bytes: int
    reused_bytes: int
    adopted: bool
    problem: str = ""


class RestoreRecord(Record):
    """All indices of the restore, and what was deleted on the target to make room."""

    indices: tuple[IndexRestore, ...]
    batches: int
    deleted: tuple[str, ...] = ()
