"""What is copied beside the indices: how it compares, what stands in the way, what became of it."""

from collections.abc import Iterator
from enum import StrEnum

from configs.plan import Side
from tasks.records.base import Record


class MetadataPhase(StrEnum):
    """When a kind is copied: before any index is restored, or once the target's indices are open."""

    BEFORE_RESTORE = "before-restore"
    AFTER_OPENING = "after-opening"


class ItemState(StrEnum):
    """How one thing compares."""

    IN_SYNC = "in sync"
    SOURCE_ONLY = "source only"
    TARGET_ONLY = "target only"
    DIVERGED = "diverged"


class LeftReason(StrEnum):
    """Why something is left as it is, although its kind is copied."""

    SERVICE = "it belongs to the service, the engine or a plugin"
    PROTECTED = "access control calls it reserved, hidden or static"
    MASTER = "each domain keeps its own administrators here"
    NOT_SETTABLE = "the service does not let one set it"
    ARCHIVED = "an earlier engine knew it, this one has set it aside"
    SKIPPED = "the target's differs, and the plan keeps the target's"
    LATER = "attached later, as the plan says"


class Obstacle(StrEnum):
    """Why something that the plan wants cannot be copied as it is."""

    CONFLICT = "conflict"
    NO_REPOSITORY = "no repository"
    DELETES = "deletes at once"
    NAME_TAKEN = "name taken"
    PROTECTED_THERE = "protected there"
    NOT_OFFERED = "not offered"
    NEEDS = "needs"
    AMBIGUOUS = "ambiguous"
    BY_HAND = "by hand"

    @property
    def refuses(self) -> bool:
        """Whether nothing at all is changed while it stands: the user decides. The others hold nothing up."""
        return self in {
            Obstacle.CONFLICT,
            Obstacle.NO_REPOSITORY,
            Obstacle.DELETES,
            Obstacle.NAME_TAKEN,
            Obstacle.PROTECTED_THERE,
        }


class FieldDifference(Record):
    """One differing field.

    Args:
        path: where it is, such as `template.settings.index.codec`.
        source, target: its values as JSON, shortened and without secrets; empty where it is missing.
    """

    path: str
    source: str
    target: str


class MetadataItem(Record):
    """One template, pipeline, policy, role or the like.

    Args:
        differences: of a diverged one.
        left: why it is left as it is; None where the plan wants it on the target.
        obstacle: why it cannot be copied; None where it can.
        detail: names that the obstacle is about.
    """

    kind: str
    name: str
    state: ItemState
    differences: tuple[FieldDifference, ...] = ()
    left: LeftReason | None = None
    obstacle: Obstacle | None = None
    detail: str = ""

    @property
    def is_wanted(self) -> bool:
        """Whether the plan wants it on the target, and it is not there as it is on the source."""
        return self.left is None and self.state in {ItemState.SOURCE_ONLY, ItemState.DIVERGED}


class Unread(Record):
    """A kind that one side did not show; nothing is known about it."""

    kind: str
    side: Side
    problem: str
    hint: str = ""


class PolicyHazard(Record):
    """An index that its policy may delete as soon as it is attached, because age counts from its creation.

    Args:
        states: those that it would pass through, up to the one that deletes it.
        age_days: since its creation.
        certain: whether nothing on the way waits for something else, such as a rollover.
    """

    policy: str
    index: str
    states: tuple[str, ...]
    age_days: float
    certain: bool


class NoticeKind(StrEnum):
    """Something to know about a copy that nothing prevents."""

    RENAMED = "renamed"
    READONLY_REPOSITORY = "readonly repository"
    PASSWORDS = "passwords"
    OTHER_ARNS = "other ARNs"
    NOT_YET = "not yet"
    PACKAGES = "packages"


class Notice(Record):
    """A notice with the names that it is about."""

    kind: NoticeKind
    names: tuple[str, ...] = ()


class ChecklistEntry(StrEnum):
    """What no copy can bring: to be done by hand."""

    PACKAGES = "packages"
    ALARMS = "alarms"
    NETWORK = "network"
    LOGIN = "login"
    DOMAIN = "domain"
    REPOSITORIES = "repositories"
    DASHBOARDS = "dashboards"
    PLUGINS = "plugins"


class WitnessState(StrEnum):
    """What the service's own comparison could tell."""

    NOT_ASKED = "not asked"
    UNKNOWN = "unknown"
    COMPARED = "compared"


class Disagreement(Record):
    """One thing that the service's comparison sees otherwise.

    Args:
        ours, theirs: the state that each comparison reports; empty where it reports none.
    """

    kind: str
    name: str
    ours: str
    theirs: str


class Witness(Record):
    """The service's own comparison of both domains, as a second opinion.

    Args:
        problem: why it could not tell.
        untold: categories that it could not compare, or told in part.
    """

    state: WitnessState = WitnessState.NOT_ASKED
    problem: str = ""
    untold: tuple[str, ...] = ()
    disagreements: tuple[Disagreement, ...] = ()


class MetadataDiff(Record):
    """Both sides compared.

    Args:
        absent: kinds that the source does not have at all.
    """

    items: tuple[MetadataItem, ...]
    unread: tuple[Unread, ...] = ()
    absent: tuple[str, ...] = ()
    hazards: tuple[PolicyHazard, ...] = ()
    notices: tuple[Notice, ...] = ()
    checklist: tuple[ChecklistEntry, ...] = ()
    witness: Witness = Witness()

    @property
    def wanted(self) -> Iterator[MetadataItem]:
        """What the plan wants and the target lacks or has otherwise."""
        return (item for item in self.items if item.is_wanted)

    @property
    def refusals(self) -> tuple[MetadataItem, ...]:
        """What the user has to decide before anything is changed."""
        return tuple(item for item in self.wanted if item.obstacle and item.obstacle.refuses)

    @property
    def in_sync(self) -> bool:
        """Whether everything that the plan wants is on the target, and everything could be read."""
        return not self.unread and not any(True for _ in self.wanted)


class PlannedRequest(Record):
    """A request that a copy would send.

    Args:
        body: as JSON without secrets; empty without one.
    """

    kind: str
    name: str
    request: str
    body: str = ""


class CopyResult(StrEnum):
    """What became of one thing."""

    DONE = "done"
    FAILED = "failed"
    DIFFERS = "differs"
    IMPOSSIBLE = "impossible"


class ItemOutcome(Record):
    """What a copy did about one thing.

    Args:
        replaced: whether the target had one of this name before.
        obstacle: why it was impossible.
        reason: the domain's words where it failed, or what it needs.
    """

    kind: str
    name: str
    result: CopyResult
    replaced: bool = False
    obstacle: Obstacle | None = None
    reason: str = ""
    differences: tuple[FieldDifference, ...] = ()


class MetadataPreview(Record):
    """What a copy would do."""

    diff: MetadataDiff
    requests: tuple[PlannedRequest, ...]


class CopiedMetadata(Record):
    """What a run has copied beside its indices, and what is left to be done by hand."""

    outcomes: tuple[ItemOutcome, ...]
    hazards: tuple[PolicyHazard, ...] = ()
    notices: tuple[Notice, ...] = ()
    checklist: tuple[ChecklistEntry, ...] = ()

    @property
    def failed(self) -> tuple[ItemOutcome, ...]:
        """What is not on the target as it is on the source."""
        return tuple(each for each in self.outcomes if each.result is not CopyResult.DONE)


class MetadataCopy(Record):
    """What a copy did.

    Args:
        before: how both sides compared at first.
        earlier: things that an interrupted copy of this plan has already brought, and that are in sync.
        after: how they compare now; None if nothing was changed.
    """

    before: MetadataDiff
    outcomes: tuple[ItemOutcome, ...] = ()
    earlier: tuple[str, ...] = ()
    after: MetadataDiff | None = None

    @property
    def refused(self) -> bool:
        """Whether nothing was changed because the user has to decide something first."""
        return self.after is None and bool(self.before.refusals)

    @property
    def failed(self) -> tuple[ItemOutcome, ...]:
        """What was not copied."""
        return tuple(
            each for each in self.outcomes if each.result in {CopyResult.FAILED, CopyResult.IMPOSSIBLE}
        )

    @property
    def left_open(self) -> bool:
        """Whether the target still differs in what the plan wants, or something cannot be told."""
        last = self.after or self.before
        return not last.in_sync
