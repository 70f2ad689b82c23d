"""Policies that take snapshots on a schedule: what is wanted, what a domain or a folder has, what was
done."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field

from configs.plan import Side
from tasks.records.base import Record


class Way(StrEnum):
    """What takes the snapshots."""

    SNAPSHOT_MANAGEMENT = "snapshot-management"
    INDEX_STATE_MANAGEMENT = "index-state-management"
    CURATOR = "curator"
    PREFECT = "prefect"

    @property
    def is_file(self) -> bool:
        """Whether it is configured by files, and not on the domain."""
        return self in {Way.CURATOR, Way.PREFECT}


class Keep(Record):
    """Which snapshots of the policy to keep; others are deleted.

    Args:
        count: at most so many.
        age: none older than this, as the engine writes it, such as `14d`.
        at_least: so many in any case.
    """

    count: int | None = None
    age: str | None = None
    at_least: int = 1


class Trigger(Record):
    """What makes Index State Management take one snapshot of an index, in place of a schedule.

    Args:
        condition: the plugin's name for it, such as `min_index_age`.
    """

    condition: str
    value: str | int


class WantedPolicy(Record):
    """A policy as it is wanted.

    Args:
        plan: the plan's name, by which a policy is known to be ours.
        indices: names and patterns.
        exclude: names and patterns to leave out of them.
        schedule: a cron expression of five fields.
        priority: of the template that puts new indices under the policy.
    """

    way: Way
    name: str
    plan: str
    side: Side
    repository: str
    indices: tuple[str, ...]
    exclude: tuple[str, ...] = ()
    schedule: str
    timezone: str
    keep: Keep | None = None
    trigger: Trigger | None = None
    priority: int = 50


class PolicyRequest(Record):
    """Request that a policy takes."""

    method: str
    path: str
    query: dict[str, str] = Field(default_factory=dict[str, str])
    body: Any = None


class PolicyFile(Record):
    """File that a policy takes.

    Args:
        lines: what it is to hold.
        found: what it holds now; None if there is none.
    """

    path: str
    lines: tuple[str, ...]
    found: tuple[str, ...] | None = None

    @property
    def text(self) -> str:
        """What it is to hold."""
        return "\n".join(self.lines) + "\n"

    @property
    def is_same(self) -> bool:
        """Whether it holds that already."""
        return self.found == self.lines


class PolicyState(StrEnum):
    """How what is there compares with what is wanted."""

    UNREAD = "not read"
    ABSENT = "absent"
    SAME = "same"
    DIFFERENT = "different"


class PolicyDifference(Record):
    """Part of a policy that is not as wanted; None where it is missing."""

    field: str
    there: Any = None
    wanted: Any = None


class PolicyProblem(StrEnum):
    """Why a policy is refused."""

    NO_PLUGIN = "no plugin"
    NO_REPOSITORY = "no repository"
    READONLY = "readonly repository"
    NOT_OURS = "not ours"
    REPOSITORY_TAKEN = "repository taken"
    TOO_MANY_KEPT = "too many kept"
    TOO_WIDE = "too wide"
    PRIORITY_TAKEN = "priority taken"


class PolicyNote(StrEnum):
    """What is to be known about a policy."""

    NOTHING_DELETED = "nothing deleted"
    SERVICE_RULES = "service rules"
    WARM = "warm"
    NOT_EXCLUDED = "not excluded"
    OTHERS_INDICES = "others' indices"
    ONE_EACH = "one each"
    OLD_PREFIX = "old prefix"
    CURATOR_VERSIONS = "curator versions"
    CRONTAB = "crontab"
    PASSWORD_FROM_ENVIRONMENT = "password from environment"
    RUNS_WHERE = "runs where"
    PAUSED = "paused"


class Finding(Record):
    """A problem or a note, with the names it is about.

    Args:
        detail: what else is to be known.
    """

    kind: PolicyProblem | PolicyNote
    names: tuple[str, ...] = ()
    detail: str = ""


class PolicyPreview(Record):
    """What a policy takes, and how it compares with what is there.

    Args:
        endpoint: the domain's URL; empty if it was not asked.
        next_times: when the next snapshots would be taken; empty without a schedule.
        document: the policy as the domain would get it; None for files.
        requests: what would be sent; empty if nothing is to do.
        files: the files, for ways that have some.
        attach: indices that would be put under the policy.
        update: indices under an earlier version of it, which would get this one.
    """

    way: Way
    name: str
    side: Side
    endpoint: str = ""
    next_times: tuple[datetime, ...] = ()
    document: Any = None
    requests: tuple[PolicyRequest, ...] = ()
    files: tuple[PolicyFile, ...] = ()
    state: PolicyState = PolicyState.UNREAD
    differences: tuple[PolicyDifference, ...] = ()
    attach: tuple[str, ...] = ()
    update: tuple[str, ...] = ()
    problems: tuple[Finding, ...] = ()
    notes: tuple[Finding, ...] = ()

    @property
    def is_up_to_date(self) -> bool:
        """Whether everything is as wanted."""
        return self.state is PolicyState.SAME and not self.attach and not self.update


class PolicyChange(StrEnum):
    """What became of a policy."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REMOVED = "removed"
    ABSENT = "absent"


class NotAttached(Record):
    """Index that could not be put under the policy, or taken from it, with the domain's reason."""

    index: str
    reason: str


class PolicyOutcome(Record):
    """What was done with a policy, and read back afterwards.

    Args:
        attached: indices that are under the policy now, and were not before.
        detached: indices that are no longer under it.
        failed: indices that could not be attached or detached.
        files: files that were written or removed.
    """

    way: Way
    name: str
    side: Side
    endpoint: str = ""
    change: PolicyChange
    attached: tuple[str, ...] = ()
    detached: tuple[str, ...] = ()
    failed: tuple[NotAttached, ...] = ()
    files: tuple[str, ...] = ()
    notes: tuple[Finding, ...] = ()
