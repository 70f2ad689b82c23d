"""A set-up as a CloudFormation template, for one account."""

from collections.abc import Iterator
from typing import Any

import yaml

from reports.access_files.document import encryption, policy
from tasks.records.access import AccessModel, BucketModel, CallerModel, Piece, RoleModel

_NAMES = {Piece.SOURCE_ROLE: "SnapshotRole", Piece.TARGET_ROLE: "TargetSnapshotRole"}


def cloudformation(model: AccessModel, account: str) -> str:
    """The template with everything that is to be in this account, as YAML.

    A key's policy and access control are not in it: a template can only replace them.
    """
    resources = dict(_resources(model, account))
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"Access for the Snapferry plan {model.plan}, in account {account}",
        "Resources": resources,
    }
    notes = "".join(f"{comment(line)}\n" for line in _notes(model))
    return notes + yaml.dump(template, Dumper=_Plain, sort_keys=False, width=10_000)


class _Plain(yaml.SafeDumper):
    """Writes no anchors: what is used twice is written twice."""

    def ignore_aliases(self, data: Any) -> bool:
        """Never refer back."""
        return True


def _notes(model: AccessModel) -> Iterator[str]:
    yield "Deploy it with the capability CAPABILITY_NAMED_IAM."
    yield from left_to_apply(model)
    yield from model.notes


def comment(text: str) -> str:
    """A comment of one line, whatever is in the text."""
    return f"# {' '.join(text.split())}"


def left_to_apply(model: AccessModel) -> Iterator[str]:
    """What no template holds, because it could only replace what others have there."""
    if model.bucket and model.bucket.key_policy:
        yield (
            f"The policy of {model.bucket.key} is not changed here: if it does not leave the roles to their "
            "account, `snapferry access apply` adds to it."
        )
    if model.access_control:
        yield (
            "Mappings of fine-grained access control are not made here: `snapferry access apply --only "
            "access-control` adds to them."
        )


def _resources(model: AccessModel, account: str) -> Iterator[tuple[str, dict[str, Any]]]:
    bucket = model.bucket
    if bucket and bucket.account == account:
        yield "SnapshotBucket", _bucket(model, bucket)
        if bucket.policy:
            yield "SnapshotBucketPolicy", _bucket_policy(bucket)
    for role in model.roles:
        if _is_of(role.arn, account):
            yield _NAMES[role.piece], _role(model, role)
    callers = [caller for caller in model.callers if _is_of(caller.arn, account)]
    for number, caller in enumerate(callers, 1):
        yield f"Caller{number if len(callers) > 1 else ''}", _caller(model, caller)


def _is_of(arn: str, account: str) -> bool:
    return arn.split(":")[4] == account


def _bucket(model: AccessModel, bucket: BucketModel) -> dict[str, Any]:
    rule: dict[str, Any] = {"ServerSideEncryptionByDefault": encryption(bucket)}
    if bucket.key:
        rule["BucketKeyEnabled"] = True
    return {
        "Type": "AWS::S3::Bucket",
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": {
            "BucketName": bucket.name,
            "BucketEncryption": {"ServerSideEncryptionConfiguration": [rule]},
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
            "Tags": _tags(model),
        },
    }


def _bucket_policy(bucket: BucketModel) -> dict[str, Any]:
    document = policy(bucket.policy)
    return {
        "Type": "AWS::S3::BucketPolicy",
        "Properties": {"Bucket": {"Ref": "SnapshotBucket"}, "PolicyDocument": document},
    }


def _role(model: AccessModel, role: RoleModel) -> dict[str, Any]:
    return _new_role(model, role.arn, policy(role.trust), policy(role.policy))


def _new_role(model: AccessModel, arn: str, trust: dict[str, Any], rights: dict[str, Any]) -> dict[str, Any]:
    path, name = path_and_name(arn)
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "RoleName": name,
            "Path": path,
            "Description": f"Made for the Snapferry plan {model.plan}",
            "AssumeRolePolicyDocument": trust,
            "Policies": [{"PolicyName": model.policy, "PolicyDocument": rights}],
            "Tags": _tags(model),
        },
    }


def _caller(model: AccessModel, caller: CallerModel) -> dict[str, Any]:
    if caller.trust:
        return _new_role(model, caller.arn, policy(caller.trust), policy(caller.policy))
    kind = "Role" if ":role/" in caller.arn else "User"
    return {
        "Type": f"AWS::IAM::{kind}Policy",
        "Properties": {
            f"{kind}Name": path_and_name(caller.arn)[1],
            "PolicyName": model.policy,
            "PolicyDocument": policy(caller.policy),
        },
    }


def path_and_name(arn: str) -> tuple[str, str]:
    """The path (`/` or `/a/b/`) and the name in the ARN of a role or user."""
    resource = arn.split(":", 5)[5]
    path, _, name = resource[resource.index("/") :].rpartition("/")
    return f"{path}/", name


def _tags(model: AccessModel) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in model.tags.items()]
