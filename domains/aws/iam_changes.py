"""Calls that change roles and their policies in IAM, prepared; `domains.aws.calls.send` sends them."""

from collections.abc import Mapping

from domains.aws.calls import AwsCall, document
from domains.http.json_replies import Json

Statements = tuple[Json, ...]


def name_of(arn: str) -> str:
    """The name of the role or user with this ARN, without its path."""
    return arn.rpartition("/")[2]


def is_role(arn: str) -> bool:
    """Whether this is the ARN of a role, and not of a user."""
    return ":role/" in arn


def account_of(arn: str) -> str:
    """The account in an ARN."""
    return arn.split(":")[4]


def create_role(arn: str, trust: Statements, description: str, tags: Mapping[str, str]) -> AwsCall:
    """Create a role with this ARN, trust policy and tags."""
    resource = arn.split(":", 5)[5]
    path = resource.removeprefix("role")[: -len(name_of(arn))]
    return _call(
        "CreateRole",
        arn,
        {
            "RoleName": name_of(arn),
            "Path": path,
            "AssumeRolePolicyDocument": document(trust),
            "Description": description,
            "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
        },
    )


def set_trust(arn: str, trust: Json) -> AwsCall:
    """Replace a role's trust policy by this document: pass on every statement that it has."""
    return _call("UpdateAssumeRolePolicy", arn, {"RoleName": name_of(arn), "PolicyDocument": trust})


def put_policy(arn: str, policy: str, statements: Statements) -> AwsCall:
    """Set an inline policy of this name on a role or user; its other policies stay."""
    kind = "Role" if is_role(arn) else "User"
    named = {f"{kind}Name": name_of(arn), "PolicyName": policy, "PolicyDocument": document(statements)}
    return _call(f"Put{kind}Policy", arn, named)


def delete_policy(arn: str, policy: str) -> AwsCall:
    """Delete the inline policy of this name from a role or user."""
    kind = "Role" if is_role(arn) else "User"
    return _call(f"Delete{kind}Policy", arn, {f"{kind}Name": name_of(arn), "PolicyName": policy})


def delete_role(arn: str) -> AwsCall:
    """Delete a role; IAM refuses one that still has policies."""
    return _call("DeleteRole", arn, {"RoleName": name_of(arn)})


def _call(operation: str, arn: str, parameters: Json) -> AwsCall:
    return AwsCall("iam", operation, account_of(arn), arn, parameters)
