"""The accounts' identities and resources, as the front doors look them up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from lab.account import domain_status, lifecycle, ownership
from lab.account.moto_buckets import moto_bucket
from lab.account.ownership import Owner
from lab.account.policies import Policy, Principal, parse
from lab.settings import ACCOUNT, DomainSettings

PARTITION = "aws"
MANAGED_KEY = "alias/aws/s3"


@dataclass(frozen=True)
class Caller:
    """The signer: the ARN that the service would print, and the secret to check the signature.

    `expires` (UTC, no zone) and `role` (the ARN of the assumed role) are set for temporary credentials only.
    """

    arn: str
    secret: str
    token: str | None = None
    expires: datetime | None = None
    role: str | None = None

    @property
    def identity(self) -> str:
        """The ARN that policies and role mappings name: the user's, or the assumed role's."""
        return self.role or self.arn

    @property
    def account(self) -> str:
        """The caller's account."""
        return account_of(self.arn)

    @property
    def principal(self) -> Principal:
        """The caller under the names that resource-based policies can use."""
        return Principal(tuple({self.arn, self.identity}), self.account)


@dataclass(frozen=True)
class Role:
    """A role: its trust policy and its permissions."""

    arn: str
    trust: Policy
    policies: tuple[Policy, ...]


@dataclass(frozen=True)
class Key:
    """A customer managed KMS key and its policies."""

    arn: str
    policies: tuple[Policy, ...] = ()

    @property
    def account(self) -> str:
        """The account that owns the key."""
        return account_of(self.arn)


@dataclass(frozen=True)
class Bucket:
    """A bucket: its Region, its policies, its customer managed key (None: S3's own), its account.

    `by_managed_key`: it is encrypted by the key `aws/s3`, which serves nobody outside its account.
    `owners` names the objects that another account owns, by their keys.
    """

    region: str
    policies: tuple[Policy, ...] = ()
    key: Key | None = None
    account: str = ACCOUNT
    by_managed_key: bool = False
    owners: Mapping[str, Owner] = field(default_factory=dict[str, Owner])

    def owner_under(self, prefix: str) -> Owner | None:
        """The owner of an object whose key begins so; None where all of them are the bucket's."""
        return next((owner for key, owner in self.owners.items() if key.startswith(prefix)), None)


class Directory(Protocol):
    """The lookups of a front door in the accounts."""

    def caller(self, access_key_id: str) -> Caller | None:
        """Who owns the access key, or None."""
        ...

    def bucket_region(self, bucket: str) -> str | None:
        """The bucket's Region, or None when there is no such bucket."""
        ...

    def policies(self, identity: str) -> tuple[Policy, ...]:
        """All policies of the user or role with this ARN; none where there is no such identity."""
        ...

    def exists(self, identity: str) -> bool:
        """Whether there is a user or role with this ARN."""
        ...

    def role(self, arn: str) -> Role | None:
        """The role, or None when there is no such role."""
        ...

    def access_policy(self, domain: DomainSettings) -> Policy:
        """The domain's access policy; one without statements where it has none."""
        ...

    def bucket(self, name: str) -> Bucket | None:
        """The bucket, or None when there is no such bucket."""
        ...

    def key_policies(self, arn: str) -> tuple[Policy, ...]:
        """The policies of the KMS key; none where there is no such key."""
        ...

    def has_encryption_rule(self, bucket: str) -> bool | None:
        """Whether an encryption was set for the bucket; None when there is no such bucket."""
        ...

    def is_archived(self, bucket: str, base_path: str) -> bool:
        """Whether the bucket's lifecycle has moved objects under the base path to Glacier."""
        ...


class MotoDirectory:
    """Looks everything up in moto's own tables, without requests."""

    def caller(self, access_key_id: str) -> Caller | None:
        """Who owns the access key (an IAM user or an assumed role), or None."""
        from moto.iam.models import iam_backends
        from moto.sts.models import sts_backends

        for user in (user for account in list(iam_backends) for user in list(_iam(account).users.values())):
            for key in user.access_keys:
                if key.access_key_id == access_key_id and key.status == "Active":
                    return Caller(user.arn, key.secret_access_key)
        roles = (
            role for account in list(sts_backends) for role in sts_backends[account][PARTITION].assumed_roles
        )
        for role in list(roles):
            if role.access_key_id == access_key_id:
                expires = role.expiration.replace(tzinfo=None)
                return Caller(role.arn, role.secret_access_key, role.session_token, expires, role.role_arn)
        return None

    def bucket_region(self, bucket: str) -> str | None:
        """The bucket's Region, or None when there is no such bucket."""
        found = moto_bucket(bucket)
        return found.region_name if found else None

    def policies(self, identity: str) -> tuple[Policy, ...]:
        """All policies of the user (its groups' too) or role with this ARN; none where there is none."""
        user = _by_arn(_iam(account_of(identity)).users.values(), identity)
        if user is not None:
            groups = [group for group in list(_iam(user.account_id).groups.values()) if user in group.users]
            return tuple(policy for each in (user, *groups) for policy in _policies(each))
        role = self.role(identity)
        return role.policies if role else ()

    def exists(self, identity: str) -> bool:
        """Whether there is a user or role with this ARN."""
        iam = _iam(account_of(identity))
        return any(_by_arn(each.values(), identity) for each in (iam.users, iam.roles))

    def role(self, arn: str) -> Role | None:
        """The role, or None when there is no such role."""
        found = _by_arn(_iam(account_of(arn)).roles.values(), arn)
        if found is None:
            return None
        return Role(arn, parse(found.assume_role_policy_document or ""), tuple(_policies(found)))

    def access_policy(self, domain: DomainSettings) -> Policy:
        """The domain's access policy; one without statements where it has none."""
        found = domain_status.of(domain)
        return parse(found.access_policies or "") if found else Policy(())

    def bucket(self, name: str) -> Bucket | None:
        """The bucket, or None when there is no such bucket."""
        found = moto_bucket(name)
        if found is None:
            return None
        policies = (parse(found.policy.decode()),) if found.policy else ()
        named, region, account = _key_name(found.encryption), found.region_name, found.account_id
        managed = named is not None and named.endswith(MANAGED_KEY)
        key = _key(named, region, account) if named and not managed else None
        return Bucket(region, policies, key, account, managed, ownership.owned_by_others(found))

    def key_policies(self, arn: str) -> tuple[Policy, ...]:
        """The policies of the KMS key; none where there is no such key."""
        return _key(arn, arn.split(":")[3], account_of(arn)).policies

    def has_encryption_rule(self, bucket: str) -> bool | None:
        """Whether an encryption was set for the bucket; None when there is no such bucket."""
        found = moto_bucket(bucket)
        return None if found is None else bool(found.encryption)

    def is_archived(self, bucket: str, base_path: str) -> bool:
        """Whether the bucket's lifecycle has moved objects under the base path to Glacier."""
        return lifecycle.covers(bucket, base_path)


def account_of(arn: str) -> str:
    """The account in an ARN; the lab's own if there is none."""
    parts = arn.split(":")
    return parts[4] if len(parts) > 4 and parts[4].isdigit() else ACCOUNT


def _iam(account: str) -> Any:
    from moto.iam.models import iam_backends

    return iam_backends[account][PARTITION]


def _by_arn(entries: Iterable[Any], arn: str) -> Any:
    return next((each for each in list(entries) if each.arn == arn), None)


def _policies(holder: Any) -> Iterator[Policy]:
    """The inline and managed policies of a user, a group or a role."""
    for document in list(holder.policies.values()):
        yield parse(document)
    for managed in list(holder.managed_policies.values()):
        yield from (parse(version.document) for version in managed.versions if version.is_default)


def _key_name(encryption: Any) -> str | None:
    """The KMS key that a default encryption names; None for S3's own encryption, or without one."""
    rule = ((encryption or {}).get("Rule") or {}).get("ApplyServerSideEncryptionByDefault") or {}
    if not str(rule.get("SSEAlgorithm", "")).startswith("aws:kms"):
        return None
    return str(rule.get("KMSMasterKeyID") or MANAGED_KEY)


def _key(named: str, region: str, account: str) -> Key:
    """The customer managed key with this ARN, or with this id in the bucket's Region and account."""
    from moto.kms.models import kms_backends

    arn = named if named.startswith("arn:") else f"arn:aws:kms:{region}:{account}:key/{named}"
    backends = kms_backends[account_of(arn)]
    found = backends[region].keys.get(arn.rpartition("/")[2]) if region in backends else None
    return Key(arn, (parse(found.policy),) if found else ())
