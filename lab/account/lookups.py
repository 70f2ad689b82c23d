"""Authorize calls to the account by IAM policies, where moto would let everybody in.

This covers assuming roles, changing a domain's configuration, and the reads of IAM, KMS, the control plane
and a bucket's settings that an operator makes before a migration. Other calls, and callers that are not a
user or role of an account, pass. Across accounts every request to S3 is authorized.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, parse_qsl

from lab.account import bucket_rights
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
from lab.account.s3_actions import OWN_ACCOUNT_ONLY, S3Request
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
SERVICE = "/2021-01-01/opensearch"
DOMAIN = re.compile(
    r"^/2021-01-01/opensearch/domain/([^/]+)(?:/(config|progress|replication(?:/addPeer)?))?$"
)
DOMAIN_ACTIONS = {
    ("GET", None): "DescribeDomain",
    ("GET", "config"): "DescribeDomainConfig",
    ("POST", "config"): "UpdateDomainConfig",
    ("GET", "progress"): "DescribeDomainChangeProgress",
    ("GET", "replication"): "DescribeDomainReplication",
    ("POST", "replication/addPeer"): "AddReplicationPeer",
}
UPGRADES = re.compile(r"^/2021-01-01/opensearch/upgradeDomain/([^/]+)/(status|history)$")
KEY_READS = {"DescribeKey", "GetKeyPolicy"}
ACROSS_ACCOUNTS = {
    "CreateGrant", "Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey", "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext", "GenerateDataKeyWithoutPlaintext", "GenerateMac",
    "GetKeyRotationStatus", "GetPublicKey", "ListGrants", "ReEncrypt", "RetireGrant", "RevokeGrant", "Sign",
    "Verify", "VerifyMac",
}  # fmt: skip
"""What KMS offers to callers of other accounts than the key's."""
BUCKET_ARN = "arn:aws:s3:::"


@dataclass(frozen=True)
class Call:
    """A request to an account's API: the service and Region that it is signed for, its contents, and the
    caller's account."""

    service: str
    region: str
    method: str
    path: str
    query: str = ""
    target: str = ""
    body: bytes = b""
    account: str = ACCOUNT

    @property
    def on_s3(self) -> S3Request:
        """The request as S3 understands it."""
        return S3Request(self.method, self.path, self.query)


@dataclass(frozen=True)
class Look:
    """The request in terms of IAM: an action on a resource, with its condition keys."""

    action: str
    resource: str
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def look_of(call: Call) -> Look | None:
    """Find the action to authorize; None for a request that needs no authorization."""
    if call.service in {"iam", "sts"} and call.method == "POST":
        return _form(dict(parse_qsl(call.body.decode(), keep_blank_values=True)), call)
    if call.service == "s3":
        return _bucket(call)
    if call.service == "es":
        return _domain(call)
    return _key(call) if call.service == "kms" else None


def _key(call: Call) -> Look | None:
    """Two reads of a key of the caller's account; every request about a key of another."""
    operation, named = call.target.rpartition(".")[2], key_named(call.body)
    full = named if named.startswith("arn:") else f"arn:aws:kms:{call.region}:{call.account}:key/{named}"
    foreign = account_of(full) != call.account
    return Look(f"kms:{operation}", full) if foreign or operation in KEY_READS else None


def across_accounts_look(call: Call) -> Look | None:
    """Find the action of a request to another account's bucket; None where none is needed."""
    request = call.on_s3
    return Look(request.action, request.resource, request.context) if request.action else None


def key_named(body: bytes) -> str:
    """The key that a request to KMS is about: an ARN, an id or an alias; empty without one."""
    return str(json.loads(body or b"{}").get("KeyId") or "")


def _form(fields: Mapping[str, str], call: Call) -> Look | None:
    action, service = fields.get("Action", ""), call.service
    if service == "sts" and action == "AssumeRole":
        external = fields.get("ExternalId")
        return Look("sts:AssumeRole", fields["RoleArn"], {"sts:ExternalId": (external,)} if external else {})
    if service == "iam" and action == "GetRole":
        return Look("iam:GetRole", f"arn:aws:iam::{call.account}:role/{fields.get('RoleName')}")
    if service == "iam" and action == "SimulatePrincipalPolicy":
        return Look("iam:SimulatePrincipalPolicy", fields.get("PolicySourceArn", "*"))
    return Look("iam:ListRoles", "*") if service == "iam" and action == "ListRoles" else None


def _domain(call: Call) -> Look | None:
    action, name = _on_a_domain(call)
    if not action or not name:
        return None
    return Look(f"es:{action}", f"arn:aws:es:{call.region}:{call.account}:domain/{name}")


def _on_a_domain(call: Call) -> tuple[str | None, str]:
    """The action and the domain's name; the name is in the path, in the query or in the body."""
    if found := DOMAIN.match(call.path):
        return DOMAIN_ACTIONS.get((call.method, found.group(2))), found.group(1)
    if found := UPGRADES.match(call.path):
        return f"GetUpgrade{found.group(2).capitalize()}", found.group(1)
    if call.path == f"{SERVICE}/compatibleVersions":
        return "GetCompatibleVersions", dict(parse_qsl(call.query)).get("domainName", "")
    if call.path == f"{SERVICE}/upgradeDomain":
        return "UpgradeDomain", str(json.loads(call.body or b"{}").get("DomainName") or "")
    return None, ""


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
    policies = directory.policies(caller.identity)
    if look.action.startswith("s3:"):
        return _in_s3(request, policies, caller, directory)
    own = by_identity(policies, request)
    if look.action == "sts:AssumeRole":
        return _assuming(request, own, caller, directory)
    if look.resource == "*" or account_of(look.resource) == caller.account:
        return own
    lets = by_resource(_policies(look, directory), request, caller.principal, delegating=True)
    return across_accounts(own, lets)


def _in_s3(request: Request, policies: tuple[Policy, ...], caller: Caller, directory: Directory) -> Decision:
    name, _, key = request.resource.removeprefix(BUCKET_ARN).partition("/")
    bucket = directory.bucket(name)
    if bucket is None:
        return by_identity(policies, request)
    return bucket_rights.decided(policies, caller.principal, bucket, request, bucket.owners.get(key))


def _assuming(request: Request, own: Decision, caller: Caller, directory: Directory) -> Decision:
    """A trust policy that names the caller is enough within an account, one that leaves it to the account is
    not; from another account, its own policies must allow it too."""
    role = directory.role(request.resource)
    trust = (role.trust,) if role else ()
    left = by_resource(trust, request, caller.principal, delegating=True)
    named = by_resource(trust, request, caller.principal)
    foreign = account_of(request.resource) != caller.account
    return in_one_account(across_accounts(own, left), "implicitDeny" if foreign else named)


def _policies(look: Look, directory: Directory) -> tuple[Policy, ...]:
    """The policy of another account's resource, where it counts: of a key, for what KMS offers to others."""
    service, _, operation = look.action.partition(":")
    counts = service == "kms" and operation in ACROSS_ACCOUNTS
    return directory.key_policies(look.resource) if counts else ()


def only_at_home(look: Look, caller: Caller, directory: Directory) -> bool:
    """Whether S3 offers this to callers of the bucket's account only, and the caller is of another."""
    if look.action not in OWN_ACCOUNT_ONLY:
        return False
    bucket = directory.bucket(look.resource.removeprefix(BUCKET_ARN))
    return bucket is not None and bucket.account != caller.account


def words(look: Look, caller: Caller) -> str:
    """AWS's message for a denied caller (grade R, without its reason)."""
    return f"User: {caller.arn} is not authorized to perform: {look.action} on resource: {look.resource}"
