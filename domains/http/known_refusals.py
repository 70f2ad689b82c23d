"""Known refusals of the service: recognize each by its words, and say in one sentence what to do about it.

Every pattern matches words that were seen from the service or its engines, never a status.
"""

import re
from dataclasses import dataclass
from typing import Literal

RefusalKind = Literal[
    "unsigned", "pass role", "pass role denied", "foreign role", "trust", "key", "request", "request denied",
    "access control", "bucket", "archived", "region", "upload", "list", "delete", "read",
    "not offered", "signature", "no keys", "wrong keys", "no client", "no plugin", "no folder",
]  # fmt: skip


@dataclass(frozen=True)
class RepositoryLocation:
    """Where the plan keeps its repository; without a plan, the defaults describe it in general words.

    Args:
        role: the ARN of the role that the service assumes.
        bucket, base_path: as registered.
        client: name of the S3 client in a self-managed cluster's configuration.
    """

    role: str = "the repository's role (repository.role_arn)"
    bucket: str = ""
    base_path: str = ""
    client: str = "default"

    @property
    def the_bucket(self) -> str:
        """The bucket in words."""
        return f"bucket {self.bucket}" if self.bucket else "its bucket"

    @property
    def objects(self) -> str:
        """The ARN of the objects that the role must reach: all of them, because OpenSearch 3 puts prefixes of
        its own before `base_path`."""
        return f"{self.bucket_arn}/*" if self.bucket else "the bucket's objects"

    @property
    def bucket_arn(self) -> str:
        """The ARN of the bucket, in the role's partition."""
        partition = self.role.split(":")[1] if self.role.startswith("arn:") else "aws"
        return f"arn:{partition}:s3:::{self.bucket}" if self.bucket else "the bucket"


@dataclass(frozen=True)
class RefusalCause:
    """The reason for a refusal.

    Args:
        kind: which of the known reasons.
        who: the caller's ARN, where the refusal names it.
        what: the action, role or Region, where the refusal names it.
    """

    kind: RefusalKind
    who: str = ""
    what: str = ""

    def advice(self, place: RepositoryLocation | None = None) -> str:
        """Say what is wrong and what to do, in one sentence without its full stop."""
        where = place or RepositoryLocation()
        if self.kind == "access control":
            return self._unmapped()
        words = _ADVICE[self.kind]
        return words.format(
            who=self.who or "the caller",
            what=self.what or (where.role if self.kind in {"pass role", "pass role denied", "trust"} else ""),
            role=where.role,
            bucket=where.the_bucket,
            bucket_arn=where.bucket_arn,
            objects=where.objects,
            path=where.base_path or "the repository's base_path",
            client=where.client,
        )

    def _unmapped(self) -> str:
        """Name the role that would allow it, which depends on the refused action."""
        lacks = f"the domain's fine-grained access control does not allow {self.who or 'the caller'}"
        if not self.what:
            return f"{lacks} this: map it to manage_snapshots, and leave the security index out"
        own = f"a role that has {self.what} (see docs/access.md)"
        roles = next((role for actions, role in _ROLES if re.match(actions, self.what)), own)
        return f"{lacks} {self.what}: map it there to {roles}"


_ROLES = (
    (r"cluster:admin/(repository|snapshot)", "the role manage_snapshots"),
    (r"cluster:admin/opensearch/snapshot_management/", "the role snapshot_management_full_access"),
    (r"cluster:admin/opendistro/ism/policy/", "the role index_management_full_access"),
)
"""Roles of access control that allow an action, by the action."""
_SIGN = "set auth: {{type: sigv4}} for this domain"
_ADVICE: dict[RefusalKind, str] = {
    "unsigned": f"the request was not signed (a basic user cannot pass a role either): {_SIGN}",
    "pass role": "{who} may not pass the role {what} to the service: allow {who} iam:PassRole on {what}",
    "pass role denied": "a policy of {who} denies iam:PassRole on {what}: remove that Deny statement",
    "foreign role": "the role belongs to another account than the caller: name one in the caller's account",
    "trust": "the service may not assume the role {what}: let its trust policy allow sts:AssumeRole to "
    "opensearchservice.amazonaws.com (or es.amazonaws.com), and to both domains where it has conditions",
    "key": "{role} may not use the bucket's KMS key ({what}): allow it kms:GenerateDataKey and kms:Decrypt",
    "request": "{who} may not send this request: allow it {what} on the domain, in its IAM policy or in the "
    "domain's access policy",
    "request denied": "a policy denies {who} {what} on the domain: remove that Deny statement",
    "bucket": "{bucket} does not exist: create it, or correct repository.bucket",
    "archived": "objects of the repository were moved to Glacier by a lifecycle rule of {bucket}: restore "
    "them to S3 Standard, and make the rule leave what lies under {path} alone, whatever prefix OpenSearch 3 "
    "puts before that",
    "region": "the bucket is in {what}: set repository.region to it and repository.endpoint_fallback: auto",
    "upload": "{role} may not write to {bucket}: allow it s3:PutObject on {objects}",
    "list": "{role} may not list {bucket}: allow it s3:ListBucket on {bucket_arn}",
    "delete": "{role} may not delete in {bucket}: allow it s3:DeleteObject on {objects}",
    "read": "{role} may not read in {bucket}: allow it s3:GetObject on {objects}, and s3:ListBucket on "
    "{bucket_arn}",
    "no keys": "the cluster has no credentials for S3: add them on every node (`opensearch-keystore add "
    "s3.client.{client}.access_key`, then the same with secret_key), and have them read with POST "
    "_nodes/reload_secure_settings or by a restart",
    "wrong keys": "S3 does not accept the credentials in the cluster's keystore: correct "
    "s3.client.{client}.access_key and secret_key on every node (`opensearch-keystore add --force "
    "s3.client.{client}.access_key`), and have them read with POST _nodes/reload_secure_settings",
    "no client": "the cluster's nodes have no S3 client {what}: add its credentials on every node "
    "(`opensearch-keystore add s3.client.{what}.access_key`, then the same with secret_key) and have them "
    "read with POST _nodes/reload_secure_settings, or correct repository.settings.client",
    "no plugin": "the cluster cannot use such a repository: install the plugin repository-s3 on every node "
    "(`opensearch-plugin install repository-s3`) and restart it",
    "no folder": "the folder is not under the cluster's path.repo: add it to path.repo in the configuration "
    "of every node and restart it, or correct repository.location",
    "not offered": "the managed service does not offer this API or setting",
    "signature": "check the credentials, the plan's region for this domain, and this machine's clock",
}
_USER = r"User: (?P<who>\S+) is not authorized to perform: "
_PATTERNS: tuple[tuple[RefusalKind, str], ...] = (
    ("unsigned", r"User: anonymous is not authorized"),
    ("pass role denied", _USER + r"iam:PassRole on resource: (?P<what>\S+) with an explicit deny"),
    ("pass role", _USER + r"iam:PassRole(?: on resource: (?P<what>\S+))?"),
    ("foreign role", r"cross-account pass role"),
    ("trust", r"is not authorized to perform: sts:AssumeRole on resource:? ?(?P<what>\S*)"),
    ("key", r"is not authorized to perform: (?P<what>kms:\w+)"),
    ("upload", r"is not authorized to perform: s3:Put"),
    ("delete", r"is not authorized to perform: s3:Delete"),
    ("list", r"is not authorized to perform: s3:List"),
    ("read", r"is not authorized to perform: s3:Get"),
    ("request denied", _USER + r"(?P<what>es:\w+).* explicit deny"),
    ("request", _USER + r"(?P<what>es:\w+)"),
    ("no keys", r"unable to load (?:aws )?credentials from|requested metadata is not found at"),
    ("no keys", r"failed to load credentials from imds"),
    ("wrong keys", r"access key id you provided does not exist.*service: (?:amazon )?s3"),
    ("wrong keys", r"request signature we calculated does not match.*service: (?:amazon )?s3"),
    ("no plugin", r"repository type \[s3\] does not exist|repository type \[\] does not exist"),
    ("no folder", r"doesn't match any of the locations specified by path\.repo"),
    ("archived", r"not valid for the object's storage class|invalid_?object_?state"),
    ("bucket", r"no_?such_?bucket|specified bucket does not exist"),
    ("region", r"bucket is in this region: (?P<what>[a-z0-9-]+)"),
    ("upload", r"unable to upload object.*access ?denied"),
    ("delete", r"(?:cannot delete|failed to delete|deleting blobs).*access ?denied"),
    ("list", r"(?:listing blobs|root blobs).*access ?denied"),
    ("read", r"access ?denied"),
)
_NAME = re.compile(r"\[[^\s\[\]]*\]")  # an index, a repository or a path, whose name must not match a pattern
_UNMAPPED = re.compile(r"no permissions for \[(?P<what>[^\]]*)\] and User \[name=(?P<who>[^,\]]+)")
_NO_CLIENT = re.compile(r"unknown s3 client name \[(?P<what>[^\]]*)\]", re.IGNORECASE)
_OF_THE_CALLER: tuple[tuple[RefusalKind, str], ...] = (
    ("signature", r"signature|security token|token has expired|credential"),
    ("not offered", r"^Your request: .* is not allowed"),
)


def cause_of(said: str, *, caller_denied: bool = False) -> RefusalCause | None:
    """Find the cause in the service's words; None when they match no known one.

    Args:
        said: the whole reply in one line (`Reply.text`).
        caller_denied: whether the caller was refused (401, 403), so that the signature may be at fault.
    """
    if unmapped := _UNMAPPED.search(said):
        return RefusalCause("access control", unmapped["who"], unmapped["what"])
    if unknown := _NO_CLIENT.search(said):
        return RefusalCause("no client", what=unknown["what"])
    words = _NAME.sub("[]", said)
    for kind, pattern in (*_PATTERNS, *(_OF_THE_CALLER if caller_denied else ())):
        found = re.search(pattern, words, re.IGNORECASE)
        if found:
            named = found.groupdict()
            return RefusalCause(kind, named.get("who") or "", (named.get("what") or "").rstrip(",;"))
    return None
