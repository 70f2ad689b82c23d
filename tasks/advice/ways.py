"""The ways: downtime, the way back, what remains by hand, what is proved. Pure."""

from dataclasses import dataclass

from tasks.advice import sources
from tasks.records.advice import Way

_METADATA = "templates, pipelines, policies, roles and their mappings, which are no part of the data"
_COPIED = f"{_METADATA}: `snapferry metadata copy` brings what the target can take"
_CLIENTS = "the clients' endpoint"
_NEW_DOMAIN = "a target domain, if there is none yet, with its network, alarms and packages"


@dataclass(frozen=True)
class Description:
    """What is the same for every case; see WayAdvice for the fields."""

    downtime: str
    way_back: str
    by_hand: tuple[str, ...]
    proved: str
    source: str


DESCRIPTIONS: dict[Way, Description] = {
    Way.IN_PLACE: Description(
        downtime="none is planned: a blue/green deployment, during which the domain answers more slowly; "
        "it takes from minutes to hours, and cannot be paused or cancelled",
        way_back="none: an upgrade is irreversible; only a snapshot can be restored, to a domain of the "
        "old version",
        by_hand=(
            "take a manual snapshot before",
            "read the breaking changes of the new version, and try your clients against it elsewhere",
        ),
        proved="nothing about your documents: the service checks whether the domain is eligible",
        source=sources.UPGRADING,
    ),
    Way.CLONE: Description(
        downtime="none is planned: the clone is filled beside the domain, takes a share of the searches "
        "if you want it to, and takes over when you decide",
        way_back="cancel before the cutover; after it, roll back to the old cluster while it is kept (1 "
        "to 336 hours). What becomes of writes after the cutover is not documented here: do not count on "
        "them",
        by_hand=(
            "decide: shift reads, cut over or cancel (aws opensearch update-clone)",
            "try your clients' searches on the clone before; writes always go to the old cluster",
        ),
        proved="nothing about your documents: before the cutover only reads can be tried on the clone",
        source=f"{sources.CLONE}; {sources.CLONE_API}",
    ),
    Way.PEER: Description(
        downtime="the switchover: it is coordinated so that no write is lost; how long writes wait is not "
        "documented",
        way_back="switch over again: the former primary is the secondary then. A failover loses writes",
        by_hand=(
            f"{_METADATA} (CompareDomainConfiguration lists what differs)",
            _CLIENTS,
            "remove the peer in the end; until then the other domain only reads",
        ),
        proved="nothing by the service; `snapferry verify --source … --target … --level content` compares",
        source=f"{sources.PEER}; {sources.SWITCHOVER}; {sources.METADATA}",
    ),
    Way.MIGRATE: Description(
        downtime="writes to the source should stop from the snapshot to the end of the verification; "
        "searches go on",
        way_back="the source stays as it is, until you delete it",
        by_hand=(_NEW_DOMAIN, _COPIED, _CLIENTS),
        proved="every operation of every index is compared, or the documents' contents; what cannot be "
        "compared is a failure. A rehearsal proves the whole path before",
        source=f"{sources.SNAPSHOTS}; {sources.VERIFICATION}",
    ),
    Way.SEED: Description(
        downtime="writes stop for the last round only: what has changed since the round before, its "
        "verification and the opening; `snapferry cutover PLAN` estimates it, with a deadline after which "
        "it is rolled back",
        way_back="until the opening the source takes writes again by itself; afterwards it stays, with "
        "its writes blocked",
        by_hand=(_NEW_DOMAIN, _COPIED, _CLIENTS),
        proved="as with a migration, while nothing is written; a rehearsal proves the whole path before",
        source=sources.CUTOVER,
    ),
    Way.REINDEX: Description(
        downtime="writes to the source should stop while it runs, or be sent to both; it indexes every "
        "document anew, which takes longer than copying a snapshot's files, and costs the target CPU",
        way_back="the source stays as it is, until you delete it",
        by_hand=(
            "create every index on the target first, with its mappings and settings; aliases too",
            "let the target reach the source's endpoint (VPC, access policy)",
            _METADATA,
            _CLIENTS,
        ),
        proved="counts by the task; `snapferry verify --level content` compares documents (sequence "
        "numbers differ)",
        source=sources.REMOTE,
    ),
    Way.CROSS_CLUSTER: Description(
        downtime="the end: writers stop, followers catch up, replication is stopped, and the followers "
        "take writes",
        way_back="replicate the other way, set up by hand, while both run the same version; none after an "
        "upgrade",
        by_hand=("connect the domains, and start replication for each index or pattern", _METADATA, _CLIENTS),
        proved="nothing by the service; `snapferry verify --source … --target … --level content` compares",
        source=sources.CROSS_CLUSTER,
    ),
    Way.ASSISTANT: Description(
        downtime="writes stop during the backfill, or are captured and replayed by its proxy",
        way_back="the source stays as it is; its proxy can keep it up to date",
        by_hand=(
            "deploy it first: a Kubernetes cluster (EKS) with its tools",
            "ISM policies, pipelines, dashboards and access control: it moves none of them",
            _CLIENTS,
        ),
        proved="nothing: its documents tell you to compare counts yourself; `snapferry verify --level "
        "content` compares documents",
        source=sources.ASSISTANT,
    ),
}
