"""What the steps return: values without behaviour, kept in the journal and turned into words by reports/."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from domains.mark import Mark

Action = Literal["restore", "rename", "replace", "skip"]
Outcome = Literal["equal", "bracketed", "different", "not compared"]
Difference = Literal["missing on the target", "surplus on the target", "other operation", "other content"]


class Record(BaseModel):
    """Base of all records: frozen, nothing unknown in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ClusterRecord(Record):
    """Who answered on one side."""

    endpoint: str
    region: str | None
    cluster_uuid: str
    cluster_name: str
    version: str


class LeftOut(Record):
    """A name on the source that does not move, and why: `system`, `excluded`, `closed`, `conflict`, …"""

    name: str
    reason: str
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
        conflict: what on the target takes the name; empty when nothing does.
        takes: names on the target that `replace` deletes first, each with its UUIDs at this look.
        base: the closed copies of an earlier round that it is restored onto: name on the target → UUID.
    """

    name: str
    target: str
    is_stream: bool
    indices: tuple[SelectedIndex, ...]
    action: Action = "restore"
    conflict: str = ""
    takes: dict[str, str] = {}
    base: dict[str, str] = {}


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


class Attempt(Record):
    """One form of registration that was tried: `region`, `endpoint`, `plain` or `fs`, and how it ended."""

    form: str
    accepted: bool
    said: str = ""


class RepositoryRecord(Record):
    """A repository as one domain now has it."""

    side: Literal["source", "target"]
    name: str
    form: str
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


class DocumentDifference(Record):
    """One document that is not the same on both sides.

    Args:
        shard: of the index, where it was compared by shards.
        routing: its custom routing; None without one.
        source_seq_no, target_seq_no: number of its last operation; None on a side that lacks it.
    """

    id: str
    kind: Difference
    shard: int | None = None
    routing: str | None = None
    source_seq_no: int | None = None
    target_seq_no: int | None = None


class Verdict(Record):
    """What the comparison of one index came to.

    `bracketed`: the source was written to since its copy was taken; all that it held then is on the target,
    and what differs are later operations.

    Args:
        source_count, target_count: live documents; None where they could not be read.
        detail: what differs, or why it could not be compared.
        documents: those that were found to differ, as far as they were looked for.
        more: how many others differ that are not named.
    """

    source: str
    target: str
    outcome: Outcome
    source_count: int | None
    target_count: int | None
    shards: int = 0
    detail: str = ""
    documents: tuple[DocumentDifference, ...] = ()
    more: int = 0


class Finding(Record):
    """One thing beside the figures that was compared, of an index or of the domains as a whole.

    `template` tells what indices that are made later will lack; it makes nothing fail.

    Args:
        place: the template's name, or what the query asks; empty for what is an index's own.
        detail: what differs, or why it could not be compared.
    """

    what: Literal["mapping", "setting", "alias", "document", "template", "query"]
    outcome: Outcome
    place: str = ""
    detail: str = ""

    @property
    def fails(self) -> bool:
        """Whether this alone makes a verification fail."""
        return self.outcome != "equal" and self.what != "template"


class VerificationRecord(Record):
    """The verification of a migration. Anything that is not equal makes it fail.

    Args:
        general: what was compared of the domains as a whole: queries, and at level content templates.
        limits: what an equal outcome does not prove.
    """

    level: str
    verdicts: tuple[Verdict, ...]
    skipped: tuple[LeftOut, ...]
    at: datetime
    general: tuple[Finding, ...] = ()
    limits: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether every index that moved was compared and found equal. Nothing to compare is no success."""
        equal = all(verdict.outcome == "equal" for verdict in self.verdicts)
        return bool(self.verdicts) and equal and not self.refuted

    @property
    def bracketed(self) -> bool:
        """Whether all is equal but for later operations on the source, of which there are some."""
        found = {verdict.outcome for verdict in self.verdicts}
        return "bracketed" in found and found <= {"equal", "bracketed"} and not self.refuted

    @property
    def refuted(self) -> tuple[Finding, ...]:
        """What of the domains as a whole makes it fail: queries that are not answered as they should be."""
        return tuple(finding for finding in self.general if finding.fails)

    @property
    def failing(self) -> tuple[Verdict, ...]:
        """The verdicts that are not `equal`."""
        return tuple(verdict for verdict in self.verdicts if verdict.outcome != "equal")


class Left(Record):
    """Something under a name of this run that is not its own, or not any more: it was not touched."""

    name: str
    why: str


class RemovalRecord(Record):
    """What was taken away: indices and data streams, snapshots, and what became of each side's registration.

    Args:
        left: what is under a name of the run and was not touched, and why.
    """

    indices: tuple[str, ...]
    snapshots: tuple[str, ...]
    registrations: dict[str, str]
    left: tuple[Left, ...]


class Leftovers(Record):
    """What a run has made and not taken away: a look, for people to decide on.

    Args:
        run_id: of the latest run, where there are several.
        concerns: a rehearsal, or all seed rounds since the last cutover.
        snapshots: those that are there and carry the ids of these runs.
        registrations: sides whose registration would be removed, or put back as it was.
    """

    run_id: str
    concerns: Literal["rehearsal", "seed rounds"] = "rehearsal"
    indices: tuple[str, ...]
    snapshots: tuple[str, ...]
    registrations: tuple[Literal["source", "target"], ...]
    left: tuple[Left, ...]
