"""Read a domain's status from the service's control plane. Reads only."""

import re
from dataclasses import dataclass

import boto3

from domains.aws.session import SHORT_TIMEOUTS, call_aws, call_aws_if_exists, client_of
from domains.http.documented import documented_by_aws
from domains.http.json_replies import Json, child
from domains.versions import Version, version_of


@dataclass(frozen=True)
class DomainStatus:
    """A domain's status, as the control plane reports it.

    Args:
        version: for example `OpenSearch_2.19`.
        busy: the change in progress (`Modifying`, an upgrade, a deletion); empty without one.
        access_policy: the domain's own policy, as JSON text; empty without one.
        access_control: whether fine-grained access control is on.
        standby: whether it is Multi-AZ with Standby.
        warm, cold: whether UltraWarm and cold storage are enabled.
    """

    name: str
    arn: str
    version: str
    busy: str
    access_policy: str
    access_control: bool
    standby: bool
    warm: bool
    cold: bool

    @property
    def runs(self) -> Version | None:
        """The parsed version; None when it cannot be parsed."""
        name, _, number = self.version.partition("_")
        try:
            return version_of("opensearch" if name == "OpenSearch" else "elasticsearch", number)
        except ValueError:
            return None


@documented_by_aws
def domain_status(session: boto3.Session, name: str, region: str | None = None) -> DomainStatus | None:
    """Describe the domain; None when the control plane has none of this name in the Region.

    Args:
        region: the Region to look in; None for the session's.

    Raises:
        AwsError: the caller may not read it, or the control plane cannot be reached.
    """
    client = call_aws(
        "use the control plane", lambda: client_of(session, "opensearch", region, SHORT_TIMEOUTS)
    )
    reply = call_aws_if_exists(
        f"describe domain {name}",
        lambda: client.describe_domain(DomainName=name),
        f"es:DescribeDomain on {name}",
    )
    if reply is None:
        return None
    status: Json = reply["DomainStatus"]
    cluster = child(status, "ClusterConfig")
    return DomainStatus(
        name=name,
        arn=str(status.get("ARN") or ""),
        version=str(status.get("EngineVersion") or ""),
        busy=_busy(status),
        access_policy=str(status.get("AccessPolicies") or ""),
        access_control=bool(child(status, "AdvancedSecurityOptions").get("Enabled")),
        standby=bool(cluster.get("MultiAZWithStandbyEnabled")),
        warm=bool(cluster.get("WarmEnabled")),
        cold=bool(child(cluster, "ColdStorageOptions").get("Enabled")),
    )


def _busy(status: Json) -> str:
    if status.get("Deleted"):
        return "it is being deleted"
    if status.get("UpgradeProcessing"):
        return "its engine is being upgraded"
    told = str(status.get("DomainProcessingStatus") or "")
    if told and told != "Active":
        return f"its status is {told}"
    return "a configuration change is in progress" if status.get("Processing") else ""


def domain_name_of(host: str) -> str | None:
    """Extract the name from a host such as `search-NAME-26LETTERS.…` or `vpc-NAME-…`; None from any other."""
    found = re.match(r"(?:search|vpc)-([a-z][a-z0-9-]{2,27})-[a-z0-9]{26}\.", host)
    return found[1] if found else None


def regions(session: boto3.Session) -> tuple[str, ...]:
    """List the Regions that offer the service, in the partition of the session's Region. Sends nothing."""
    own = session.region_name
    partition = call_aws(
        "determine the partition", lambda: session.get_partition_for_region(own) if own else "aws"
    )
    return tuple(session.get_available_regions("opensearch", partition_name=partition))


@documented_by_aws
def packages(session: boto3.Session, domain: str) -> dict[str, str]:
    """List the ids of the domain's packages (`F123456789`), each with its status (`ACTIVE`).

    Raises:
        AwsError: the caller may not list them (`es:ListPackagesForDomain`), or it cannot be reached.
    """
    client = call_aws("use the control plane", lambda: client_of(session, "opensearch", None, SHORT_TIMEOUTS))
    found: dict[str, str] = {}
    page: dict[str, str] = {}
    while True:
        reply = call_aws(
            f"list the packages of domain {domain}",
            lambda page=page: client.list_packages_for_domain(DomainName=domain, **page),
            f"es:ListPackagesForDomain on {domain}",
        )
        listed = reply["DomainPackageDetailsList"]
        found |= {str(each["PackageID"]): str(each["DomainPackageStatus"]) for each in listed}
        if not reply.get("NextToken"):
            return found
        page = {"NextToken": reply["NextToken"]}
