"""What was found out for a plan, side by side with what could not be."""

from datetime import datetime
from typing import Literal

from configs.plan import Side
from tasks.records.base import Record

AuthType = Literal["sigv4", "basic", "none"]


class SideFound(Record):
    """One side. What could not be told is None or empty, and `unknown` says why.

    Args:
        given: as the user named it.
        domain, endpoint: what the plan names it by; exactly one of them.
        region_told_by, auth_told_by: where Region and authentication come from, in words.
        caller, account: who signs, and of which account.
        arn: the domain's ARN, by the control plane.
        version: the engine and its version.
        busy: what is under way on the domain, by the control plane.
        reached: whether it answers requests from here.
        unknown: one sentence for each thing that could not be told.
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
    """A repository that a side has registered already; the service's own are left out."""

    side: Side
    name: str
    type: str
    bucket: str = ""
    base_path: str = ""
    location: str = ""
    role_arn: str = ""
    readonly: bool = False


class BucketFound(Record):
    """A bucket that snapshots may lie in, and why it is a candidate; `why` is empty for any other bucket."""

    name: str
    region: str | None = None
    why: str = ""


class RoleFound(Record):
    """A role that the service may assume.

    Args:
        problem: why it does not do, as far as that was looked at; empty when nothing is known against it.
        proven: whether its policies were seen to allow what the bucket asks for.
    """

    arn: str
    problem: str = ""
    proven: bool = False


class RoleChoice(Record):
    """The role of one side: the chosen one (None: none was found that would do), why, and the others."""

    arn: str | None = None
    why: str = ""
    candidates: tuple[RoleFound, ...] = ()


class StorageFound(Record):
    """Where the snapshots could lie.

    Args:
        name: for the repository and its folder: not taken, as far as that could be looked at.
        bucket: the chosen one; None where none suggests itself.
        role, target_role: the second only where the sides are of two accounts.
        registrations, buckets: what there is; of buckets, the candidates first.
        unknown: one sentence for each thing that could not be told.
    """

    name: str
    bucket: BucketFound | None = None
    role: RoleChoice | None = None
    target_role: RoleChoice | None = None
    registrations: tuple[RegistrationFound, ...] = ()
    buckets: tuple[BucketFound, ...] = ()
    unknown: tuple[str, ...] = ()


class IndicesFound(Record):
    """What is on the source, and what of it would not fit on the target.

    Args:
        indices: how many would move under `include: ["*"]`, data streams' backing ones among them.
        bytes: of their primaries.
        created_problems: indices that the target cannot read for the version that created them.
        conflicts: names that the target has already; None when it could not be looked at.
    """

    indices: int
    bytes: int
    streams: tuple[str, ...]
    system: tuple[str, ...]
    closed: tuple[str, ...]
    created_problems: tuple[str, ...] = ()
    conflicts: tuple[str, ...] | None = None


class Draft(Record):
    """Everything that was found out for a plan.

    Args:
        source, target: None for a side that was not named.
        version_problem, version_way_out: why the target cannot read the source's snapshots, and what to do;
            empty when it can.
        to_fill_in: keys of the plan that only the user can fill in.
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
