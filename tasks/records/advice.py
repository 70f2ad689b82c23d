"""Records of advice: facts about the domains, the ways to move, and which of them fits."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from configs.plan import Side
from domains.versions import Engine
from tasks.records.base import Record
from tasks.records.estimates import Range


class Way(StrEnum):
    """A way to another version, Region, account or domain."""

    IN_PLACE = "in-place-upgrade"
    CLONE = "clone-upgrade"
    PEER = "replication-peer"
    MIGRATE = "migrate"
    SEED = "seed-and-cutover"
    REINDEX = "reindex"
    CROSS_CLUSTER = "cross-cluster-replication"
    ASSISTANT = "opensearch-migrations"


class Verdict(StrEnum):
    """Whether a way can be taken."""

    POSSIBLE = "possible"
    UNKNOWN = "unknown"
    IMPOSSIBLE = "impossible"


Weight = Literal["fits", "caution", "unknown", "impossible"]


class FoundVersion(Record):
    """An engine version."""

    engine: Engine
    number: str


class Unread(Record):
    """Something that could not be read.

    Args:
        what: what is not known, such as `its replication`.
        why: the error.
        hint: what would help, such as the right that the caller lacks.
    """

    what: str
    why: str
    hint: str = ""


class PeerFacts(Record):
    """A domain's part in the replication of whole domains.

    Args:
        role: `PRIMARY` or `SECONDARY`; None if it does not replicate.
        peers: ARNs.
        read_only: why it refuses writes; empty if it takes them.
    """

    role: Literal["PRIMARY", "SECONDARY"] | None
    peers: tuple[str, ...] = ()
    read_only: str = ""


class ServiceFacts(Record):
    """What the control plane says of a domain.

    Args:
        busy: the change in progress; empty without one.
        upgrade_targets: the versions that it can be upgraded to; None where that could not be read.
        clone_upgrade: the status of a clone upgrade that is under way; empty without one, None if unread.
        replication: None if unread.

    The others are as in `domains.aws.control_plane.DomainStatus`.
    """

    name: str
    arn: str
    busy: str = ""
    access_control: bool = False
    node_to_node: bool = False
    standby: bool = False
    warm: bool = False
    cold: bool = False
    instance_type: str = ""
    engine_mode: str = ""
    use_case: str = ""
    encryption_mode: str = ""
    deployment_strategy: str = ""
    upgrade_targets: tuple[str, ...] | None = None
    clone_upgrade: str | None = None
    replication: PeerFacts | None = None


class WorkloadFacts(Record):
    """The indices of a domain, system indices left out.

    Args:
        documents: Lucene documents (nested ones count separately).
        bytes: size of the primaries; closed indices are unknown, and counted in `unsized`.
        largest_shard: bytes, assuming that the shards of an index are equally large.
        created: the version that created them → names.
        closed, red, warm: names. Cold indices are not attached, so they are not seen.
        without_source, derived: names whose documents cannot be read whole, or are made from other fields.
            None where that could not be read.
        operations: writes during the observation; None where that could not be read, or was not wanted.
        observed_s: how long it lasted.
    """

    indices: int
    shards: int
    documents: int
    bytes: int
    unsized: int = 0
    largest_shard: int = 0
    data_streams: int = 0
    created: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    closed: tuple[str, ...] = ()
    red: tuple[str, ...] = ()
    warm: tuple[str, ...] | None = ()
    without_source: tuple[str, ...] | None = ()
    derived: tuple[str, ...] | None = ()
    operations: int | None = None
    observed_s: float = 0.0


class DomainFacts(Record):
    """What is known about a domain.

    Args:
        named: as the user named it.
        endpoint: its URL; empty where it is not known.
        region, account: None where they are not known.
        managed: whether it is a domain of Amazon OpenSearch Service; None if that is not known.
        cluster: the cluster's UUID; empty if it did not answer.
        service: None for a cluster without a control plane, or if it could not be read.
        workload: None if it could not be read; a target's is not read.
        data_nodes: None if that could not be read.
        restore_limit: bytes per second that a node fetches at most; None for no limit, or if unread.
    """

    side: Side
    named: str
    endpoint: str = ""
    region: str | None = None
    account: str | None = None
    managed: bool | None = None
    cluster: str = ""
    version: FoundVersion | None = None
    service: ServiceFacts | None = None
    workload: WorkloadFacts | None = None
    data_nodes: int | None = None
    restore_limit: int | None = None
    unread: tuple[Unread, ...] = ()


class Wish(Record):
    """What is wanted where no target is named; None: as the source has it."""

    version: FoundVersion | None = None
    region: str | None = None
    account: str | None = None


class Question(Record):
    """A question to the service that has the form of a change, and changes nothing.

    Args:
        kind: what it asks.
        operation: the API operation.
        parameters: what is sent.
        right: the IAM action that it needs.
    """

    kind: Literal["upgrade check", "replication dry run"]
    operation: str
    parameters: dict[str, str | bool]
    right: str


class ServiceAnswer(Record):
    """What the service has answered to a question.

    Args:
        outcome: `passed`, `failed`, or `unknown` if it did not say it in time.
        issues: what it has found.
    """

    question: Question
    outcome: Literal["passed", "failed", "unknown"]
    issues: tuple[str, ...] = ()


class Reason(Record):
    """One fact that counts for or against a way.

    Args:
        rule: stable id of the rule.
        weight: `fits`, `caution` (something to do or to know), `unknown` or `impossible`.
        fact: what is so, in one sentence.
        hint: what would change or settle it; empty if nothing.
        source: where the rule is known from.
    """

    rule: str
    weight: Weight
    fact: str
    hint: str = ""
    source: str


class WayAdvice(Record):
    """One way, for these domains.

    Args:
        reasons: those that decide come first.
        downtime: how long writes or reads stop, in words.
        seconds: an estimate of how long writes should stop; None where no honest figure is known.
        whole_seconds: an estimate of the whole work.
        way_back: how one gets back.
        by_hand: what remains to be done by hand.
        proved: what is proved, and by whom.
        source: where all this is known from.
    """

    way: Way
    verdict: Verdict
    reasons: tuple[Reason, ...]
    downtime: str
    seconds: Range | None = None
    whole_seconds: Range | None = None
    way_back: str
    by_hand: tuple[str, ...]
    proved: str
    source: str


class Recommendation(Record):
    """The way that fits best.

    Args:
        way: None if none can be taken.
        because: the reason, in one sentence.
        if_known: ways that would be preferred if what is unknown about them were favourable.
    """

    way: Way | None
    because: str
    if_known: tuple[Way, ...] = ()


class Advice(Record):
    """The ways from a source to a target or to what is wished.

    Args:
        target: None if none is named.
        ways: all of them; those that are preferred for this case come first.
        questions: what would be asked of the service with `--execute`.
        answers: what it has answered.
    """

    source: DomainFacts
    target: DomainFacts | None
    wish: Wish
    ways: tuple[WayAdvice, ...]
    recommended: Recommendation
    questions: tuple[Question, ...] = ()
    answers: tuple[ServiceAnswer, ...] = ()

    def way(self, way: Way) -> WayAdvice:
        """The advice about this way."""
        return next(each for each in self.ways if each.way is way)
