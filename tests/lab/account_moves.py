"""Access for an account move, made by hand: bucket, its policy, Object Ownership, a role on each side."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from identities import Identities, allow, document, trust

from lab.description import LabDescription

READ = ("s3:GetObject",)
WRITE = ("s3:GetObject", "s3:PutObject", "s3:DeleteObject")
RIGHTS = {"source": WRITE, "target": READ}
OTHER = {"source": "target", "target": "source"}


@dataclass
class Access:
    """What an account move needs, as it was made. `owner` is the side in whose account the bucket is."""

    lab: LabDescription
    owner: str
    bucket: str
    roles: dict[str, str] = field(default_factory=dict)

    @property
    def repository(self) -> dict[str, Any]:
        """What the plan says of it."""
        roles = {"role_arn": self.roles["source"], "target_role_arn": self.roles["target"]}
        return {"bucket": self.bucket, "region": self.lab.bucket_region, **roles}

    def rights(self, side: str) -> list[dict[str, Any]]:
        """What the side's role may do in the bucket, as statements."""
        arn = f"arn:aws:s3:::{self.bucket}"
        return [allow("s3:ListBucket", arn), allow(list(RIGHTS[side]), f"{arn}/*")]

    @property
    def guest(self) -> str:
        """The side whose role is of another account than the bucket."""
        return OTHER[self.owner]


@contextmanager
def made_by_hand(lab: LabDescription, owner: str = "source") -> Iterator[Access]:
    """Everything that an account move needs, for the block, with the bucket in this side's account."""
    access = Access(lab, owner, f"move-{secrets.token_hex(4)}")
    accounts = {side: Identities(lab, side) for side in RIGHTS}
    s3 = accounts[owner].client("s3", lab.bucket_region)
    s3.create_bucket(Bucket=access.bucket)
    try:
        for side, identities in accounts.items():
            access.roles[side] = identities.role(*access.rights(side), trusts=trusting(lab, side))
        let_guest_in(access)
        yield access
    finally:
        for identities in accounts.values():
            identities.remove()
        for each in s3.list_objects_v2(Bucket=access.bucket).get("Contents", []):
            s3.delete_object(Bucket=access.bucket, Key=each["Key"])
        s3.delete_bucket(Bucket=access.bucket)


def trusting(lab: LabDescription, side: str) -> dict[str, Any]:
    """A trust policy's statement that lets in the service for the side's domain only."""
    domain = lab.domain(side)
    arn = f"arn:aws:es:{domain.region}:{domain.account}:domain/{domain.name}"
    return trust(StringEquals={"aws:SourceAccount": domain.account}, ArnLike={"aws:SourceArn": arn})


def let_guest_in(access: Access) -> None:
    """Let the role of the other account use the bucket, by the bucket's policy."""
    whom = {"AWS": access.roles[access.guest]}
    statements = [statement | {"Principal": whom} for statement in access.rights(access.guest)]
    owners_s3(access).put_bucket_policy(Bucket=access.bucket, Policy=document(*statements))


def shut_guest_out(access: Access) -> None:
    """Take the bucket's policy away."""
    owners_s3(access).delete_bucket_policy(Bucket=access.bucket)


def objects_belong_to(access: Access, ownership: str) -> None:
    """Set the bucket's Object Ownership: BucketOwnerEnforced, BucketOwnerPreferred, ObjectWriter."""
    controls = {"Rules": [{"ObjectOwnership": ownership}]}
    owners_s3(access).put_bucket_ownership_controls(Bucket=access.bucket, OwnershipControls=controls)


def owners_s3(access: Access) -> Any:
    """S3 for the administrator of the bucket's account."""
    return Identities(access.lab, access.owner).client("s3", access.lab.bucket_region)
