"""The AWS account around a domain: who calls, roles and their trust, what policies allow. Reads only."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import boto3
import botocore.exceptions

from domains.aws import ask, client_of
from domains.replies import Json, child, children, is_object

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient

Decision = Literal["allowed", "explicitDeny", "implicitDeny", "unsure"]
"""IAM's own words; `unsure` where a condition decides whose key is not known."""
_MISSING = {"NoSuchEntity", "NoSuchEntityException", "ResourceNotFoundException"}


@dataclass(frozen=True)
class Caller:
    """Who signs.

    Args:
        arn: as STS tells it, a session's ARN for an assumed role.
        account: twelve digits.
        principal: the user's or role's own ARN, which policies name; None where it cannot be told (root,
            federated users).
    """

    arn: str
    account: str
    principal: str | None

    @property
    def partition(self) -> str:
        """`aws`, `aws-cn`, `aws-us-gov`, …"""
        return self.arn.split(":")[1]


@dataclass(frozen=True)
class Role:
    """An IAM role: its ARN, and the statements of its trust policy."""

    arn: str
    trust: tuple[Json, ...]


@dataclass(frozen=True)
class DomainStatus:
    """What the control plane tells of a domain.

    Args:
        version: for example `OpenSearch_2.19`.
        busy: what is under way (`Modifying`, an upgrade, a deletion); empty when nothing is.
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


def caller(session: boto3.Session) -> Caller:
    """Who these credentials are.

    Raises:
        AwsError: STS refuses them, or cannot be reached.
    """
    sts: STSClient = ask("ask STS who calls", lambda: client_of(session, "sts"))
    reply = ask("ask STS who calls", sts.get_caller_identity)
    return Caller(reply["Arn"], reply["Account"], _principal(session, reply["Arn"]))


def _principal(session: boto3.Session, arn: str) -> str | None:
    """The ARN that policies are attached to. A role's path is not in a session's ARN: it is looked up."""
    if ":user/" in arn:
        return arn
    found = re.fullmatch(r"arn:([a-z-]+):sts::(\d{12}):assumed-role/([^/]+)/.+", arn)
    if not found:
        return None
    try:
        reply = client_of(session, "iam").get_role(RoleName=found[3])
        return str(reply["Role"]["Arn"])
    except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError):
        return f"arn:{found[1]}:iam::{found[2]}:role/{found[3]}"


def role(session: boto3.Session, arn: str) -> Role | None:
    """The role, None when there is none of this name.

    Raises:
        AwsError: the caller may not look, or IAM cannot be reached.
    """
    name = arn.rpartition("/")[2]
    iam = ask("look at IAM", lambda: client_of(session, "iam"))
    reply = _found(f"look up role {name}", lambda: iam.get_role(RoleName=name), f"iam:GetRole on {arn}")
    if reply is None or reply["Role"]["Arn"] != arn:
        return None
    return _role(reply["Role"])


def _role(told: Json) -> Role:
    document = child(told, "AssumeRolePolicyDocument")
    alone: object = document.get("Statement")
    return Role(str(told["Arn"]), (alone,) if is_object(alone) else tuple(children(document, "Statement")))


def decisions(
    session: boto3.Session,
    principal: str,
    asked: Sequence[tuple[str, str]],
    context: Mapping[str, str] | None = None,
) -> dict[tuple[str, str], Decision]:
    """What the principal's own policies say, by `iam:SimulatePrincipalPolicy`.

    Args:
        principal: ARN of a user or role.
        asked: actions, each with the ARN it is for.
        context: condition keys and their values.

    Raises:
        AwsError: the caller may not simulate, or IAM cannot be reached.
    """
    iam = ask("look at IAM", lambda: client_of(session, "iam"))
    entries = [
        {"ContextKeyName": name, "ContextKeyValues": [value], "ContextKeyType": "string"}
        for name, value in {"aws:SecureTransport": "true", **(context or {})}.items()
    ]
    found: dict[tuple[str, str], Decision] = {}
    for resource in dict.fromkeys(arn for _, arn in asked):
        actions = [action for action, arn in asked if arn == resource]
        reply = ask(
            f"simulate the policies of {principal}",
            lambda actions=actions, resource=resource: iam.simulate_principal_policy(
                PolicySourceArn=principal,
                ActionNames=actions,
                ResourceArns=[resource],
                ContextEntries=entries,
            ),
            right=f"iam:SimulatePrincipalPolicy on {principal}",
        )
        for result in reply["EvaluationResults"]:
            found[result["EvalActionName"], resource] = _decision(result)
    return found


def refused_actions(
    session: boto3.Session, principal: str, asked: Sequence[tuple[str, str]]
) -> tuple[str, ...]:
    """Those of the actions that are not allowed, in words. Arguments and errors as of `decisions`."""
    found = decisions(session, principal, asked)
    return tuple(f"{action} on {arn}" for (action, arn), said in found.items() if said != "allowed")


def _decision(result: Json) -> Decision:
    """A refusal under conditions whose keys the simulation was not told is not sure."""
    decision: Decision = result["EvalDecision"]
    inside = children(result, "ResourceSpecificResults")
    missing = [each.get("MissingContextValues") for each in (result, *inside)]
    return decision if decision == "allowed" or not any(missing) else "unsure"


def domain_status(session: boto3.Session, name: str, region: str | None = None) -> DomainStatus | None:
    """The domain as the control plane has it; None when it knows none of this name there.

    Args:
        region: where to look; None for the session's Region.

    Raises:
        AwsError: the caller may not look, or the control plane cannot be reached.
    """
    client = ask("look at the control plane", lambda: client_of(session, "opensearch", region))
    reply = _found(
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
    return "a configuration change is under way" if status.get("Processing") else ""


def _found(what: str, call: Any, right: str) -> Any:
    """The reply; None when AWS says that there is no such thing."""

    def tolerant() -> Any:
        try:
            return call()
        except botocore.exceptions.ClientError as error:
            if error.response.get("Error", {}).get("Code") in _MISSING:
                return None
            raise

    return ask(what, tolerant, right)


def domain_name_of(host: str) -> str | None:
    """The name in a host of the service, `search-NAME-26LETTERS.…` or `vpc-NAME-…`; None in any other."""
    found = re.match(r"(?:search|vpc)-([a-z][a-z0-9-]{2,27})-[a-z0-9]{26}\.", host)
    return found[1] if found else None


def regions(session: boto3.Session) -> tuple[str, ...]:
    """The Regions that have the service, in the partition of the session's own. Sends nothing."""
    own = session.region_name
    partition = ask("tell the partition", lambda: session.get_partition_for_region(own) if own else "aws")
    return tuple(session.get_available_regions("opensearch", partition_name=partition))


def roles(session: boto3.Session, most: int = 2000) -> tuple[Role, ...]:
    """The account's roles with their trust policies, those that services made for themselves left out.

    Args:
        most: how many are looked at.

    Raises:
        AwsError: the caller may not list them, or IAM cannot be reached.
    """
    iam = ask("look at IAM", lambda: client_of(session, "iam"))
    pages = iam.get_paginator("list_roles").paginate(PaginationConfig={"MaxItems": most})
    found = ask("list the roles", lambda: [told for page in pages for told in page["Roles"]], "iam:ListRoles")
    return tuple(_role(told) for told in found if ":role/aws-service-role/" not in told["Arn"])
