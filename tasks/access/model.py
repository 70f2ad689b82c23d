"""The model of a plan's set-up, from the plan and a few facts: one model for files, diff and apply. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from configs.auth import SigV4Auth
from configs.plan import Plan, S3Repository, Side
from configs.values.aws import parse_role_arn, partition_of_region
from domains.versions import Engine
from tasks.access import names, statements
from tasks.records.access import (
    AccessControlModel,
    AccessModel,
    BucketModel,
    CallerModel,
    Piece,
    Purpose,
    RoleModel,
    SecurityRoleModel,
    Statement,
)


@dataclass(frozen=True)
class Facts:
    """What a model needs beside the plan.

    Args:
        domains: ARN of each domain that takes signed requests.
        callers: ARN of the user or role that signs them.
        new_callers: those that are roles and are not there yet.
        engines: engine of each domain that has access control.
        hashed: whether the source puts shards under a hash before `base_path`; None if unknown.
        bucket_account, bucket_region: where the bucket is, or is to be.
        key: ARN of the bucket's KMS key; None for S3's own encryption.
        notes: what was assumed, because it could not be read.
    """

    domains: Mapping[Side, str]
    callers: Mapping[Side, str]
    new_callers: frozenset[str]
    engines: Mapping[Side, Engine]
    hashed: bool | None
    bucket_account: str
    bucket_region: str
    key: str | None = None
    notes: tuple[str, ...] = field(default=())


def model_of(plan: Plan, repository: S3Repository, facts: Facts, purpose: Purpose) -> AccessModel:
    """Everything that the plan requires around its domains."""
    roles = tuple(_roles(plan, repository, facts))
    return AccessModel(
        plan=plan.name,
        purpose=purpose,
        policy=names.policy_name(plan.name),
        tags=names.tags(plan.name),
        hashed=facts.hashed is not False,
        bucket=_bucket(plan, repository, facts, roles),
        roles=roles,
        callers=tuple(_callers(plan, repository, facts)),
        access_control=tuple(_access_control(plan, facts, purpose)),
        notes=facts.notes,
    )


def sides_of(mapping: Mapping[Side, str]) -> dict[str, tuple[Side, ...]]:
    """The sides that have each value."""
    found: dict[str, tuple[Side, ...]] = {}
    for side, value in mapping.items():
        found[value] = (*found.get(value, ()), side)
    return found


def passed_roles(plan: Plan, repository: S3Repository) -> dict[Side, str]:
    """The role that each side registers the repository with."""
    signed: list[Side] = [side for side in plan.sides if plan.domain(side).is_signed]
    return {side: arn for side in signed if (arn := repository.role_arn_for(side))}


def _roles(plan: Plan, repository: S3Repository, facts: Facts) -> Iterator[RoleModel]:
    bucket = _bucket_arn(repository, facts)
    for arn, sides in sides_of(passed_roles(plan, repository)).items():
        writes = "source" in sides
        policy = statements.bucket_rights(
            plan.name, bucket, repository.base_path, hashed=facts.hashed is not False, writes=writes
        )
        if facts.key:
            policy += statements.key_rights(plan.name, facts.key, writes=writes)
        yield RoleModel(
            piece=Piece.SOURCE_ROLE if writes else Piece.TARGET_ROLE,
            arn=arn,
            sides=sides,
            trust=statements.service_trust(plan.name, [facts.domains[side] for side in sides]),
            policy=policy,
        )


def _bucket_arn(repository: S3Repository, facts: Facts) -> str:
    return f"arn:{partition_of_region(facts.bucket_region)}:s3:::{repository.bucket}"


def _bucket(plan: Plan, repository: S3Repository, facts: Facts, roles: tuple[RoleModel, ...]) -> BucketModel:
    accounts = {parse_role_arn(role.arn).account for role in roles}
    return BucketModel(
        name=repository.bucket,
        account=facts.bucket_account,
        region=facts.bucket_region,
        base_path=repository.base_path,
        key=facts.key,
        policy=tuple(_foreign(plan, repository, facts, roles)),
        key_policy=tuple(_by_key(plan, facts, roles)),
        crosses_accounts=len(accounts) > 1,
    )


def _foreign(
    plan: Plan, repository: S3Repository, facts: Facts, roles: tuple[RoleModel, ...]
) -> Iterator[Statement]:
    """Statements of the bucket's policy, for roles of other accounts."""
    for role in roles:
        if parse_role_arn(role.arn).account != facts.bucket_account:
            yield from statements.bucket_rights(
                plan.name,
                _bucket_arn(repository, facts),
                repository.base_path,
                hashed=facts.hashed is not False,
                writes="source" in role.sides,
                who=role.sides[0].capitalize(),
                Principal={"AWS": role.arn},
            )


def _by_key(plan: Plan, facts: Facts, roles: tuple[RoleModel, ...]) -> Iterator[Statement]:
    """Statements of the key's policy, for each role."""
    for role in roles if facts.key else ():
        writes, who = "source" in role.sides, role.sides[0].capitalize()
        principal = {"Principal": {"AWS": role.arn}}
        yield from statements.key_rights(plan.name, "*", writes=writes, who=who, **principal)


def _callers(plan: Plan, repository: S3Repository, facts: Facts) -> Iterator[CallerModel]:
    roles = passed_roles(plan, repository)
    crosses = len({parse_role_arn(arn).account for arn in roles.values()}) > 1
    for arn, sides in sides_of(facts.callers).items():
        account = arn.split(":")[4]
        domains: dict[Side, str] = {side: facts.domains[side] for side in sides}
        passed = list(dict.fromkeys(roles[side] for side in sides if side in roles))
        looked = statements.Looked(
            domains,
            passed,
            _bucket_arn(repository, facts) if account == facts.bucket_account else "",
            facts.key if facts.key and facts.key.split(":")[4] == account else None,
            crosses,
        )
        yield CallerModel(
            arn=arn,
            sides=sides,
            trust=_caller_trust(plan, arn, sides) if arn in facts.new_callers else (),
            policy=(
                *statements.caller_rights(plan.name, list(domains.values()), passed),
                *statements.check_rights(plan.name, arn, looked),
            ),
        )


def _caller_trust(plan: Plan, arn: str, sides: tuple[Side, ...]) -> tuple[Statement, ...]:
    auth = plan.domain(sides[0]).auth
    external = auth.external_id if isinstance(auth, SigV4Auth) else None
    partition, account = arn.split(":")[1], arn.split(":")[4]
    return statements.caller_trust(plan.name, account, partition, external)


def _access_control(plan: Plan, facts: Facts, purpose: Purpose) -> Iterator[AccessControlModel]:
    for side, engine in facts.engines.items():
        caller = facts.callers[side]
        reading: Any = statements.reading_definition(plan, side)
        own = [SecurityRoleModel(name=names.reading_role(plan.name), definition=reading)]
        if purpose == "cutover":
            window = statements.window_definition(plan, side)
            own.append(SecurityRoleModel(name=names.window_role(plan.name), definition=window))
        yield AccessControlModel(
            side=side,
            engine=engine,
            caller=caller,
            where="backend_roles" if ":role/" in caller else "users",
            existing=("manage_snapshots",),
            roles=tuple(own),
        )
