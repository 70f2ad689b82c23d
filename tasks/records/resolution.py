"""What the steps return: values without behaviour, kept in the journal and turned into words by reports/."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from tasks.records.base import Record

Action = Literal["restore", "rename", "replace", "skip"]


class ClusterRecord(Record):
    """Who answered on one side."""

    endpoint: str
    region: str | None
    cluster_uuid: str
    cluster_name: str
    version: str


class LeftOutReason(StrEnum):
    """Why a name on the source does not move, or is not compared."""

    SYSTEM = "system"  # it belongs to the service or to Dashboards
    NOT_INCLUDED = "not included"
    EXCLUDED = "excluded"
    CLOSED = "closed"
    CHANGING = "changing"  # it changed while it was read
    CONFLICT = "conflict"  # the target has the name, and the policy is skip
    COMPARED_BEFORE = "compared before"
    ONLY_ON_THE_TARGET = "only on the target"


class LeftOut(Record):
    """A name on the source that does not move, and why.

    Args:
        detail: the reason in particular, in words; it is shown, and part of a saved plan's hash.
    """

    name: str
    reason: LeftOutReason
    detail: str = ""


class SelectedIndex(Record):
    """One index that moves, and the name it gets on the target.

    `uuid` is the source's; `bytes` and `documents` are of the primaries (Lucene documents; None when closed).
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
    """What a restore request names: an index by itself, or a data stream with its backing indices.

    Args:
        name, target: on the source and on the target.
        indices: the indices that come with it (itself, or the backing ones).
        action: restore as it is, rename, replace (delete what is there first), or skip.
        conflict: what on the target takes the name, in words that two looks at the same target share: a
            saved plan holds them, and is compared with a fresh look. Empty when nothing does.
        takes: names on the target that `replace` deletes first, each with its UUIDs at this look.
        base: the closed copies of an earlier round that it is restored onto: name on the target → UUID.
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
    """What a migration will do, decided before anything is changed."""

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
        """The units that are restored."""
        return tuple(unit for unit in self.units if unit.action != "skip")

    @property
    def indices(self) -> tuple[SelectedIndex, ...]:
        """The indices that are restored, in order."""
        return tuple(index for unit in self.moving for index in unit.indices)
