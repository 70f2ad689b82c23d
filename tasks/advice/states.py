"""Rules about the state and the kind of the domains, according to the control plane. Pure."""

from tasks.advice import sources
from tasks.advice.case import Case
from tasks.advice.rule import (
    ALL,
    COPIES,
    SERVICE,
    SNAPSHOTS,
    UPGRADES,
    Finding,
    caution,
    fits,
    impossible,
    rule,
    unknown,
)
from tasks.records.advice import DomainFacts, Way

_FILLS = (*COPIES, Way.CROSS_CLUSTER)
_BURSTABLE = ("t2.", "t3.", "m3.")


@rule("clone-under-way", *ALL, source=sources.CLONE_API)
def clone_under_way(case: Case, way: Way) -> Finding | None:
    """During a clone upgrade a domain is two clusters."""
    for each in case.domains():
        status = each.service.clone_upgrade if each.service else None
        if status:
            return impossible(
                f"a clone upgrade of the {each.side} is under way ({status})",
                "end it first: aws opensearch update-clone (cut over, or cancel, and end the retention)",
            )
    if way in SNAPSHOTS and any(
        each.service and each.service.clone_upgrade is None for each in case.domains()
    ):
        hint = "allow the caller es:DescribeDomainChangeProgress"
        return caution("whether a clone upgrade is under way could not be read", hint)
    return None


@rule("processing", *ALL, source=sources.DOMAIN)
def processing(case: Case, way: Way) -> Finding | None:
    """A change in progress has to end first."""
    busy = next((each for each in case.domains() if each.service and each.service.busy), None)
    if busy is None or not busy.service or busy.service.clone_upgrade:
        return None
    return caution(f"the {busy.side}: {busy.service.busy}", "wait until the domain is Active")


@rule("secondary-target", *_FILLS, source=sources.PEER)
def secondary_target(case: Case, way: Way) -> Finding | None:
    """A secondary is read-only."""
    if case.target is None:
        return None
    return _only_reads(case.target, "remove the peer first (RemoveReplicationPeer)")


@rule("secondary-source", *UPGRADES, *SNAPSHOTS, source=sources.PEER)
def secondary_source(case: Case, way: Way) -> Finding | None:
    """What a secondary still allows is not documented."""
    found = case.source.service.replication if case.source.service else None
    if not found or not found.read_only:
        return None
    what = "whether it can be upgraded" if way in UPGRADES else "whether it lets a repository be registered"
    return unknown(f"the source only reads ({found.read_only}); {what} is not documented", "take its primary")


def _only_reads(domain: DomainFacts, hint: str) -> Finding | None:
    if domain.service is None:
        return None
    found = domain.service.replication
    if found is None:
        hint = "allow the caller es:DescribeDomainReplication on it"
        return caution(f"whether the {domain.side} is the secondary of a replication could not be read", hint)
    if found.read_only:
        return impossible(f"the {domain.side} only reads: {found.read_only}", hint)
    return None


@rule("one-peer", Way.PEER, source=sources.PEER)
def one_peer(case: Case, way: Way) -> Finding | None:
    """A domain has one peer."""
    service = case.source.service
    if service is None or not case.other_region:
        return None
    if service.replication is None:
        return unknown(
            "whether the source has a peer already could not be read",
            "allow the caller es:DescribeDomainReplication on it",
        )
    if not service.replication.role:
        return fits("the source does not replicate yet")
    peers = service.replication.peers
    if case.target and case.target.service and case.target.service.arn in peers:
        return fits("the target is the source's peer already")
    return impossible(
        f"a domain has one peer, and the source has {', '.join(peers)}", "remove that peer first"
    )


@rule("access-control", Way.CROSS_CLUSTER, source=sources.CROSS_CLUSTER)
def access_control(case: Case, way: Way) -> Finding | None:
    """Replication between clusters needs fine-grained access control and encryption between nodes."""
    for each in case.domains():
        if each.service is None:
            if each.managed is False:
                return None  # it is refused anyway
            return unknown(
                f"the settings of the {each.side} could not be read", "allow es:DescribeDomain on it"
            )
        lacking = [
            name
            for name, is_on in (
                ("fine-grained access control", each.service.access_control),
                ("node-to-node encryption", each.service.node_to_node),
            )
            if not is_on
        ]
        if lacking:
            return impossible(
                f"the {each.side} has no {' and no '.join(lacking)}",
                "turn them on first; neither can be turned off again",
            )
        if each.service.instance_type.startswith(_BURSTABLE):
            return impossible(f"the {each.side} has {each.service.instance_type} instances: no M3, T2 or T3")
    return None


@rule("engine-mode", *ALL, source=sources.OPTIMIZED)
def engine_mode(case: Case, way: Way) -> Finding | None:
    """The Optimized engine cannot be changed, and its documents name fewer features."""
    found = [each for each in case.domains() if each.service and each.service.engine_mode == "OPTIMIZED"]
    if not found:
        return None
    said = f"the {found[0].side} has the Optimized engine"
    if way in UPGRADES:
        return caution(f"{said}, which cannot be changed: it stays optimized")
    if way in SERVICE:
        return unknown(f"{said}; whether it replicates is not documented", "let the service try it")
    return unknown(
        f"{said}: its documents name PPL and SQL as query languages and automatic snapshots alone",
        "rehearse one small index: it tries snapshot, restore and verification for real",
    )


@rule("native-encryption", *SNAPSHOTS, source=sources.DOMAIN)
def native_encryption(case: Case, way: Way) -> Finding | None:
    """Whether a snapshot of natively encrypted indices can be restored elsewhere is not documented."""
    found = [each for each in case.domains() if each.service and each.service.encryption_mode == "NATIVE"]
    if not found:
        return None
    return unknown(
        f"the {found[0].side} encrypts its indices itself (EncryptionMode NATIVE): whether another domain "
        "can restore, or this one can take, such a snapshot is not documented",
        "rehearse one small index: it tries snapshot and restore for real",
    )


@rule("deployment-strategy", Way.IN_PLACE, source=sources.DOMAIN)
def deployment_strategy(case: Case, way: Way) -> Finding | None:
    """How the blue/green deployment of an upgrade is made."""
    strategy = case.source.service.deployment_strategy if case.source.service else ""
    if strategy in {"", "Default"} or not case.is_in_place:
        return None
    return caution(f"the domain's blue/green deployments, and so the upgrade, follow the strategy {strategy}")


@rule("standby", *SNAPSHOTS, source=sources.RESTORING)
def standby(case: Case, way: Way) -> Finding | None:
    """Multi-AZ with Standby needs three copies of everything."""
    if case.target is None or case.target.service is None or not case.target.service.standby:
        return None
    return caution(
        "the target is Multi-AZ with Standby: every index needs a multiple of three copies",
        "restore: {index_settings: {number_of_replicas: 2}} in the plan",
    )
