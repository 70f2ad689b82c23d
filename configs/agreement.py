"""Cross-check the parts of a plan: two different domains, one partition, roles that can be passed."""

from collections.abc import Iterator, Mapping

from configs.auth import SigV4Auth
from configs.base import Conflict, Path, path_text
from configs.domain import DomainSettings
from configs.repository import FsRepository, S3Repository, Side
from configs.values.aws import parse_role_arn, partition_of_region, region_of_host
from configs.values.endpoints import canonical_address

_TYPE: Path = ("repository", "type")
_ROLES: tuple[Path, ...] = (("repository", "role_arn"), ("repository", "target_role_arn"), _TYPE)


def disagreements(
    source: DomainSettings | None, target: DomainSettings, repository: S3Repository | FsRepository
) -> Iterator[Conflict]:
    """Yield every contradiction between the parts, each at the field to change.

    Args:
        source: None where the plan's source is no domain.
    """
    if source and _is_same_domain(source, target):
        place = "endpoint" if target.endpoint else "domain"
        depends = (*_where("source"), *_where("target"), ("source", "auth"), ("target", "auth"))
        yield Conflict(("target", place), "source and target are the same domain; correct one", depends)
    sides: dict[Side, DomainSettings] = {"source": source} if source else {}
    sides["target"] = target
    if isinstance(repository, FsRepository):
        managed: list[Side] = [side for side, domain in sides.items() if domain.is_managed]
        if managed:
            message = f"the {managed[0]} is a managed domain, which has no shared folder; use type: s3"
            yield Conflict(_TYPE, message, (*_where(managed[0]), _TYPE))
        return
    yield from _missing_role(sides, repository)
    for side, domain in sides.items():
        yield from _unsigned(side, domain)
        yield from _passed_role(side, domain, repository)
    yield from _partitions(sides, repository)


def _where(side: Side) -> tuple[Path, ...]:
    return (side, "endpoint"), (side, "domain"), (side, "region"), (side, "connect_to")


def _is_same_domain(source: DomainSettings, target: DomainSettings) -> bool:
    if source.domain and target.domain:
        # the same name in another account is another domain, and the credentials decide the account
        return (source.domain, source.region, source.auth) == (target.domain, target.region, target.auth)
    if not source.address or not target.address or not source.connect_address or not target.connect_address:
        return False
    if region_of_host(source.address[0]):
        return source.address[0] == target.address[0]
    same_name = canonical_address(source.address) == canonical_address(target.address)
    return same_name and canonical_address(source.connect_address) == canonical_address(
        target.connect_address
    )


def _unsigned(side: Side, domain: DomainSettings) -> Iterator[Conflict]:
    if domain.is_managed and not domain.is_signed:
        message = "the service registers repositories only for signed requests; use auth: {type: sigv4}"
        yield Conflict((side, "auth"), message, ((side, "auth"), *_where(side), _TYPE))


def _missing_role(sides: Mapping[Side, DomainSettings], repository: S3Repository) -> Iterator[Conflict]:
    signed: list[Side] = [side for side, domain in sides.items() if domain.is_signed]
    lacking: list[Side] = [side for side in signed if repository.role_arn_for(side) is None]
    if lacking:
        message = (
            f"this key is missing: requests to the {' and the '.join(lacking)} are signed with sigv4, so the "
            "service needs a role to reach the bucket; add role_arn: arn:aws:iam::ACCOUNT:role/NAME"
        )
        depends = (*((side, "auth") for side in lacking), *_ROLES)
        yield Conflict(("repository", "role_arn"), message, depends)


def _passed_role(side: Side, domain: DomainSettings, repository: S3Repository) -> Iterator[Conflict]:
    arn = repository.role_arn_for(side)
    if not isinstance(domain.auth, SigV4Auth) or domain.auth.role_arn is None or arn is None:
        return
    caller, passed = parse_role_arn(domain.auth.role_arn), parse_role_arn(arn)
    if caller.partition != passed.partition or caller.account == passed.account:
        return
    field = "target_role_arn" if side == "target" and repository.target_role_arn else "role_arn"
    right = "add target_role_arn" if side == "target" and field == "role_arn" else "write it here"
    message = (
        f"this role is in account {passed.account}, but {side}.auth.role_arn is in {caller.account}; a role "
        f"can only be passed within its own account: create one in {caller.account} and {right}"
    )
    yield Conflict(("repository", field), message, ((side, "auth"), *_ROLES))


def _partitions(sides: Mapping[Side, DomainSettings], repository: S3Repository) -> Iterator[Conflict]:
    found = list(_named_partitions(sides, repository))
    for path, partition in found[1:]:
        first_path, first = found[0]
        if partition != first:
            message = (
                f"this is in partition {partition}, but {path_text(first_path)} is in {first}; "
                "snapshots cannot be shared across partitions"
            )
            yield Conflict(path, message, (path, first_path, _TYPE))


def _named_partitions(
    sides: Mapping[Side, DomainSettings], repository: S3Repository
) -> Iterator[tuple[Path, str]]:
    for side, domain in sides.items():
        if domain.region is not None:
            field = "region" if "region" in domain.model_fields_set else "endpoint"
            yield (side, field), partition_of_region(domain.region)
    if repository.region is not None:
        yield ("repository", "region"), partition_of_region(repository.region)
    roles: tuple[tuple[Path, str | None], ...] = (
        *(((side, "auth", "role_arn"), getattr(each.auth, "role_arn", None)) for side, each in sides.items()),
        (("repository", "role_arn"), repository.role_arn),
        (("repository", "target_role_arn"), repository.target_role_arn),
    )
    for path, arn in roles:
        if arn is not None:
            yield path, parse_role_arn(arn).partition
