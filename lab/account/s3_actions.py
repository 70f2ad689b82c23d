"""The IAM action of a request to S3."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

OF_BUCKETS = {
    "accelerate": "AccelerateConfiguration",
    "acl": "BucketAcl",
    "analytics": "AnalyticsConfiguration",
    "cors": "BucketCORS",
    "encryption": "EncryptionConfiguration",
    "intelligent-tiering": "IntelligentTieringConfiguration",
    "inventory": "InventoryConfiguration",
    "lifecycle": "LifecycleConfiguration",
    "location": "BucketLocation",
    "logging": "BucketLogging",
    "metrics": "MetricsConfiguration",
    "notification": "BucketNotification",
    "object-lock": "BucketObjectLockConfiguration",
    "ownershipControls": "BucketOwnershipControls",
    "policy": "BucketPolicy",
    "policyStatus": "BucketPolicyStatus",
    "publicAccessBlock": "BucketPublicAccessBlock",
    "replication": "ReplicationConfiguration",
    "requestPayment": "BucketRequestPayment",
    "tagging": "BucketTagging",
    "versioning": "BucketVersioning",
    "website": "BucketWebsite",
}
OF_OBJECTS = {
    "acl": "ObjectAcl",
    "attributes": "ObjectAttributes",
    "legal-hold": "ObjectLegalHold",
    "retention": "ObjectRetention",
    "tagging": "ObjectTagging",
}
DELETED_BY_THEIR_OWN_ACTION = ("policy", "website")
LISTS = {"versions": "s3:ListBucketVersions", "uploads": "s3:ListBucketMultipartUploads"}
OWN_ACCOUNT_ONLY = ("s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy")
"""What S3 offers to nobody outside the bucket's account, whatever the policies say."""


@dataclass(frozen=True)
class S3Request:
    """A request to S3, from its method, decoded path and query: on an object if `key` is not empty."""

    method: str
    path: str
    query: str = ""

    @property
    def bucket(self) -> str:
        """The bucket's name; empty for a request about no bucket."""
        return self.path.lstrip("/").partition("/")[0]

    @property
    def key(self) -> str:
        """The object's key; empty for a request about the bucket."""
        return self.path.lstrip("/").partition("/")[2]

    @property
    def asked(self) -> dict[str, list[str]]:
        """The query's values by name."""
        return parse_qs(self.query, keep_blank_values=True)

    @property
    def action(self) -> str | None:
        """Its action; None where there is nothing to authorize: making a bucket, or listing one's own."""
        if not self.bucket:
            return None
        return _on_object(self.method, self.asked) if self.key else _on_bucket(self.method, self.asked)

    @property
    def resource(self) -> str:
        """The ARN of the object, or of the bucket; of all objects, for deleting several in one request."""
        key = self.key or ("*" if self.action == "s3:DeleteObject" else "")
        return f"arn:aws:s3:::{self.bucket}" + (f"/{key}" if key else "")

    @property
    def context(self) -> dict[str, tuple[str, ...]]:
        """The condition keys that it has."""
        prefix = self.asked.get("prefix")
        return {"s3:prefix": tuple(prefix)} if prefix and not self.key else {}

    @property
    def writes_an_object(self) -> bool:
        """Whether it makes an object, or begins one of several parts, by which the object gets its owner."""
        return self.action == "s3:PutObject" and bool(self.key) and "uploadId" not in self.asked


def path_of(environ: dict[str, Any]) -> str:
    """The decoded path of a WSGI request, which has its bytes as Latin-1."""
    return environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")


def _on_bucket(method: str, asked: dict[str, list[str]]) -> str | None:
    part = next((name for name in OF_BUCKETS if name in asked), None)
    if part is not None:
        own = method == "DELETE" and part in DELETED_BY_THEIR_OWN_ACTION
        verb = "Get" if method in ("GET", "HEAD") else "Delete" if own else "Put"
        return f"s3:{verb}{OF_BUCKETS[part]}"
    if method in ("GET", "HEAD"):
        return next((action for name, action in LISTS.items() if name in asked), "s3:ListBucket")
    return {"DELETE": "s3:DeleteBucket", "POST": "s3:DeleteObject"}.get(method)


def _on_object(method: str, asked: dict[str, list[str]]) -> str:
    part = next((name for name in OF_OBJECTS if name in asked), None)
    verb = {"GET": "Get", "HEAD": "Get", "DELETE": "Delete"}.get(method, "Put")
    if part is not None:
        return f"s3:{verb}{OF_OBJECTS[part]}"
    if "uploadId" in asked and verb != "Put":
        return "s3:AbortMultipartUpload" if verb == "Delete" else "s3:ListMultipartUploadParts"
    if method == "POST" and "restore" in asked:
        return "s3:RestoreObject"
    return "s3:GetObject" if method == "POST" and "select" in asked else f"s3:{verb}Object"
