"""What S3 tells of a bucket that snapshots lie in. Reads only."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import boto3
import botocore.exceptions

from domains.aws import ask, client_of
from domains.replies import Json, child, children

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class Found:
    """Whether a bucket is there.

    Args:
        state: `there`, `missing`, or `denied` (there, but this caller may not look at it).
        region: its Region; None when not told.
    """

    state: Literal["there", "missing", "denied"]
    region: str | None


def find(session: boto3.Session, bucket: str) -> Found:
    """Whether the bucket is there, and where.

    Raises:
        AwsError: S3 could not be asked.
    """
    client: S3Client = ask("look at S3", lambda: client_of(session, "s3"))
    return ask(f"look at bucket {bucket}", lambda: _head(client, bucket))


def _head(client: "S3Client", bucket: str) -> Found:
    try:
        reply = client.head_bucket(Bucket=bucket)
    except botocore.exceptions.ClientError as error:
        headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        code = str(error.response.get("Error", {}).get("Code"))
        if code in {"404", "NoSuchBucket", "NotFound"}:
            return Found("missing", None)
        state = "there" if code in {"301", "PermanentRedirect"} else "denied"
        return Found(state, headers.get("x-amz-bucket-region"))
    headers = reply["ResponseMetadata"]["HTTPHeaders"]
    return Found("there", reply.get("BucketRegion") or headers.get("x-amz-bucket-region"))


def lifecycle_rules(session: boto3.Session, bucket: str) -> tuple[Json, ...]:
    """The bucket's lifecycle rules; none when it has none."""
    client: S3Client = ask("look at S3", lambda: client_of(session, "s3"))
    reply = _asked(
        f"read the lifecycle rules of {bucket}",
        lambda: client.get_bucket_lifecycle_configuration(Bucket=bucket),
        "NoSuchLifecycleConfiguration",
    )
    return tuple(children(reply, "Rules"))


def encryption_key(session: boto3.Session, bucket: str) -> str | None:
    """The KMS key that the bucket encrypts with by default; None when it is S3's own encryption, or none.

    Empty text for S3's KMS key of the account (`aws/s3`).
    """
    client: S3Client = ask("look at S3", lambda: client_of(session, "s3"))
    reply = _asked(
        f"read the encryption of {bucket}",
        lambda: client.get_bucket_encryption(Bucket=bucket),
        "ServerSideEncryptionConfigurationNotFoundError",
    )
    for rule in children(child(reply, "ServerSideEncryptionConfiguration"), "Rules"):
        default = child(rule, "ApplyServerSideEncryptionByDefault")
        if str(default.get("SSEAlgorithm", "")).startswith("aws:kms"):
            return str(default.get("KMSMasterKeyID") or "")
    return None


@dataclass(frozen=True)
class ObjectLock:
    """Args:
    enabled: whether the bucket has Object Lock.
    retention: the default retention, in words; empty without one.
    """

    enabled: bool
    retention: str


def object_lock(session: boto3.Session, bucket: str) -> ObjectLock:
    """The bucket's Object Lock."""
    client: S3Client = ask("look at S3", lambda: client_of(session, "s3"))
    reply = _asked(
        f"read the Object Lock of {bucket}",
        lambda: client.get_object_lock_configuration(Bucket=bucket),
        "ObjectLockConfigurationNotFoundError",
    )
    found = child(reply, "ObjectLockConfiguration")
    default = child(found, "Rule", "DefaultRetention")
    length = f"{default.get('Days')} days" if default.get("Days") else f"{default.get('Years')} years"
    words = f"{default.get('Mode')} for {length}" if default else ""
    return ObjectLock(found.get("ObjectLockEnabled") == "Enabled", words)


def repository_files(session: boto3.Session, bucket: str, base_path: str) -> tuple[str, ...]:
    """Keys of the index files (`index-N`) that a snapshot repository keeps at its root; at most one page."""
    client: S3Client = ask("look at S3", lambda: client_of(session, "s3"))
    prefix = f"{base_path}/index-" if base_path else "index-"
    reply = ask(
        f"list {bucket}/{prefix}", lambda: client.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=50)
    )
    return tuple(str(entry.get("Key")) for entry in reply.get("Contents", []))


def _asked(what: str, call: Any, absent: str) -> Json:
    """The reply; empty where S3 says that nothing is configured."""

    def tolerant() -> Json:
        try:
            return call()
        except botocore.exceptions.ClientError as error:
            if error.response.get("Error", {}).get("Code") == absent:
                return {}
            raise

    return ask(what, tolerant)
