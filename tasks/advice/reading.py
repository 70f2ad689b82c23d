"""Read the facts about one domain, from itself and from the control plane. Reads only."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

import boto3

from configs.plan import DomainSettings, Side
from configs.values.aws import DOMAIN_PATTERN
from domains.aws import control_plane, replication, upgrades
from domains.aws.control_plane import DomainStatus
from domains.domain import Domain
from domains.engine import nodes as nodes_of
from domains.engine.cluster import ClusterIdentity
from domains.versions import Version
from tasks.advice.unread import Reading
from tasks.advice.workload import read_workload
from tasks.records.advice import DomainFacts, FoundVersion, PeerFacts, ServiceFacts
from tasks.records.estimates import DOCUMENTED_LIMIT

_CLUSTER = re.compile(r"(?P<account>\d{12}):[a-z][a-z0-9-]{2,27}")
"""A cluster's name on the service."""


@dataclass(frozen=True)
class Access:
    """What is known of the way to one domain.

    Args:
        named: as the user named it.
        domain: None if it did not answer.
        identity: what it has answered; None if it did not.
        session: of its login; None where requests are not signed, so that there is no control plane.
    """

    side: Side
    named: str
    settings: DomainSettings
    domain: Domain | None = None
    identity: ClusterIdentity | None = None
    session: boto3.Session | None = None


def read_facts(access: Access, reading: Reading, observe_s: float = 0.0) -> DomainFacts:
    """Read everything about one domain that decides about a way. Reads only; can be repeated.

    Args:
        reading: notes what cannot be read.
        observe_s: for a source, seconds in which to see whether it is written to.
    """
    status = _status(access, reading)
    service = _service(access, status, reading) if status else None
    arn = status.arn.split(":") if status and status.arn.count(":") >= 5 else []
    cluster = _CLUSTER.fullmatch(access.identity.name) if access.identity else None
    domain = access.domain
    is_source = access.side == "source"
    return DomainFacts(
        side=access.side,
        named=access.named,
        endpoint=(domain.endpoint if domain else access.settings.endpoint) or "",
        region=access.settings.region or (arn[3] if arn else None),
        account=arn[4] if arn else cluster["account"] if cluster else None,
        managed=_is_managed(access, status),
        cluster=access.identity.uuid if access.identity else "",
        version=_version(access, status),
        service=service,
        workload=read_workload(domain, reading, observe_s) if domain and is_source else None,
        data_nodes=_data_nodes(domain, reading) if domain else None,
        restore_limit=_restore_limit(domain, reading) if domain and not is_source else None,
        unread=tuple(reading.unread),
    )


def _is_managed(access: Access, status: DomainStatus | None) -> bool | None:
    by_cluster = bool(access.identity and _CLUSTER.fullmatch(access.identity.name))
    if status or by_cluster or access.settings.is_managed:
        return True
    return None if access.settings.is_signed else False


def _version(access: Access, status: DomainStatus | None) -> FoundVersion | None:
    found: Version | None = access.identity.version if access.identity else status.runs if status else None
    return FoundVersion(engine=found.engine, number=found.number) if found else None


def _status(access: Access, reading: Reading) -> DomainStatus | None:
    """The domain in the control plane; None if it is not known there, or belongs to somebody else."""
    session, name = access.session, _name(access)
    if session is None or name is None:
        return None
    found = reading.attempt(
        "what the control plane says of it",
        lambda: control_plane.domain_status(session, name, access.settings.region),
    )
    cluster = _CLUSTER.fullmatch(access.identity.name) if access.identity else None
    is_other = bool(found and cluster and f":{cluster['account']}:" not in found.arn)
    return None if is_other else found


def _name(access: Access) -> str | None:
    if access.settings.domain:
        return access.settings.domain
    host = urlsplit(access.settings.endpoint or "").hostname or ""
    by_cluster = access.identity.name.rpartition(":")[2] if access.identity else ""
    is_name = re.fullmatch(DOMAIN_PATTERN, by_cluster) is not None
    return control_plane.domain_name_of(host) or (by_cluster if is_name else None)


def _service(access: Access, status: DomainStatus, reading: Reading) -> ServiceFacts:
    session, name = access.session, status.name
    if session is None:
        raise ValueError("a status was read without a session")
    clone = reading.attempt("whether a clone upgrade is under way", lambda: _clone_status(session, name))
    return ServiceFacts(
        name=name,
        arn=status.arn,
        busy=status.busy,
        access_control=status.access_control,
        node_to_node=status.node_to_node,
        standby=status.standby,
        warm=status.warm,
        cold=status.cold,
        instance_type=status.instance_type,
        engine_mode=status.engine_mode,
        use_case=status.use_case,
        encryption_mode=status.encryption_mode,
        deployment_strategy=status.deployment_strategy,
        upgrade_targets=_upgrade_targets(access, session, name, reading),
        clone_upgrade=clone,
        replication=reading.attempt("its replication", lambda: _peers(session, name)),
    )


def _upgrade_targets(
    access: Access, session: boto3.Session, name: str, reading: Reading
) -> tuple[str, ...] | None:
    if access.side == "target":
        return None  # nobody upgrades it
    return reading.attempt(
        "the versions that it can be upgraded to", lambda: upgrades.upgrade_targets(session, name)
    )


def _clone_status(session: boto3.Session, name: str) -> str:
    found = upgrades.clone_upgrade(session, name)
    if found is None:
        return ""
    planned = f", {found.scheduled} is planned" if found.scheduled else ""
    return f"{found.status or 'its status is not said'}{planned}"


def _peers(session: boto3.Session, name: str) -> PeerFacts:
    found = replication.replication(session, name)
    arns = tuple(peer.arn for peer in found.peers)
    return PeerFacts(role=found.role, peers=arns, read_only=found.why_read_only)


def _data_nodes(domain: Domain, reading: Reading) -> int | None:
    found = reading.attempt("its nodes", lambda: nodes_of.nodes(domain))
    return max(1, sum(node.data for node in found)) if found else None


def _restore_limit(domain: Domain, reading: Reading) -> int | None:
    """The limit of the domain, which may be none; the documented one if it cannot be read."""
    noted = len(reading.unread)
    found = reading.attempt("how fast its nodes may restore", lambda: nodes_of.recovery_limit(domain))
    return DOCUMENTED_LIMIT if len(reading.unread) > noted else found
