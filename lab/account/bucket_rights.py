"""Decide a request to a bucket: the caller's policies, the bucket's, and who owns the object."""

from __future__ import annotations

from collections.abc import Iterable

from lab.account.directory import Bucket
from lab.account.ownership import Owner
from lab.account.policies import (
    Decision,
    Policy,
    Principal,
    Request,
    across_accounts,
    by_identity,
    by_resource,
    in_one_account,
)

READS_AN_OBJECT = "s3:GetObject"


def decided(
    own: Iterable[Policy], principal: Principal, bucket: Bucket, request: Request, owner: Owner | None = None
) -> Decision:
    """Decide the request of a principal with its `own` policies.

    Within the bucket's account either policy may allow it; from another account both must. An object that
    another account than the bucket's owns (`owner`) is read by that account alone, and by the bucket's if the
    object's ACL shares it; the bucket's policy can only deny that.
    """
    foreign = principal.account != bucket.account
    identity = by_identity(own, request)
    resource = by_resource(bucket.policies, request, principal, delegating=foreign)
    if owner is not None and request.action.startswith(READS_AN_OBJECT):
        return across_accounts(identity, _by_owner(resource, owner, principal.account, bucket.account))
    return across_accounts(identity, resource) if foreign else in_one_account(identity, resource)


def _by_owner(resource: Decision, owner: Owner, reader: str, bucket: str) -> Decision:
    if resource == "explicitDeny":
        return resource
    lets = reader == owner.account or (owner.shares and reader == bucket)
    return "allowed" if lets else "implicitDeny"
