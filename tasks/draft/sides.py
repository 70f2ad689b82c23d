"""Inspect one side of a new plan: where it is, and what it reports about itself."""

from dataclasses import dataclass

import boto3

from configs.plan import Side
from configs.values.aws import parse_role_arn
from domains.aws import control_plane, iam
from domains.aws.control_plane import DomainStatus
from domains.engine import catalog as names_on
from domains.engine import cluster, repositories
from domains.engine.catalog import Catalog
from domains.engine.cluster import ClusterIdentity
from domains.errors import SnapferryError, UnexpectedReply
from domains.http.json_replies import Json
from domains.versions import Version
from tasks.draft.access import Access, find_access
from tasks.draft.optional_reads import optional_read
from tasks.draft.options import SideOptions
from tasks.errors import PreconditionError
from tasks.records.draft import SideFound


@dataclass(frozen=True)
class InspectedSide:
    """Inspected side: its findings, and what later reads need.

    Args:
        session: AWS session of the side's login; None where requests are not signed.
        version, registrations, catalog: None if they could not be read.
    """

    asked: SideOptions
    found: SideFound
    session: boto3.Session | None = None
    version: Version | None = None
    registrations: dict[str, Json] | None = None
    catalog: Catalog | None = None


def inspect(side: Side, asked: SideOptions) -> InspectedSide:
    """Inspect one side. Reads only; can be repeated.

    Raises:
        PreconditionError: it does not exist, is not a domain, or does not answer and nothing else is known.
        AwsError: the login cannot be used.
    """
    way = find_access(side, asked)
    domain, unknown = way.domain, way.unknown
    session = domain.session if domain.signed else None
    identity = _identity(way)
    registrations = catalog = None
    if identity:
        registrations = optional_read(
            unknown, "its repositories are not known", lambda: repositories.all_registrations(domain)
        )
        catalog = optional_read(unknown, "its indices are not known", lambda: names_on.catalog(domain))
    status = way.status or (_status_by_cluster(way, identity) if identity and session else None)
    version = identity.version if identity else status.runs if status else None
    found = _found(asked, way, identity, status, version)
    return InspectedSide(asked, found, session, version, registrations, catalog)


def _identity(way: Access) -> ClusterIdentity | None:
    if way.reach.stage != "reached":
        return None
    try:
        return cluster.identity(way.domain)
    except UnexpectedReply as error:
        side = way.domain.side
        raise PreconditionError(error.message, hint=f"check --{side}: it must be that of a domain") from error
    except SnapferryError as error:
        way.unknown.append(f"its version and indices are not known: {error.message}")
        return None


def _status_by_cluster(way: Access, identity: ClusterIdentity) -> DomainStatus | None:
    """Look up the status by cluster name, which on the service is `account:domain`."""
    name = identity.name.rpartition(":")[2]
    what = "the control plane was not asked for it"
    return optional_read(way.unknown, what, lambda: control_plane.domain_status(way.domain.session, name))


def _account_of(asked: SideOptions) -> str | None:
    return parse_role_arn(asked.role_arn).account if asked.role_arn else None


def _found(
    asked: SideOptions,
    way: Access,
    identity: ClusterIdentity | None,
    status: DomainStatus | None,
    version: Version | None,
) -> SideFound:
    domain = way.domain
    session = domain.session if domain.signed else None
    who = (
        optional_read(way.unknown, "the caller's identity is not known", lambda: iam.caller(session))
        if session
        else None
    )
    return SideFound(
        side=domain.side,
        given=asked.given,
        domain=asked.domain,
        endpoint=asked.endpoint,
        region=domain.region,
        region_told_by=way.region_told_by,
        auth=way.auth,
        auth_told_by=way.auth_told_by,
        profile=asked.profile,
        role_arn=asked.role_arn,
        connect_to=asked.connect_to,
        ca_bundle=asked.ca_bundle,
        caller=who.arn if who else None,
        account=who.account if who else _account_of(asked),
        arn=status.arn if status else "",
        version=str(version) if version else "",
        cluster_name=identity.name if identity else "",
        cluster_uuid=identity.uuid if identity else "",
        busy=status.busy if status else "",
        reached=way.reach.stage == "reached",
        unknown=tuple(way.unknown),
    )
