"""Read IAM and STS: who the caller is, roles and their trust, what policies allow. Reads only."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

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
    """An IAM role: its ARN, the statements of its trust policy, and that policy's whole document."""

    arn: str
    trust: tuple[Json, ...]
    document: Json = field(default_factory=dict[str, Any], compare=False)


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
    found = role_of_name(session, arn)
    return found if found and found.arn == arn else None


@documented_by_aws
def role_of_name(session: boto3.Session, arn: str) -> Role | None:
    """Look up the role with the name in this ARN, whatever its path: a name is used once in an account.

    Raises:
        AwsError: as in `role`.
    """
    name = arn.rpartition("/")[2]
    iam = _client(session)
    reply = call_aws_if_exists(
        f"look up role {name}", lambda: iam.get_role(RoleName=name), f"iam:GetRole on {arn}"
    )
    return None if reply is None else _role(reply["Role"])


def _role(told: Json) -> Role:
    document = child(told, "AssumeRolePolicyDocument")
    return Role(str(told["Arn"]), _statements(document), document)


def _statements(document: Json) -> tuple[Json, ...]:
    alone: object = document.get("Statement")
    return (alone,) if is_object(alone) else tuple(children(document, "Statement"))


@documented_by_aws
def exists(session: boto3.Session, arn: str) -> bool:
    """Whether there is a user or role with this ARN.

    Raises:
        AwsError: the caller may not read it, or IAM cannot be reached.
    """
    if ":role/" in arn:
        return role(session, arn) is not None
    name = arn.rpartition("/")[2]
    iam = _client(session)
    reply = call_aws_if_exists(
        f"look up user {name}", lambda: iam.get_user(UserName=name), f"iam:GetUser on {arn}"
    )
    return reply is not None and reply["User"]["Arn"] == arn


@documented_by_aws
def role_tags(session: boto3.Session, arn: str) -> dict[str, str]:
    """Read the role's tags; empty without any, and without the role.

    Raises:
        AwsError: the caller may not read them, or IAM cannot be reached.
    """
    name = arn.rpartition("/")[2]
    iam = _client(session)
    reply = call_aws_if_exists(
        f"read the tags of role {name}",
        lambda: iam.list_role_tags(RoleName=name),
        f"iam:ListRoleTags on {arn}",
    )
    return {str(tag["Key"]): str(tag["Value"]) for tag in (reply["Tags"] if reply else ())}


@documented_by_aws
def inline_policy(session: boto3.Session, arn: str, policy: str) -> tuple[Json, ...] | None:
    """Read the statements of an inline policy of a user or role; None where there is none of this name.

    Raises:
        AwsError: the caller may not read it, or IAM cannot be reached.
    """
    name, kind = arn.rpartition("/")[2], "Role" if ":role/" in arn else "User"
    iam = _client(session)
    read = iam.get_role_policy if kind == "Role" else iam.get_user_policy
    reply = call_aws_if_exists(
        f"read policy {policy} of {name}",
        lambda: read(**{f"{kind}Name": name, "PolicyName": policy}),
        f"iam:Get{kind}Policy on {arn}",
    )
    return None if reply is None else _statements(child(reply, "PolicyDocument"))


@documented_by_aws
def role_policies(session: boto3.Session, arn: str) -> tuple[str, ...]:
    """List the role's policies: names of inline policies, ARNs of attached ones.

    Raises:
        AwsError: the caller may not list them, or IAM cannot be reached.
    """
    name = arn.rpartition("/")[2]
    iam = _client(session)

    def listed(operation: str, key: str) -> list[Any]:
        pages = iam.get_paginator(operation).paginate(RoleName=name)
        return call_aws(
            f"list the policies of role {name}",
            lambda: [told for page in pages for told in page[key]],
            f"iam:{'ListRolePolicies' if key == 'PolicyNames' else 'ListAttachedRolePolicies'} on {arn}",
        )

    attached = listed("list_attached_role_policies", "AttachedPolicies")
    return (
        *(str(each) for each in listed("list_role_policies", "PolicyNames")),
        *(str(each["PolicyArn"]) for each in attached),
    )


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
    iam = _client(session)
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
    iam = _client(session)
    pages = iam.get_paginator("list_roles").paginate(PaginationConfig={"MaxItems": most})
    found = call_aws(
        "list the roles", lambda: [told for page in pages for told in page["Roles"]], "iam:ListRoles"
    )
    return tuple(_role(told) for told in found if ":role/aws-service-role/" not in told["Arn"])


def _client(session: Any) -> Any:
    return call_aws("use IAM", lambda: client_of(session, "iam"))
