"""Read the configuration of the bucket that holds the snapshots. Reads only.

When the caller may not read something, the AwsError names the missing permission. `region` is the bucket's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import boto3
import botocore.exceptions

from domains.aws.session import (
    SHORT_TIMEOUTS,
    call_aws,
    call_aws_if_exists,
    client_of,
    region_in_refusal,
    region_in_reply,
)
from domains.errors import AwsError
from domains.http.documented import documented_by_aws
from domains.http.json_replies import Json, child, children

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class BucketLookup:
    """Whether a bucket exists, and where.

    Args:
        state: `there`, `missing`, or `denied` (it exists, but this caller may not read it).
        region: its Region; None when S3 does not say.
    """

    state: Literal["there", "missing", "denied"]
    region: str | None


def _s3(session: boto3.Session, region: str | None = None) -> "S3Client":
    """A client that gives up soon: only the domains need to reach S3, this machine may not."""
    return call_aws("use S3", lambda: client_of(session, "s3", region, timeouts=SHORT_TIMEOUTS))


@documented_by_aws
def look_up_bucket(session: boto3.Session, bucket: str, region: str | None = None) -> BucketLookup:
    """Check whether the bucket exists, and where.

    Raises:
        AwsError: S3 cannot be reached, or refused for another reason than access.
    """
    client = _s3(session, region)
    return call_aws(f"look up bucket {bucket}", lambda: _head(client, bucket))


def _head(client: "S3Client", bucket: str) -> BucketLookup:
    try:
        reply = client.head_bucket(Bucket=bucket)
    except botocore.exceptions.ClientError as error:
        code = str(error.response.get("Error", {}).get("Code"))
        if code in {"404", "NoSuchBucket", "NotFound"}:
            return BucketLookup("missing", None)
        if code in {"301", "PermanentRedirect"}:
            return BucketLookup("there", region_in_refusal(error))
        if code in {"403", "AccessDenied", "Forbidden"}:
            return BucketLookup("denied", region_in_refusal(error))
        raise
    return BucketLookup("there", region_in_reply(reply))


@documented_by_aws
def lifecycle_rules(session: boto3.Session, bucket: str, region: str | None = None) -> tuple[Json, ...]:
    """Read the bucket's lifecycle rules; empty without any."""
    client = _s3(session, region)
    reply = _configured(
        f"read the lifecycle rules of {bucket}",
        lambda: client.get_bucket_lifecycle_configuration(Bucket=bucket),
        "NoSuchLifecycleConfiguration",
        f"s3:GetLifecycleConfiguration on bucket {bucket}",
    )
    return tuple(children(reply, "Rules"))


@documented_by_aws
def encryption_key(session: boto3.Session, bucket: str, region: str | None = None) -> str | None:
    """Read the bucket's default KMS key; None for S3's own encryption, or none at all.

    Empty for the account's AWS managed key (`aws/s3`).
    """
    client = _s3(session, region)
    reply = _configured(
        f"read the encryption of {bucket}",
        lambda: client.get_bucket_encryption(Bucket=bucket),
        "ServerSideEncryptionConfigurationNotFoundError",
        f"s3:GetEncryptionConfiguration on bucket {bucket}",
    )
    for rule in children(child(reply, "ServerSideEncryptionConfiguration"), "Rules"):
        default = child(rule, "ApplyServerSideEncryptionByDefault")
        if str(default.get("SSEAlgorithm", "")).startswith("aws:kms"):
            return str(default.get("KMSMasterKeyID") or "")
    return None


@dataclass(frozen=True)
class ObjectLock:
    """A bucket's Object Lock.

    Args:
        enabled: whether the bucket has Object Lock.
        retention: the default retention, in words; empty without one.
    """

    enabled: bool
    retention: str


@documented_by_aws
def object_lock(session: boto3.Session, bucket: str, region: str | None = None) -> ObjectLock:
    """Read the bucket's Object Lock."""
    client = _s3(session, region)
    reply = _configured(
        f"read the Object Lock of {bucket}",
        lambda: client.get_object_lock_configuration(Bucket=bucket),
        "ObjectLockConfigurationNotFoundError",
        f"s3:GetBucketObjectLockConfiguration on bucket {bucket}",
    )
    found = child(reply, "ObjectLockConfiguration")
    default = child(found, "Rule", "DefaultRetention")
    length = f"{default.get('Days')} days" if default.get("Days") else f"{default.get('Years')} years"
    words = f"{default.get('Mode')} for {length}" if default else ""
    return ObjectLock(found.get("ObjectLockEnabled") == "Enabled", words)


@documented_by_aws
def keeps_versions(session: boto3.Session, bucket: str, region: str | None = None) -> bool:
    """Whether the bucket keeps every version of an object."""
    client = _s3(session, region)
    reply = call_aws(
        f"read the versioning of {bucket}",
        lambda: client.get_bucket_versioning(Bucket=bucket),
        f"s3:GetBucketVersioning on bucket {bucket}",
    )
    return reply.get("Status") == "Enabled"


OWNER_ENFORCED = "BucketOwnerEnforced"
OWNER_PREFERRED = "BucketOwnerPreferred"


@documented_by_aws
def object_ownership(session: boto3.Session, bucket: str, region: str | None = None) -> str:
    """Read who owns new objects: `BucketOwnerEnforced`, `BucketOwnerPreferred` or `ObjectWriter`."""
    client = _s3(session, region)
    reply = _configured(
        f"read the Object Ownership of {bucket}",
        lambda: client.get_bucket_ownership_controls(Bucket=bucket),
        "OwnershipControlsNotFoundError",
        f"s3:GetBucketOwnershipControls on bucket {bucket}",
    )
    rules = children(child(reply, "OwnershipControls"), "Rules")
    return str(rules[0]["ObjectOwnership"]) if rules else "ObjectWriter"


@documented_by_aws
def repository_files(
    session: boto3.Session, bucket: str, base_path: str, region: str | None = None
) -> tuple[str, ...]:
    """List the index files (`index-N`) at the root of a snapshot repository; at most 50."""
    client = _s3(session, region)
    prefix = f"{base_path}/index-" if base_path else "index-"
    reply = call_aws(
        f"list {bucket}/{prefix}",
        lambda: client.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=50),
        f"s3:ListBucket on bucket {bucket}",
    )
    return tuple(str(entry.get("Key")) for entry in reply.get("Contents", []))


@documented_by_aws
def policy(session: boto3.Session, bucket: str, region: str | None = None) -> str:
    """Read the bucket's policy, a JSON document; empty without one. Only the bucket's own account may."""
    client = _s3(session, region)
    reply = _configured(
        f"read the policy of {bucket}",
        lambda: client.get_bucket_policy(Bucket=bucket),
        "NoSuchBucketPolicy",
        f"s3:GetBucketPolicy on bucket {bucket}",
    )
    return str(reply.get("Policy") or "")


def _configured(what: str, call: Callable[[], Any], absent: str, right: str) -> Json:
    """Call S3 and return its reply; empty when S3 says that nothing is configured."""
    return call_aws_if_exists(what, call, right, {absent}) or {}


def bucket_names(session: boto3.Session) -> tuple[str, ...]:
    """List the buckets of the caller's account.

    Raises:
        AwsError: the caller may not list them, or S3 cannot be reached.
    """
    client = _s3(session)
    pages = client.get_paginator("list_buckets").paginate()
    found = call_aws(
        "list the buckets",
        lambda: [told for page in pages for told in page.get("Buckets", [])],
        "s3:ListAllMyBuckets",
    )
    return tuple(str(told.get("Name")) for told in found)


@documented_by_aws
def is_empty(session: boto3.Session, bucket: str, region: str | None = None) -> bool:
    """Whether the bucket holds no object, and no earlier version of one."""
    client = _s3(session, region)
    reply = call_aws(
        f"list the versions in {bucket}",
        lambda: client.list_object_versions(Bucket=bucket, MaxKeys=1),
        f"s3:ListBucketVersions on bucket {bucket}",
    )
    return not (reply.get("Versions") or reply.get("DeleteMarkers") or reply.get("IsTruncated"))


def tags(session: boto3.Session, bucket: str, region: str | None = None) -> dict[str, str]:
    """Read the bucket's tags; empty without any."""
    client = _s3(session, region)
    reply = _configured(
        f"read the tags of {bucket}",
        lambda: client.get_bucket_tagging(Bucket=bucket),
        "NoSuchTagSet",
        f"s3:GetBucketTagging on bucket {bucket}",
    )
    return {str(tag.get("Key")): str(tag.get("Value")) for tag in children(reply, "TagSet")}


@dataclass(frozen=True)
class StoredObject:
    """An object of a bucket, whole.

    Args:
        version: its version; empty in a bucket that keeps none.
    """

    content: bytes
    version: str


def read_object(session: boto3.Session, bucket: str, key: str, longest: int) -> StoredObject:
    """Read an object, in whichever Region its bucket is.

    Args:
        longest: the most bytes that it may hold. No more is ever read.

    Raises:
        AwsError: there is none, the caller may not read it, it is too large, or S3 cannot be reached.
    """
    address, client = f"s3://{bucket}/{key}", _s3(session)

    def read() -> tuple[bytes, str]:
        reply = client.get_object(Bucket=bucket, Key=key)
        version = str(reply.get("VersionId") or "")
        return reply["Body"].read(longest + 1), "" if version == "null" else version

    content, version = call_aws(f"read {address}", read, f"s3:GetObject on arn:*:s3:::{bucket}/{key}")
    if len(content) > longest:
        raise AwsError(f"{address} is larger than {longest // 1024} KiB", "check the address")
    return StoredObject(content, version)
