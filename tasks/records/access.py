"""Records of a set-up: what a plan requires of the account and of access control, and what was made of it."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from configs.plan import Side
from tasks.records.base import Record

Statement = dict[str, Any]
"""A statement of a policy, as AWS writes it."""
Purpose = Literal["migrate", "cutover"]
"""What the caller is to do: `cutover` includes seed rounds, `finish` and `abort`."""


class Piece(StrEnum):
    """A piece of the set-up, as `--only` names it."""

    BUCKET = "bucket"
    SOURCE_ROLE = "source-role"
    TARGET_ROLE = "target-role"
    CALLER = "caller"
    ACCESS_CONTROL = "access-control"


class BucketModel(Record):
    """The bucket.

    Args:
        account, region: where it is, or is to be.
        base_path: where the repository lies in it.
        key: ARN of the KMS key that encrypts it; None for S3's own encryption.
        policy: statements for roles of other accounts than the bucket's.
        key_policy: statements for the roles, for the key's policy.
        crosses_accounts: whether one account reads what another one writes.
    """

    name: str
    account: str
    region: str
    base_path: str
    key: str | None = None
    policy: tuple[Statement, ...] = ()
    key_policy: tuple[Statement, ...] = ()
    crosses_accounts: bool = False


class RoleModel(Record):
    """A role that the service assumes to reach the bucket.

    Args:
        sides: the domains that register the repository with it.
    """

    piece: Literal[Piece.SOURCE_ROLE, Piece.TARGET_ROLE]
    arn: str
    sides: tuple[Side, ...]
    trust: tuple[Statement, ...]
    policy: tuple[Statement, ...]


class CallerModel(Record):
    """An identity that signs the migration's requests.

    Args:
        arn: of a user or a role.
        trust: for a role under `auth` that is to be made; empty for an identity that only gets a policy.
    """

    arn: str
    sides: tuple[Side, ...]
    trust: tuple[Statement, ...]
    policy: tuple[Statement, ...]


class SecurityRoleModel(Record):
    """A role of access control, and what makes it."""

    name: str
    definition: dict[str, Any]


class AccessControlModel(Record):
    """Access control on one side: roles, to which the caller is mapped.

    Args:
        engine: decides how the REST API is called.
        where: the list of a mapping that takes the caller's ARN.
        existing: roles of the service that the caller needs.
        roles: roles of our own.
    """

    side: Side
    engine: Literal["opensearch", "elasticsearch"]
    caller: str
    where: Literal["users", "backend_roles"]
    existing: tuple[str, ...]
    roles: tuple[SecurityRoleModel, ...]


class AccessModel(Record):
    """Everything that a plan requires around its two domains.

    Args:
        policy: name of the inline policies.
        hashed: whether the shards may lie under a hash before `base_path`.
        notes: what was assumed, because it could not be read; what no file can hold.
    """

    plan: str
    purpose: Purpose
    policy: str
    tags: dict[str, str]
    hashed: bool
    bucket: BucketModel | None
    roles: tuple[RoleModel, ...]
    callers: tuple[CallerModel, ...]
    access_control: tuple[AccessControlModel, ...]
    notes: tuple[str, ...] = ()

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts that it is about."""
        arns = [each.arn for each in (*self.roles, *self.callers)]
        found = [self.bucket.account] if self.bucket else []
        return tuple(dict.fromkeys([*found, *(arn.split(":")[4] for arn in arns)]))


class PlannedCall(Record):
    """A call of an AWS API, or a request to a domain, that would be sent or was sent.

    Args:
        at: the account, or the side.
        call: `iam CreateRole`, or `PUT /_plugins/…`.
        body: its parameters, or its body.
    """

    at: str
    call: str
    body: Any = None


PartStatus = Literal["there", "missing", "refused", "unknown", "none"]
"""`refused`: it must not be changed by us. `none`: this domain needs nothing of the kind."""


class PartRecord(Record):
    """One part of a piece: what is there, against the model.

    Args:
        at: the account, or the side.
        what: in words, such as `trust policy`.
        name: an ARN, a name.
        detail: what was found.
        hint: what to do; empty if nothing.
        calls: what would make it be there.
    """

    piece: Piece
    at: str
    what: str
    name: str
    status: PartStatus
    detail: str
    hint: str = ""
    calls: tuple[PlannedCall, ...] = ()


class AccessDiff(Record):
    """What is there of a set-up, part by part."""

    plan: str
    purpose: Purpose
    parts: tuple[PartRecord, ...]
    notes: tuple[str, ...] = ()

    def of(self, *statuses: PartStatus) -> tuple[PartRecord, ...]:
        """The parts with one of these statuses."""
        return tuple(part for part in self.parts if part.status in statuses)

    @property
    def is_complete(self) -> bool:
        """Whether nothing is missing, refused or unknown."""
        return not self.of("missing", "refused", "unknown")


class AccessApplied(Record):
    """A set-up that was completed.

    Args:
        made: parts that were missing, with the calls that were sent for them.
        there: how many parts were there before.
    """

    plan: str
    made: tuple[PartRecord, ...]
    there: int
    notes: tuple[str, ...] = ()


class MadeKind(StrEnum):
    """Something that a set-up makes, or adds to what is somebody else's."""

    BUCKET = "bucket"
    OWNERSHIP = "object ownership"
    BUCKET_POLICY = "bucket policy"
    KEY_POLICY = "key policy"
    ROLE = "role"
    TRUST = "trust"
    POLICY = "policy"
    SECURITY_ROLE = "security role"
    MAPPING = "mapping"
    OWN_MAPPING = "own mapping"


class Made(Record):
    """Something that a set-up has made, or was about to make when it ended.

    Args:
        at: the account, or the domain's endpoint.
        name: an ARN or a name.
        entry: what was added to it, such as the ARN in a mapping.
        where: the list of a mapping.
        before: what was there before, where that can be restored.
        region: of a bucket.
    """

    kind: MadeKind
    at: str
    name: str
    entry: str = ""
    where: str = ""
    before: str = ""
    region: str = ""
    since: datetime


class AccessState(Record):
    """All that `snapferry access apply` has made for a plan; the state folder holds it."""

    plan: str
    made: tuple[Made, ...] = ()


RemovalStatus = Literal["remove", "gone", "kept", "unknown"]


class RemovalPart(Record):
    """One thing that was made for a plan: whether it is still there, and can be removed.

    Args:
        status: `kept`: it is there, but others use it, or it is not ours any more.
    """

    kind: MadeKind
    at: str
    name: str
    status: RemovalStatus
    detail: str
    calls: tuple[PlannedCall, ...] = ()


class AccessRemoval(Record):
    """What `snapferry access remove` would remove or has removed, and what it leaves.

    Args:
        done: whether it was removed.
    """

    plan: str
    done: bool
    parts: tuple[RemovalPart, ...]

    def of(self, *statuses: RemovalStatus) -> tuple[RemovalPart, ...]:
        """The parts with one of these statuses."""
        return tuple(part for part in self.parts if part.status in statuses)
