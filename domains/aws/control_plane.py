"""Read a domain's status from the service's control plane. Reads only."""

import re
from dataclasses import dataclass

import boto3

from domains.aws.session import call_aws, call_aws_if_exists, control_plane_of
from domains.http.documented import documented_by_aws
from domains.http.json_replies import Json, child
from domains.versions import Engine, Version, version_of


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
        node_to_node: whether the traffic between its nodes is encrypted.
        upgrading: whether its engine is being upgraded.
        instance_type: the type of its data nodes, such as `r6g.large.search`.
        engine_mode: `GENERAL` or `OPTIMIZED`; fixed when the domain is created.
        use_case: `SEARCH`, `VECTOR`, `OBSERVABILITY` or `MIXED`.
        encryption_mode: how its data is encrypted at rest, `DISK` or `NATIVE` (by the engine, by index).
        deployment_strategy: how it makes blue/green deployments, `Default` or `CapacityOptimized`.

    The last five are empty where the control plane does not say.
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
    node_to_node: bool = False
    upgrading: bool = False
    instance_type: str = ""
    engine_mode: str = ""
    use_case: str = ""
    encryption_mode: str = ""
    deployment_strategy: str = ""

    @property
    def runs(self) -> Version | None:
        """The parsed version; None when it cannot be parsed."""
        return service_version(self.version)


def service_version(told: str) -> Version | None:
    """Parse a version as the control plane writes it, such as `OpenSearch_2.19`; None if it is none."""
    name, _, number = told.partition("_")
    engines: dict[str, Engine] = {"OpenSearch": "opensearch", "Elasticsearch": "elasticsearch"}
    try:
        return version_of(engines.get(name, "elasticsearch"), number)
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
    client = control_plane_of(session, region)
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
        node_to_node=bool(child(status, "NodeToNodeEncryptionOptions").get("Enabled")),
        upgrading=bool(status.get("UpgradeProcessing")),
        instance_type=str(cluster.get("InstanceType") or ""),
        engine_mode=str(status.get("EngineMode") or ""),
        use_case=str(status.get("UseCase") or ""),
        encryption_mode=str(child(status, "EncryptionAtRestOptions").get("EncryptionMode") or ""),
        deployment_strategy=str(child(status, "DeploymentStrategyOptions").get("DeploymentStrategy") or ""),
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
    client = control_plane_of(session)
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
