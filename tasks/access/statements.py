"""The statements of every policy that a plan requires, with no right more than it needs. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from configs.plan import Plan, Side
from tasks.access.names import DESCRIPTION, sid
from tasks.records.access import Statement

SERVICES = ("es.amazonaws.com", "opensearchservice.amazonaws.com")
"""The service's two names: policies in use have either, so ours have both."""
READS = ("s3:GetObject",)
WRITES = ("s3:GetObject", "s3:PutObject", "s3:DeleteObject")
HTTP = ("es:ESHttpDelete", "es:ESHttpGet", "es:ESHttpPost", "es:ESHttpPut")
HASH = "?" * 15
"""Stands for the folder that OpenSearch 3 puts before `base_path`: a letter and 14 binary digits."""
BUCKET_READS = (
    "s3:GetBucketObjectLockConfiguration",
    "s3:GetBucketPolicy",
    "s3:GetEncryptionConfiguration",
    "s3:GetLifecycleConfiguration",
    "s3:ListBucket",
)


def allow(name: str, actions: Sequence[str], resources: Sequence[str], **more: object) -> Statement:
    """A statement that allows these actions."""
    return {
        "Sid": name,
        "Effect": "Allow",
        **more,
        "Action": _alone(actions),
        "Resource": _alone(resources),
    }


def _alone(values: Sequence[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else list(values)


# the role


def service_trust(plan: str, domains: Sequence[str]) -> tuple[Statement, ...]:
    """Let the service assume a role, for these domains alone (ARNs): no other domain can use it."""
    accounts = list(dict.fromkeys(arn.split(":")[4] for arn in domains))
    return (
        {
            "Sid": sid(plan, "Service"),
            "Effect": "Allow",
            "Principal": {"Service": list(SERVICES)},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": _alone(accounts)},
                "ArnLike": {"aws:SourceArn": _alone(domains)},
            },
        },
    )


def objects(bucket: str, base_path: str, *, hashed: bool) -> list[str]:
    """ARNs of the repository's objects in this bucket (an ARN), in both layouts if `hashed`."""
    if not base_path:
        return [f"{bucket}/*"]
    before = [f"{bucket}/{HASH}/{base_path}/*"] if hashed else []
    return [f"{bucket}/{base_path}/*", *before]


def bucket_rights(
    plan: str, bucket: str, base_path: str, *, hashed: bool, writes: bool, who: str = "", **more: object
) -> tuple[Statement, ...]:
    """List the bucket (an ARN), and read or write the repository's objects there.

    Args:
        who: distinguishes statements for several roles in one policy.
        more: the principal, in a bucket's policy.
    """
    return (
        allow(sid(plan, f"{who}List"), ["s3:ListBucket"], [bucket], **more),
        allow(
            sid(plan, f"{who}{'Write' if writes else 'Read'}"),
            WRITES if writes else READS,
            objects(bucket, base_path, hashed=hashed),
            **more,
        ),
    )


def key_rights(plan: str, key: str, *, writes: bool, who: str = "", **more: object) -> tuple[Statement, ...]:
    """Let S3 use the bucket's KMS key (an ARN, or `*` in the key's own policy) for a role."""
    actions = ["kms:Decrypt", "kms:GenerateDataKey"] if writes else ["kms:Decrypt"]
    return (allow(sid(plan, f"{who}Key"), actions, [key], **more),)


# the caller


def caller_trust(plan: str, account: str, partition: str, external_id: str | None) -> tuple[Statement, ...]:
    """Leave to the policies of the account who may assume the caller's role."""
    condition = {"Condition": {"StringEquals": {"sts:ExternalId": external_id}}} if external_id else {}
    return (
        {
            "Sid": sid(plan, "Account"),
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:{partition}:iam::{account}:root"},
            "Action": "sts:AssumeRole",
            **condition,
        },
    )


def caller_rights(plan: str, domains: Sequence[str], roles: Sequence[str]) -> tuple[Statement, ...]:
    """Send requests to these domains, and pass these roles to the service (all ARNs)."""
    return (
        allow(sid(plan, "Http"), HTTP, [f"{arn}/*" for arn in domains]),
        *(
            [
                allow(
                    sid(plan, "PassRole"),
                    ["iam:PassRole"],
                    roles,
                    Condition={"StringEquals": {"iam:PassedToService": list(SERVICES)}},
                )
            ]
            if roles
            else []
        ),
    )


@dataclass(frozen=True)
class Looked:
    """What `snapferry check` reads of an account, all as ARNs.

    Args:
        bucket: empty if it is of another account.
        key: the bucket's KMS key in this account; None without one.
        crosses_accounts: whether one account reads what another one writes.
    """

    domains: Mapping[Side, str]
    roles: Sequence[str]
    bucket: str
    key: str | None
    crosses_accounts: bool


_DOMAIN_READS = ("es:DescribeDomain", "es:DescribeDomainChangeProgress", "es:DescribeDomainReplication")


def check_rights(plan: str, caller: str, looked: Looked) -> tuple[Statement, ...]:
    """Let `snapferry check` read the account."""
    found = [
        allow(sid(plan, "ReadDomains"), list(_DOMAIN_READS), list(looked.domains.values())),
        allow(sid(plan, "Simulate"), ["iam:SimulatePrincipalPolicy"], _once(*looked.roles, caller)),
    ]
    if target := looked.domains.get("target"):
        found.append(allow(sid(plan, "ReadPackages"), ["es:ListPackagesForDomain"], [target]))
    if roles := _once(*looked.roles, *_with_path(caller)):
        found.append(allow(sid(plan, "ReadRoles"), ["iam:GetRole"], roles))
    if looked.bucket:
        owner = ("s3:GetBucketOwnershipControls",) if looked.crosses_accounts else ()
        found.append(allow(sid(plan, "ReadBucket"), sorted((*BUCKET_READS, *owner)), [looked.bucket]))
    if looked.key:
        found.append(allow(sid(plan, "ReadKey"), ["kms:DescribeKey", "kms:GetKeyPolicy"], [looked.key]))
    return tuple(found)


def _once(*arns: str) -> list[str]:
    return list(dict.fromkeys(arns))


def _with_path(caller: str) -> list[str]:
    """A role with a path, which has to be looked up: the ARN of its session does not show the path."""
    return [caller] if ":role/" in caller and caller.split(":", 5)[5].count("/") > 1 else []


# access control

_READING = (
    "read",
    "indices_monitor",
    "indices:admin/aliases/get",
    "indices:admin/data_stream/get",
    "indices:admin/get",
    "indices:admin/refresh*",
)
_CLUSTER = ("cluster_monitor", "cluster_composite_ops_ro")
_POLICIES = "cluster:admin/opendistro/ism/managedindex/explain"
"""`check` looks on the source which indices policies manage."""
_WINDOW: dict[Side, tuple[str, ...]] = {
    "source": ("indices:admin/block/add*", "indices:admin/settings/update", "indices:admin/flush*"),
    "target": (
        "indices:admin/close*",
        "indices:admin/open",
        "indices:admin/settings/update",
        "indices:admin/aliases",
        "indices:admin/delete",
        "indices:admin/data_stream/delete",
        "indices:admin/block/add*",
        "indices:admin/mapping/put",
        "indices:data/write/bulk*",
        "indices:data/write/index",
        "indices:data/write/delete",
    ),
}
_BULK = "indices:data/write/bulk"
"""Access control asks for it twice: once for the request as a whole, then for each index in it."""


def reading_definition(plan: Plan, side: Side) -> Statement:
    """The role of access control that a migration needs besides `manage_snapshots`."""
    actions: list[str] = [*_READING]
    if side == "target" and plan.indices.closed == "move":
        actions.append("indices:admin/close*")
    if side == "target" and plan.conflicts.policy == "delete":
        actions += ["indices:admin/delete", "indices:admin/data_stream/delete"]
    return _definition((*_CLUSTER, _POLICIES) if side == "source" else _CLUSTER, actions)


def window_definition(plan: Plan, side: Side) -> Statement:
    """The role of access control that seed rounds, the tail and a cutover need besides.

    Where the plan promises a way back, each domain is written to and frozen at some time.
    """
    if plan.cutover.source_after == "follow":
        return _definition((_BULK,), tuple(dict.fromkeys((*_WINDOW["source"], *_WINDOW["target"]))))
    return _definition((_BULK,) if side == "target" else (), _WINDOW[side])


def _definition(cluster: Sequence[str], actions: Sequence[str]) -> Statement:
    return {
        "description": DESCRIPTION,
        "cluster_permissions": list(cluster),
        "index_permissions": [{"index_patterns": ["*"], "allowed_actions": list(actions)}],
    }
