"""Records of single operations on one domain: what would be sent, what it needs, what came of it."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field

from tasks.records.base import Record
from tasks.records.transfer import Attempt, Form


class ShownRequest(Record):
    """Request that an operation sends."""

    method: str
    path: str
    query: dict[str, str] = Field(default_factory=dict[str, str])
    body: Any = None


class Risk(StrEnum):
    """Risk of an operation that needs a consent of its own."""

    CHOSEN_BY_ALL = "chosen by --all"
    SYSTEM_INDEX = "system index"
    WRITE_INDEX = "write index of an alias"
    ONLY_INDEX = "only index of an alias"
    BACKING_INDEX = "backing index of a data stream"
    RUN_NEEDS_IT = "an unfinished run needs it"
    SEED_CYCLE_NEEDS_IT = "seed rounds need it"
    PLAN_NAMES_IT = "the plan names it"
    OF_AN_UNKNOWN_RUN = "of a run that is not in the state folder"
    RUNNING = "still running"
    ANOTHER_REGISTRATION = "another registration has the name"
    PARTIAL_SNAPSHOT = "snapshot lacks shards"
    PARTIAL_WANTED = "snapshot may lack shards"
    REPLACES_CLOSED = "a closed index has the name"
    REPLACES_OPEN = "an open index has the name"
    KEPT_BY_CUTOVER = "a finished cutover keeps it"


class Consent(Record):
    """Consent that an operation needs.

    Args:
        option: the option that gives it.
        value: what it names; empty if the option takes no value.
        name: what is at risk.
        detail: what makes it a risk: an alias, a run, a data stream.
        given: whether it was given.
    """

    option: str
    value: str = ""
    name: str
    risk: Risk
    detail: str = ""
    given: bool = False


class NoteKind(StrEnum):
    """Kind of a note about an operation."""

    OTHER_FORM = "other form"  # of the registration, tried if the service asks for it
    WRITTEN_BY_ANOTHER = "written by another domain"
    SAME_PLACE = "same place"  # as another registration of this domain
    HOLDS_SNAPSHOTS = "holds snapshots"
    HOLDS_NOTHING = "holds nothing"
    REGISTERED = "registered"
    UNDER_WAY = "under way"
    DONE = "done"
    ABSENT = "absent"
    IS_AN_ALIAS = "alias"
    SYSTEM_LEFT_OUT = "system indices left out"
    CLOSED_LEFT_OUT = "closed indices left out"
    WRITES_NOW = "writes now"
    NO_WRITES_NOW = "no writes now"
    MADE_AGAIN = "made again"
    NOT_BLOCKED = "not blocked"
    HELD = "held by a run"
    DISK_BLOCK = "block of a full disk"
    ARCHIVED = "archived settings"
    WAITS = "waits for a running snapshot"


class Note(Record):
    """Note about an operation.

    Args:
        names: what it is about.
        detail: what is to be known about them.
    """

    kind: NoteKind
    names: tuple[str, ...] = ()
    detail: str = ""


class Preview(Record):
    """What an operation would send, and what it needs for it.

    Args:
        operation: the verb, such as `snapshot take`.
        problems: why it would be refused.
    """

    operation: str
    endpoint: str
    requests: tuple[ShownRequest, ...] = ()
    consents: tuple[Consent, ...] = ()
    notes: tuple[Note, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def lacking(self) -> tuple[Consent, ...]:
        """Consents that were not given."""
        return tuple(each for each in self.consents if not each.given)


class Outcome(Record):
    """Outcome of an operation.

    Args:
        requests: what was to be sent.
    """

    operation: str
    endpoint: str
    requests: tuple[ShownRequest, ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether something of it did not work."""
        return False

    @property
    def pending(self) -> bool:
        """Whether the domain is still busy with it."""
        return False


class NameOutcome(StrEnum):
    """Outcome of an operation for one name."""

    DONE = "done"
    ABSENT = "absent"  # it was not there
    NOTHING_TO_DO = "nothing to do"
    FAILED = "failed"
    HELD = "held"  # a run holds it


class NameResult(Record):
    """Outcome for one name, and why where it is not the wanted one."""

    name: str
    outcome: NameOutcome
    detail: str = ""


class NamesOutcome(Outcome):
    """Outcome of an operation on several names."""

    names: tuple[NameResult, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether one of the names is not as it was to be."""
        return any(each.outcome in {NameOutcome.FAILED, NameOutcome.HELD} for each in self.names)


# repositories


class RepositoryUser(Record):
    """Unfinished run that uses a repository."""

    plan: str
    run_id: str
    verb: str


class RepositoryRow(Record):
    """Registration on a domain.

    Args:
        service: whether it is one of the service's own, of which no settings are shown.
        readonly: None where the domain does not say.
        settings: as registered.
        used_by: unfinished runs of the state folder.
        running: snapshots that are being written into it now.
    """

    name: str
    type: str
    service: bool
    readonly: bool | None
    settings: dict[str, Any] = Field(default_factory=dict[str, Any])
    used_by: tuple[RepositoryUser, ...] = ()
    running: tuple[str, ...] = ()


class RepositoryList(Record):
    """Registrations on a domain.

    Args:
        problem: why it is not known which runs use them; empty if it is.
    """

    endpoint: str
    repositories: tuple[RepositoryRow, ...]
    problem: str = ""


class Registered(Outcome):
    """Registration of a repository, as the domain shows it now."""

    name: str
    form: Form
    settings: dict[str, Any]
    readonly: bool
    nodes: tuple[str, ...]
    attempts: tuple[Attempt, ...]
    already_there: bool
    snapshots: int | None


class Verified(Outcome):
    """Verification of a repository by every node."""

    name: str
    nodes: tuple[str, ...]


# snapshots


class TakerKind(StrEnum):
    """Kind of whoever took a snapshot."""

    RUN = "run"
    TAKE = "snapshot take"
    POLICY = "policy"
    SERVICE = "service"
    UNKNOWN = "unknown"


class Taker(Record):
    """Whoever took a snapshot.

    Args:
        name: a run's id, or the name of a policy.
        plan: the plan of the run; empty if the state folder does not know it.
    """

    kind: TakerKind
    name: str = ""
    plan: str = ""


class SnapshotRow(Record):
    """Snapshot of a repository.

    Args:
        seconds: how long it took; None while it is running.
        bytes_total: of all its files; None if not asked for.
        bytes_added: of those that it added to the repository; None if not asked for.
    """

    repository: str
    name: str
    state: str
    started: datetime
    seconds: float | None
    shards_total: int
    shards_failed: int
    indices: int
    data_streams: int
    version: str
    taken_by: Taker
    bytes_total: int | None = None
    bytes_added: int | None = None


class Unread(Record):
    """Repository that could not be read, and why."""

    name: str
    why: str


class SnapshotList(Record):
    """Snapshots of a domain's repositories, newest first.

    Args:
        read: how many snapshots were looked at, of which the list may be a part.
    """

    endpoint: str
    snapshots: tuple[SnapshotRow, ...]
    read: int
    unread: tuple[Unread, ...] = ()


class LackingShard(Record):
    """Shard that a snapshot lacks, and why; None where the domain does not say which."""

    shard: int | None
    reason: str


class LackingIndex(Record):
    """Index that a snapshot does not hold whole.

    Args:
        whole_in: the newest older snapshot of the repository that holds it whole; empty if none does.
    """

    name: str
    shards: tuple[LackingShard, ...]
    whole_in: str = ""
    whole_in_started: datetime | None = None


class SnapshotDetails(Record):
    """Snapshot with everything that it holds and lacks.

    Args:
        size_problem: why its size is not known; empty if it is.
        shards_done, bytes_done: of a running one.
    """

    endpoint: str
    row: SnapshotRow
    indices: tuple[str, ...]
    data_streams: tuple[str, ...]
    metadata: dict[str, str]
    lacking: tuple[LackingIndex, ...] = ()
    size_problem: str = ""
    shards_done: int = 0
    bytes_done: int = 0


class Taken(Outcome):
    """Snapshot that was taken, or is being taken.

    Args:
        adopted: whether it was there already, taken by the same command.
        accepted: whether it may be as it is: whole, or allowed to lack shards.
    """

    details: SnapshotDetails
    adopted: bool
    accepted: bool

    @property
    def failed(self) -> bool:
        """Whether it has ended without being as it was to be."""
        return not self.pending and not self.accepted

    @property
    def pending(self) -> bool:
        """Whether it is still running."""
        return self.details.row.state == "IN_PROGRESS"


# restores


class RestoredIndex(Record):
    """Restore of one index.

    Args:
        source, target: its name in the snapshot, and on the domain.
        stream: the data stream, on the domain, that it backs.
        shards, started: primaries, and those that are started.
        bytes, reused_bytes: fetched from the repository, and reused of what was there.
        documents: live ones; None if they were not counted.
        adopted: whether it was restored, or was being restored, already.
        problem: why it is not restored, in the engine's words.
        lacking: settings that were asked for and that it does not have.
    """

    source: str
    target: str
    stream: str = ""
    shards: int = 0
    started: int = 0
    bytes: int = 0
    reused_bytes: int = 0
    documents: int | None = None
    adopted: bool = False
    problem: str = ""
    lacking: tuple[str, ...] = ()


class Restored(Outcome):
    """Restore of a snapshot, or of some of its indices.

    Args:
        waiting: whether it was left to continue by itself.
        streams: data streams that are there now.
        reopened: indices that were closed for it, and opened again because it was refused.
    """

    repository: str
    snapshot: str
    indices: tuple[RestoredIndex, ...]
    streams: tuple[str, ...] = ()
    waiting: bool = False
    reopened: tuple[str, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether an index is not restored as it was to be."""
        return any(each.problem or each.lacking for each in self.indices)

    @property
    def pending(self) -> bool:
        """Whether it was left to continue by itself."""
        return self.waiting


# indices


class IndexRow(Record):
    """Index of a domain.

    Args:
        write_aliases: aliases that write into it.
        system: the product that it belongs to; empty if it belongs to users.
    """

    name: str
    open: bool
    health: str
    shards: int
    replicas: int
    documents: int | None
    bytes: int | None
    aliases: tuple[str, ...]
    write_aliases: tuple[str, ...]
    stream: str
    system: str


class IndexList(Record):
    """Indices of a domain.

    Args:
        system: how many of those that fit belong to a product, and are left out.
    """

    endpoint: str
    indices: tuple[IndexRow, ...]
    system: int = 0


class BlockedIndex(Record):
    """Index that refuses writes.

    Args:
        blocks: the settings that make it refuse them.
        archived: archived settings, which hinder the release.
        held_by: the unfinished run that has blocked it, as plan and run id; empty if none has.
        way_out: the command that lets that run end; empty if none holds it.
    """

    name: str
    blocks: tuple[str, ...]
    archived: tuple[str, ...] = ()
    held_by: str = ""
    way_out: str = ""


class BlockedList(Record):
    """Indices of a domain that refuse writes.

    Args:
        problem: why it is not known which runs hold them; empty if it is.
    """

    endpoint: str
    indices: tuple[BlockedIndex, ...]
    problem: str = ""
