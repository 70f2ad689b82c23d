"""Read IAM and STS: who the caller is, roles and their trust, what policies allow. Reads only."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import boto3
import botocore.exceptions

from domains.aws.session import call_aws, call_aws_if_exists, client_of
from domains.http.documented import documented_by_aws
from domains.http.json_replies import Json, child, children, is_object

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient

Decision = Literal["allowed", "explicitDeny", "implicitDeny", "unsure"]
"""IAM's own words; `unsure` where the decision depends on a condition key without a known value."""


@dataclass(frozen=True)
class Caller:
    """The identity that signs requests.

    Args:
        arn: as STS reports it; for an assumed role, the session's ARN.
        account: twelve digits.
        principal: the ARN of the user or role, which policies name; None where it is unknown (root, federated
            users).
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


@documented_by_aws
def caller(session: boto3.Session) -> Caller:
    """Ask STS whose credentials these are.

    Raises:
        AwsError: STS refuses them or cannot be reached.
    """
    sts: STSClient = call_aws("ask STS who the caller is", lambda: client_of(session, "sts"))
    reply = call_aws("ask STS who the caller is", sts.get_caller_identity)
    return Caller(reply["Arn"], reply["Account"], _principal(session, reply["Arn"]))


def _principal(session: boto3.Session, arn: str) -> str | None:
    """The ARN that policies are attached to. A session's ARN lacks the role's path, so look the role up."""
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


@documented_by_aws
def role(session: boto3.Session, arn: str) -> Role | None:
    """Look up the role; None when there is none with this ARN.

    Raises:
        AwsError: the caller may not read it, or IAM cannot be reached.
    """
    name = arn.rpartition("/")[2]
    iam = call_aws("use IAM", lambda: client_of(session, "iam"))
    reply = call_aws_if_exists(
        f"look up role {name}", lambda: iam.get_role(RoleName=name), f"iam:GetRole on {arn}"
    )
    if reply is None or reply["Role"]["Arn"] != arn:
        return None
    return _role(reply["Role"])


def _role(told: Json) -> Role:
    document = child(told, "AssumeRolePolicyDocument")
    alone: object = document.get("Statement")
    return Role(str(told["Arn"]), (alone,) if is_object(alone) else tuple(children(document, "Statement")))


@documented_by_aws
def decisions(
    session: boto3.Session,
    principal: str,
    asked: Sequence[tuple[str, str]],
    context: Mapping[str, str] | None = None,
) -> dict[tuple[str, str], Decision]:
    """Ask IAM what the principal's own policies allow (`iam:SimulatePrincipalPolicy`).

    Args:
        principal: ARN of a user or role.
        asked: actions, each with the ARN of its resource.
        context: condition keys and their values.

    Raises:
        AwsError: the caller may not simulate, or IAM cannot be reached.
    """
    iam = call_aws("use IAM", lambda: client_of(session, "iam"))
    context = dict(context or {})
    entries = [_entry("aws:SecureTransport", "true", "boolean")]
    entries += [_entry(name, value, "string") for name, value in context.items()]
    pages = iam.get_paginator("simulate_principal_policy")
    found: dict[tuple[str, str], Decision] = dict.fromkeys(asked, "unsure")  # where no answer comes back
    for resource in dict.fromkeys(arn for _, arn in asked):
        actions = [action for action, arn in asked if arn == resource]
        told = call_aws(
            f"simulate the policies of {principal}",
            lambda actions=actions, resource=resource: list(
                pages.paginate(
                    PolicySourceArn=principal,
                    ActionNames=actions,
                    ResourceArns=[resource],
                    ContextEntries=entries,
                )
            ),
            right=f"iam:SimulatePrincipalPolicy on {principal}",
        )
        for result in (result for page in told for result in page["EvaluationResults"]):
            found[result["EvalActionName"], resource] = _decision(result)
    return found


def _entry(name: str, value: str, kind: str) -> Json:
    return {"ContextKeyName": name, "ContextKeyValues": [value], "ContextKeyType": kind}


def refused_actions(
    session: boto3.Session, principal: str, asked: Sequence[tuple[str, str]]
) -> tuple[str, ...]:
    """List the actions that are not allowed, in words. Arguments and errors as in `decisions`."""
    found = decisions(session, principal, asked)
    return tuple(f"{action} on {arn}" for (action, arn), said in found.items() if said != "allowed")


def _decision(result: Json) -> Decision:
    """Read one answer; it is `unsure` when the simulation lacked a condition key, be it yes or no."""
    inside = children(result, "ResourceSpecificResults")
    if any(each.get("MissingContextValues") for each in (result, *inside)):
        return "unsure"
    decision: Decision = result["EvalDecision"]
    return decision if decision in ("allowed", "explicitDeny", "implicitDeny") else "unsure"


@documented_by_aws
def roles(session: boto3.Session, most: int = 2000) -> tuple[Role, ...]:
    """List the account's roles with their trust policies, without service-linked roles.

    Args:
        most: how many roles to read at most.

    Raises:
        AwsError: the caller may not list them, or IAM cannot be reached.
    """
    iam = call_aws("use IAM", lambda: client_of(session, "iam"))
    pages = iam.get_paginator("list_roles").paginate(PaginationConfig={"MaxItems": most})
    found = call_aws(
        "list the roles", lambda: [told for page in pages for told in page["Roles"]], "iam:ListRoles"
    )
    return tuple(_role(told) for told in found if ":role/aws-service-role/" not in told["Arn"])
