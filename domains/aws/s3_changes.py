"""Calls that change a bucket's configuration, prepared; `domains.aws.calls.send` sends them."""

from collections.abc import Mapping
from dataclasses import dataclass

from domains.aws.calls import AwsCall
from domains.http.json_replies import Json

_NO_CONSTRAINT = "us-east-1"


@dataclass(frozen=True)
class Place:
    """A bucket to change: its name, its account, its Region."""

    bucket: str
    account: str
    region: str


def create_bucket(place: Place) -> AwsCall:
    """Create the bucket; its owner then owns every object in it."""
    parameters: Json = {"ObjectOwnership": "BucketOwnerEnforced"}
    if place.region != _NO_CONSTRAINT:
        parameters["CreateBucketConfiguration"] = {"LocationConstraint": place.region}
    return _call("CreateBucket", place, parameters)


def put_tags(place: Place, tags: Mapping[str, str]) -> AwsCall:
    """Set the bucket's tags; it must have no others."""
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    return _call("PutBucketTagging", place, {"Tagging": {"TagSet": listed}})


def put_encryption(place: Place, key: str | None) -> AwsCall:
    """Encrypt new objects with this KMS key by default; None for S3's own encryption."""
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key} if key else {"SSEAlgorithm": "AES256"}
    rule: Json = {"ApplyServerSideEncryptionByDefault": default}
    if key:
        rule["BucketKeyEnabled"] = True
    return _call("PutBucketEncryption", place, {"ServerSideEncryptionConfiguration": {"Rules": [rule]}})


def put_policy(place: Place, policy: Json) -> AwsCall:
    """Replace the bucket's policy by this document: pass on every statement that it has.

    One without statements is deleted.
    """
    if not policy["Statement"]:
        return _call("DeleteBucketPolicy", place, {})
    return _call("PutBucketPolicy", place, {"Policy": policy})


def put_ownership(place: Place, ownership: str) -> AwsCall:
    """Set who owns new objects: `BucketOwnerEnforced`, `BucketOwnerPreferred` or `ObjectWriter`."""
    controls = {"Rules": [{"ObjectOwnership": ownership}]}
    return _call("PutBucketOwnershipControls", place, {"OwnershipControls": controls})


def delete_bucket(place: Place) -> AwsCall:
    """Delete the bucket; S3 refuses one that is not empty."""
    return _call("DeleteBucket", place, {})


def _call(operation: str, place: Place, parameters: Json) -> AwsCall:
    named = {"Bucket": place.bucket, **parameters}
    return AwsCall("s3", operation, place.account, place.bucket, named, place.region)
