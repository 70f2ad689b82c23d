"""Who and what there is in the account, as a front door asks it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from lab.settings import ACCOUNT

PARTITION = "aws"


@dataclass(frozen=True)
class Caller:
    """Who signed: the ARN that the service would print, the secret to check the signature with.

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


class Directory(Protocol):
    """What a front door asks the account."""

    def caller(self, access_key_id: str) -> Caller | None:
        """Who owns the access key, or None."""
        ...

    def bucket_region(self, bucket: str) -> str | None:
        """The bucket's Region, or None when there is no such bucket."""
        ...


class MotoDirectory:
    """Looks callers and buckets up in moto's own tables; no request is sent."""

    def caller(self, access_key_id: str) -> Caller | None:
        """Who owns the access key (an IAM user or an assumed role), or None."""
        from moto.iam.models import iam_backends
        from moto.sts.models import sts_backends

        for user in list(iam_backends[ACCOUNT][PARTITION].users.values()):
            for key in user.access_keys:
                if key.access_key_id == access_key_id and key.status == "Active":
                    return Caller(user.arn, key.secret_access_key)
        roles = (
            role for account in list(sts_backends) for role in sts_backends[account][PARTITION].assumed_roles
        )
        for role in list(roles):  # a role may be of another account than the lab's
            if role.access_key_id == access_key_id:
                expires = role.expiration.replace(tzinfo=None)
                return Caller(role.arn, role.secret_access_key, role.session_token, expires, role.role_arn)
        return None

    def bucket_region(self, bucket: str) -> str | None:
        """The bucket's Region, or None when there is no such bucket."""
        from moto.s3.models import s3_backends

        found = s3_backends[ACCOUNT][PARTITION].buckets.get(bucket)
        return found.region_name if found else None
