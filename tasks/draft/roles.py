"""Choose the role that the service assumes to reach the bucket."""

from collections.abc import Sequence

import boto3

from configs.plan import Side
from configs.values.aws import check_role_arn
from domains.aws import iam
from domains.aws.iam import Role
from tasks.checks.rules.trust_policies import domains_not_let_in, service_statements
from tasks.draft.optional_reads import optional_read
from tasks.draft.sides import InspectedSide
from tasks.records.draft import RegistrationFound, RoleChoice, RoleFound

_SIMULATED = 10
_READS = ("s3:GetObject",)
_WRITES = ("s3:GetObject", "s3:PutObject", "s3:DeleteObject")


def choose(
    sides: Sequence[InspectedSide],
    bucket: str | None,
    registrations: Sequence[RegistrationFound],
    unknown: list[str],
) -> RoleChoice:
    """Choose a role for these sides, all in one account, to reach the bucket. Reads only.

    A role that an existing registration of the bucket uses comes first; then the account's roles whose trust
    policy admits the service and the domains, and whose policies allow what the bucket requires: only reads
    if none of these sides is the source.
    """
    session = next((side.session for side in sides if side.session), None)
    if session is None:
        return RoleChoice()
    names: list[Side] = [side.found.side for side in sides]
    for each in registrations:
        if each.bucket == bucket and bucket and each.side in names and _is_role(each.role_arn):
            return RoleChoice(arn=each.role_arn, why=f"repository {each.name} of the {each.side} uses it")
    arns = [side.found.arn for side in sides if side.found.arn]
    listed = (
        optional_read(unknown, "the account's roles could not be listed", lambda: iam.roles(session)) or ()
    )
    trusting = sorted((each for each in listed if service_statements(each.trust)), key=lambda each: each.arn)
    asked = _asked(bucket, names) if bucket else ()
    candidates = _judged(session, trusting, arns, asked, unknown)
    return _chosen(candidates, bucket)


def _is_role(arn: str) -> bool:
    try:
        return bool(check_role_arn(arn))
    except ValueError:
        return False


Asked = Sequence[tuple[str, str]]
"""Actions, each with its resource: the bucket, or the bucket and `/*`."""


def _judged(
    session: boto3.Session, roles: Sequence[Role], arns: Sequence[str], asked: Asked, unknown: list[str]
) -> tuple[RoleFound, ...]:
    found: list[RoleFound] = []
    silent: list[str] = []
    for role in roles:
        problem = next((why for arn in arns if (why := _shut_out(role, arn))), "")
        refused: tuple[str, ...] | None = None
        if not problem and asked and not silent and len(found) < _SIMULATED:
            refused = optional_read(silent, "", lambda role=role: _refused(session, role.arn, asked))
        lacks = f"its policies do not seem to allow {', '.join(refused)}" if refused else ""
        found.append(RoleFound(arn=role.arn, problem=problem or lacks, proven=refused == ()))
    if silent:
        unknown.append(f"the roles' rights in the bucket could not be determined{silent[0]}")
    return tuple(found)


def _shut_out(role: Role, arn: str) -> str:
    unfit = domains_not_let_in(service_statements(role.trust), arn)
    return f"its trust policy may not let {arn} in: {unfit.why}" if unfit else ""


def _asked(bucket: str, sides: Sequence[Side]) -> Asked:
    """List what the role of these sides must be allowed in the bucket."""
    objects = _WRITES if "source" in sides else _READS
    return [("s3:ListBucket", bucket), *((action, f"{bucket}/*") for action in objects)]


def _refused(session: boto3.Session, role: str, asked: Asked) -> tuple[str, ...]:
    partition = role.split(":")[1]
    whole = [(action, f"arn:{partition}:s3:::{resource}") for action, resource in asked]
    return iam.refused_actions(session, role, whole)


def _chosen(candidates: tuple[RoleFound, ...], bucket: str | None) -> RoleChoice:
    proven = [role for role in candidates if role.proven]
    likely = [role for role in candidates if not role.problem]
    if proven:
        why = f"the service may assume it, and its policies allow what bucket {bucket} requires"
        return RoleChoice(arn=proven[0].arn, why=why, candidates=candidates)
    if len(likely) == 1:
        why = "it is the only one that the service may assume; its rights in the bucket are not known"
        return RoleChoice(arn=likely[0].arn, why=why, candidates=candidates)
    return RoleChoice(candidates=candidates)
