"""Authorize calls to the account by IAM policies, where moto would let everybody in.

This covers assuming roles, changing a domain's configuration, and the reads of IAM, KMS, the control plane
and a bucket's settings that an operator makes before a migration. Other calls, and callers that are not a
user or role of the account, pass.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, parse_qsl

from lab.account.directory import Caller, Directory, account_of
from lab.account.policies import (
    Decision,
    Policy,
    Request,
    across_accounts,
    by_identity,
    by_resource,
    in_one_account,
)
from lab.settings import ACCOUNT

BUCKET_READS = {
    "lifecycle": "s3:GetLifecycleConfiguration",
    "encryption": "s3:GetEncryptionConfiguration",
    "object-lock": "s3:GetBucketObjectLockConfiguration",
    "ownershipControls": "s3:GetBucketOwnershipControls",
    "policy": "s3:GetBucketPolicy",
    "list-type": "s3:ListBucket",
    "tagging": "s3:GetBucketTagging",
}
DOMAIN = re.compile(r"^/2021-01-01/opensearch/domain/([^/]+)(/config)?$")
KEY_READS = {"DescribeKey", "GetKeyPolicy"}


@dataclass(frozen=True)
class Call:
    """A request to the account's API: the service and Region that it is signed for, and its contents."""

    service: str
    region: str
    method: str
    path: str
    query: str = ""
    target: str = ""
    body: bytes = b""


@dataclass(frozen=True)
class Look:
    """The request in terms of IAM: an action on a resource, with its condition keys."""

    action: str
    resource: str
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def look_of(call: Call) -> Look | None:
    """Find the action to authorize; None for a request that needs no authorization."""
    if call.service in {"iam", "sts"} and call.method == "POST":
        return _form(dict(parse_qsl(call.body.decode(), keep_blank_values=True)), call.service)
    if call.service == "s3":
        return _bucket(call)
    if call.service == "es" and (found := DOMAIN.match(call.path)):
        return _domain(call, found.group(1), found.group(2) is not None)
    operation = call.target.rpartition(".")[2]
    if call.service == "kms" and operation in KEY_READS:
        named = str(json.loads(call.body or b"{}").get("KeyId"))
        full = named if named.startswith("arn:") else f"arn:aws:kms:{call.region}:{ACCOUNT}:key/{named}"
        return Look(f"kms:{operation}", full)
    return None


def _form(fields: Mapping[str, str], service: str) -> Look | None:
    action = fields.get("Action", "")
    if service == "sts" and action == "AssumeRole":
        external = fields.get("ExternalId")
        return Look("sts:AssumeRole", fields["RoleArn"], {"sts:ExternalId": (external,)} if external else {})
    if service == "iam" and action == "GetRole":
        return Look("iam:GetRole", f"arn:aws:iam::{ACCOUNT}:role/{fields.get('RoleName')}")
    if service == "iam" and action == "SimulatePrincipalPolicy":
        return Look("iam:SimulatePrincipalPolicy", fields.get("PolicySourceArn", "*"))
    return Look("iam:ListRoles", "*") if service == "iam" and action == "ListRoles" else None


def _domain(call: Call, name: str, configuration: bool) -> Look | None:
    by_method = {"GET": "DescribeDomainConfig", "POST": "UpdateDomainConfig"} if configuration else {}
    by_method = by_method or {"GET": "DescribeDomain"}
    if call.method not in by_method:
        return None
    return Look(f"es:{by_method[call.method]}", f"arn:aws:es:{call.region}:{ACCOUNT}:domain/{name}")


def _bucket(call: Call) -> Look | None:
    bucket, _, key = call.path.lstrip("/").partition("/")
    if not bucket or key or call.method not in {"GET", "HEAD"}:
        return None
    if call.method == "HEAD":
        return Look("s3:ListBucket", f"arn:aws:s3:::{bucket}")
    asked = parse_qs(call.query, keep_blank_values=True)
    action = next((BUCKET_READS[name] for name in BUCKET_READS if name in asked), None)
    context = {"s3:prefix": tuple(asked["prefix"])} if "prefix" in asked else {}
    return Look(action, f"arn:aws:s3:::{bucket}", context) if action else None


def decided(look: Look, caller: Caller, directory: Directory) -> Decision:
    """Whether the caller's policies and the resource's allow the request."""
    request = Request(look.action, look.resource, look.context)
    own = by_identity(directory.policies(caller.identity), request)
    if look.action == "sts:AssumeRole":
        role = directory.role(look.resource)
        trust = (role.trust,) if role else ()
        left = by_resource(trust, request, caller.principal, delegating=True)
        named = by_resource(trust, request, caller.principal)
        foreign = account_of(look.resource) != caller.account
        return in_one_account(across_accounts(own, left), "implicitDeny" if foreign else named)
    return in_one_account(own, by_resource(_policies(look, directory), request, caller.principal))


def _policies(look: Look, directory: Directory) -> tuple[Policy, ...]:
    if not look.action.startswith("s3:"):
        return ()
    bucket = directory.bucket(look.resource.rpartition(":")[2])
    return bucket.policies if bucket else ()


def words(look: Look, caller: Caller) -> str:
    """AWS's message for a denied caller (grade R, without its reason)."""
    return f"User: {caller.arn} is not authorized to perform: {look.action} on resource: {look.resource}"
