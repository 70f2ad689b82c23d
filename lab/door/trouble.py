"""Find what keeps a domain from using a repository: problems between the service, the role and S3.

Checked for every request that uses the repository, so that a fix works at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote

from lab.account import bucket_rights
from lab.account.directory import MANAGED_KEY, Bucket, Directory, Key, Role, account_of
from lab.account.ownership import Owner
from lab.account.policies import Principal, Request, across_accounts, by_identity, by_resource, in_one_account
from lab.door import answers, denials
from lab.door.answers import Answer
from lab.door.authorization import SERVICES
from lab.door.exchange import Door
from lab.door.s3_failure import Operation
from lab.door.signature import Received

Use = Literal["verify", "read", "write"]
"""The use of the repository: verify (registrations included), read, or write."""

KEY_ACTIONS = {"s3:PutObject": "kms:GenerateDataKey", "s3:GetObject": "kms:Decrypt"}
"""The KMS actions of S3 with a customer managed key on the role's behalf."""


@dataclass(frozen=True)
class Wanted:
    """A use of an S3 repository with these flat settings, and the `request` for it, if any."""

    name: str
    settings: dict[str, str]
    use: Use
    door: Door
    request: Received | None = None

    @property
    def role_arn(self) -> str:
        """The role that the service assumes."""
        return self.settings.get("role_arn", "")

    @property
    def base_path(self) -> str:
        """The folder in the bucket, without slashes around it."""
        return self.settings.get("base_path", "").strip("/")

    @property
    def readonly(self) -> bool:
        """Whether the repository is readonly."""
        return self.settings.get("readonly") == "true"

    @property
    def snapshot(self) -> str:
        """The snapshot in the request; empty without one."""
        parts = self.request.path.split("/") if self.request else []
        return unquote(parts[3]) if len(parts) > 3 else ""

    @property
    def removes(self) -> bool:
        """Whether the request deletes a snapshot."""
        return self.request is not None and self.request.method == "DELETE"

    @property
    def steps(self) -> list[tuple[Operation, str]]:
        """The engine's steps on S3 in their order, each with its IAM action.

        Verifying a readonly repository only lists it; the engine itself refuses a write to it.
        """
        if self.use == "verify" and self.readonly:
            return [("look", "s3:ListBucket")]
        if self.use == "verify":
            clear: list[tuple[Operation, str]] = [("seek", "s3:ListBucket"), ("clear", "s3:DeleteObject")]
            return [("upload", "s3:PutObject"), ("reread", "s3:GetObject"), *clear]
        saves = self.use == "write" and not self.readonly
        last: Operation = "remove" if self.removes else "save"
        return [
            ("list", "s3:ListBucket"),
            ("load", "s3:GetObject"),
            *([(last, "s3:PutObject")] if saves else []),
        ]


def found(
    name: str, settings: dict[str, str], use: Use, door: Door, request: Received | None = None
) -> Answer | None:
    """Find the failure that the service would answer for an S3 repository with these flat settings, or
    None."""
    wanted = Wanted(name, settings, use, door, request)
    role = door.directory.role(wanted.role_arn)
    if role is None or not assumable(role, door):
        return denials.role_not_assumed(wanted.role_arn, door.region, door.account)
    if use == "verify" and door.manners.old_location_constraint and settings.get("region") == "us-east-1":
        return denials.location_refused(name)
    real = unreachable_region(settings, door.region, door.directory)
    if real is not None:
        step = wanted.steps[0][0]
        return denials.region_refused(name, wanted.base_path, step, door.settings.engine, real)
    return next(_troubles_with_s3(wanted, role), None)


def assumable(role: Role, door: Door) -> bool:
    """Whether the role's trust policy lets the service assume it for this domain."""
    about = {"aws:SourceArn": (door.arn,), "aws:SourceAccount": (door.account,)}
    request = Request("sts:AssumeRole", role.arn, about)
    principals = [Principal(service=service) for service in SERVICES]
    return any(by_resource((role.trust,), request, each) == "allowed" for each in principals)


def unreachable_region(settings: dict[str, str], region: str, directory: Directory) -> str | None:
    """The bucket's actual Region, if the domain in `region` cannot reach it with these settings; else None.

    Only `endpoint: s3.amazonaws.com` in place of `region` reaches a bucket in another Region. For a missing
    bucket, the engine's own error follows.
    """
    real = directory.bucket_region(settings.get("bucket", ""))
    if real is None or ("endpoint" in settings and "region" not in settings):
        return None
    return real if real != region or settings.get("region", region) != real else None


def _troubles_with_s3(wanted: Wanted, role: Role) -> Iterator[Answer]:
    in_folder = wanted.door.folder is not None
    bucket = wanted.door.directory.bucket(wanted.settings.get("bucket", ""))
    if bucket is None:
        if in_folder:  # an engine with its own S3 client notices by itself
            yield _failed(wanted, wanted.steps[0][0], "NoSuchBucket")
        return
    for operation, action in wanted.steps:
        if not _may(role, bucket, operation, action, wanted):
            yield _unless_unseen(wanted, operation, _failed(wanted, operation, "AccessDenied"))
        key_action, key = KEY_ACTIONS.get(action), _key(bucket)
        if key is not None and key_action and not _may_use(role, key, key_action):
            yield _unless_unseen(wanted, operation, _key_refused(wanted, operation, key_action, key))
    archived = in_folder and wanted.use == "read"
    if archived and wanted.door.directory.is_archived(wanted.settings["bucket"], wanted.base_path):
        yield _failed(wanted, "load", "InvalidObjectState")


def _unless_unseen(wanted: Wanted, operation: Operation, failure: Answer) -> Answer:
    """Hide the failure of a snapshot that nobody waits for: it is accepted, fails later and leaves
    nothing."""
    waits = wanted.request is None or "wait_for_completion=true" in wanted.request.query.split("&")
    return failure if operation != "save" or waits else answers.json_answer(200, {"accepted": True})


def _failed(wanted: Wanted, operation: Operation, code: str) -> Answer:
    engine = wanted.door.settings.engine
    return denials.s3_failed(wanted.name, wanted.base_path, operation, code, engine, wanted.snapshot)


def _key_refused(wanted: Wanted, operation: Operation, action: str, key: Key) -> Answer:
    engine, role_arn = wanted.door.settings.engine, wanted.role_arn
    return denials.key_refused(wanted.name, wanted.base_path, operation, engine, role_arn, action, key.arn)


def _may(role: Role, bucket: Bucket, operation: Operation, action: str, wanted: Wanted) -> bool:
    """Whether the role may do this under the base path."""
    prefix = f"{wanted.base_path}/index-".lstrip("/")
    key = prefix if action == "s3:ListBucket" else f"{prefix}0"
    owner = bucket.owner_under(prefix) if operation == "load" else None
    return may(role, wanted.settings["bucket"], bucket, action, key, owner)


def may(role: Role, name: str, bucket: Bucket, action: str, key: str, owner: Owner | None = None) -> bool:
    """Whether the policies of the role and the bucket allow the action on the object, or listing the key as a
    prefix. `owner` is set if another account than the bucket's owns the object."""
    arn = f"arn:aws:s3:::{name}"
    request = Request(action, f"{arn}/{key}")
    if action == "s3:ListBucket":
        request = Request(action, arn, {"s3:prefix": (key,)})
    return bucket_rights.decided(role.policies, _as_principal(role), bucket, request, owner) == "allowed"


def _key(bucket: Bucket) -> Key | None:
    """The KMS key that a role may lack rights on."""
    if bucket.by_managed_key:
        return Key(f"arn:aws:kms:{bucket.region}:{bucket.account}:{MANAGED_KEY}")
    return bucket.key


def _may_use(role: Role, key: Key, action: str) -> bool:
    """Whether the role may use the key: by the key's policies, or by its own if those delegate to the
    account; from another account, by both. The key `aws/s3` serves everybody in its account."""
    request, principal = Request(action, key.arn), _as_principal(role)
    foreign = principal.account != key.account
    if key.arn.endswith(MANAGED_KEY):
        return not foreign
    left = by_resource(key.policies, request, principal, delegating=True)
    both = across_accounts(by_identity(role.policies, request), left)
    named = "implicitDeny" if foreign else by_resource(key.policies, request, principal)
    return in_one_account(both, named) == "allowed"


def _as_principal(role: Role) -> Principal:
    return Principal((role.arn,), account_of(role.arn))
