"""Findings for a new plan, including what could not be determined."""

from datetime import datetime
from typing import Literal

from configs.plan import Side
from tasks.records.base import Record

AuthType = Literal["sigv4", "basic", "none"]


class SideFound(Record):
    """One side. Whatever could not be determined is None or empty, and `unknown` says why.

    Args:
        given: the side as the user wrote it.
        domain, endpoint: how the plan names the side; exactly one of them.
        region_told_by, auth_told_by: where Region and authentication come from, in words.
        caller, account: identity that signs the requests, and its account.
        arn: the domain's ARN, from the control plane.
        version: the engine and its version.
        busy: operation in progress on the domain, from the control plane.
        reached: whether the domain answers requests from this machine.
        unknown: one sentence for each thing that could not be determined.
    """

    side: Side
    given: str
    domain: str | None = None
    endpoint: str | None = None
    region: str | None = None
    region_told_by: str = ""
    auth: AuthType = "sigv4"
    auth_told_by: str = ""
    profile: str | None = None
    role_arn: str | None = None
    connect_to: str | None = None
    ca_bundle: str | None = None
    caller: str | None = None
    account: str | None = None
    arn: str = ""
    version: str = ""
    cluster_name: str = ""
    cluster_uuid: str = ""
    busy: str = ""
    reached: bool = False
    unknown: tuple[str, ...] = ()


class RegistrationFound(Record):
    """Repository already registered on a side; the service's own repositories are left out."""

    side: Side
    name: str
    type: str
    bucket: str = ""
    base_path: str = ""
    location: str = ""
    role_arn: str = ""
    readonly: bool = False


class BucketFound(Record):
    """Bucket in the account. `why` says why it is a candidate for snapshots; empty if it is not."""

    name: str
    region: str | None = None
    why: str = ""


class RoleFound(Record):
    """Role that the service may assume.

    Args:
        problem: why the role is unsuitable, as far as checked; empty if no problem is known.
        proven: whether its policies were read and allow what the bucket requires.
    """

    arn: str
    problem: str = ""
    proven: bool = False


class RoleChoice(Record):
    """Role of one side: the chosen role (None: no suitable one was found), why, and the candidates."""

    arn: str | None = None
    why: str = ""
    candidates: tuple[RoleFound, ...] = ()


class StorageFound(Record):
    """Possible places for the snapshots.

    Args:
        name: name for the repository and its folder; free, as far as could be checked.
        bucket: the chosen bucket; None without a candidate.
        role, target_role: role of both sides; target_role only if the sides are in different accounts.
        registrations, buckets: existing ones; candidate buckets come first.
        unknown: one sentence for each thing that could not be determined.
    """

    name: str
    bucket: BucketFound | None = None
    role: RoleChoice | None = None
    target_role: RoleChoice | None = None
    registrations: tuple[RegistrationFound, ...] = ()
    buckets: tuple[BucketFound, ...] = ()
    unknown: tuple[str, ...] = ()


class IndicesFound(Record):
    """Indices of the source, and the problems they would have on the target.

    Args:
        indices: how many would move with `include: ["*"]`, backing indices of data streams included.
        bytes: total size of their primaries.
        created_problems: indices that the target cannot read because of the version that created them.
        conflicts: names that already exist on the target; None if the target could not be read.
    """

    indices: int
    bytes: int
    streams: tuple[str, ...]
    system: tuple[str, ...]
    closed: tuple[str, ...]
    created_problems: tuple[str, ...] = ()
    conflicts: tuple[str, ...] | None = None


class Draft(Record):
    """All findings for a new plan.

    Args:
        source, target: findings for each side; None if the side was not given.
        version_problem, version_way_out: why the target cannot read the source's snapshots, and what to do;
            empty if it can.
        to_fill_in: plan keys that only the user can fill in.
    """

    name: str
    made: datetime
    source: SideFound | None
    target: SideFound | None
    storage: StorageFound
    indices: IndicesFound | None = None
    version_problem: str = ""
    version_way_out: str = ""
    to_fill_in: tuple[str, ...] = ()
