"""Object Ownership: which objects of a bucket belong to another account than the bucket's.

S3 gives an object to the account that writes it, unless the bucket is set to give everything to its own.
Moto does not keep owners of objects, so writes by other accounts are noted here. Of ACLs, only the two that
share an object with the bucket's owner are known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lab.account.moto_buckets import moto_bucket

ENFORCED = "BucketOwnerEnforced"
PREFERRED = "BucketOwnerPreferred"
FULL_CONTROL = "bucket-owner-full-control"
SHARING = (FULL_CONTROL, "bucket-owner-read")


@dataclass(frozen=True)
class Owner:
    """The account that owns an object; `shares` if the object's ACL lets the bucket's owner read it."""

    account: str
    shares: bool = False


_written: dict[str, dict[str, Owner]] = {}
_in_folders: set[tuple[str, str]] = set()


def note(bucket: str, key: str, account: str, acl: str = "", *, in_folder: bool = False) -> None:
    """Note that the account writes the object with this canned ACL.

    `in_folder`: the object is a file of the folder that stands in for S3, unknown to moto.
    """
    found = moto_bucket(bucket)
    if found is None:
        return
    theirs = _written.setdefault(bucket, {})
    gives_away = found.ownership_rule == PREFERRED and acl == FULL_CONTROL
    if account == found.account_id or found.ownership_rule == ENFORCED or gives_away:
        theirs.pop(key, None)
        return
    theirs[key] = Owner(account, acl in SHARING)
    if in_folder:
        _in_folders.add((bucket, key))


def owned_by_others(bucket: Any) -> Mapping[str, Owner]:
    """The keys of objects in moto's bucket that another account owns now, with their owners."""
    theirs = _written.get(bucket.name)
    if not theirs or bucket.ownership_rule == ENFORCED:
        return {}
    there = [key for key in list(theirs) if key in bucket.keys or (bucket.name, key) in _in_folders]
    return {key: theirs[key] for key in there if key in theirs}


def forget_folders() -> None:
    """Forget the owners of files in the shared folder."""
    for bucket, key in _in_folders:
        _written.get(bucket, {}).pop(key, None)
    _in_folders.clear()
