"""What the parts of a plan must agree on: two different domains, one partition, roles that can be passed."""

from collections.abc import Iterator

from configs.auth import SigV4Auth
from configs.aws import parse_role_arn, partition_of_region
from configs.base import Conflict, Path
from configs.domain import DomainSettings
from configs.endpoints import same_place
from configs.repository import FsRepository, S3Repository, Side

_DOMAINS: tuple[Path, ...] = (("source",), ("target",))
_ALL: tuple[Path, ...] = (*_DOMAINS, ("repository",))


def disagreements(
    source: DomainSettings, target: DomainSettings, repository: S3Repository | FsRepository
) -> Iterator[Conflict]:
    """Yield everything between the parts that cannot work, each at the field to change."""
    if _is_same_domain(source, target):
        place = "endpoint" if target.endpoint else "domain"
        yield Conflict(("target", place), "source and target are the same domain; correct one", _DOMAINS)
    if isinstance(repository, FsRepository):
        yield from _folder(source, target)
    else:
        yield from _unsigned(source, target)
        yield from _roles(source, target, repository)
        yield from _partitions(source, target, repository)


def _is_same_domain(source: DomainSettings, target: DomainSettings) -> bool:
    if source.domain and target.domain:
        # the same name in another account is another domain, and the credentials decide the account
        return (source.domain, source.region, source.auth) == (target.domain, target.region, target.auth)
    if not source.address or not target.address or not source.connect_address or not target.connect_address:
        return False
    if source.is_managed:
        return source.address[0] == target.address[0]
    same_name = same_place(source.address) == same_place(target.address)
    return same_name and same_place(source.connect_address) == same_place(target.connect_address)


def _sides(source: DomainSettings, target: DomainSettings) -> tuple[tuple[Side, DomainSettings], ...]:
    return ("source", source), ("target", target)


def _folder(source: DomainSettings, target: DomainSettings) -> Iterator[Conflict]:
    for side, domain in _sides(source, target):
        if domain.is_managed:
            message = f"the {side} is a domain of the service, which has no shared folder; use type: s3"
            yield Conflict(("repository", "type"), message, ((side,), ("repository",)))
            return


def _unsigned(source: DomainSettings, target: DomainSettings) -> Iterator[Conflict]:
    for side, domain in _sides(source, target):
        if domain.is_managed and not domain.is_signed:
            message = (
                "the service takes the registration of a repository from signed requests only; "
                "use auth: {type: sigv4}"
            )
            yield Conflict((side, "auth"), message, ((side,), ("repository", "type")))


def _roles(source: DomainSettings, target: DomainSettings, repository: S3Repository) -> Iterator[Conflict]:
    for side, domain in _sides(source, target):
        arn = repository.role_arn_for(side)
        if domain.is_signed and arn is None:
            also = " (or target_role_arn)" if side == "target" else ""
            message = (
                f"role_arn{also} is missing: the {side} signs with sigv4, "
                "and the service reaches the bucket with a role"
            )
            yield Conflict(("repository",), message, ((side, "auth"), ("repository",)))
            return
        if arn is not None:
            yield from _passed_role(side, domain, repository, arn)


def _passed_role(
    side: Side, domain: DomainSettings, repository: S3Repository, arn: str
) -> Iterator[Conflict]:
    if not isinstance(domain.auth, SigV4Auth) or domain.auth.role_arn is None:
        return
    caller, passed = parse_role_arn(domain.auth.role_arn), parse_role_arn(arn)
    if caller.partition != passed.partition or caller.account == passed.account:
        return
    own = side == "target" and repository.target_role_arn is not None
    right = (
        "add target_role_arn, a role of that account" if side == "target" and not own else "give one of it"
    )
    message = (
        f"this role is of account {passed.account}, and {side}.auth.role_arn of {caller.account}: "
        f"a role is passed inside its own account only; {right}"
    )
    field = "target_role_arn" if own else "role_arn"
    yield Conflict(("repository", field), message, ((side, "auth"), ("repository",)))


def _partitions(
    source: DomainSettings, target: DomainSettings, repository: S3Repository
) -> Iterator[Conflict]:
    found = list(_named_partitions(source, target, repository))
    for path, partition in found[1:]:
        first_path, first = found[0]
        if partition != first:
            message = (
                f"this is in partition {partition}, and {'.'.join(map(str, first_path))} in {first}; "
                "a snapshot is not shared across partitions"
            )
            yield Conflict(path, message, _ALL)


def _named_partitions(
    source: DomainSettings, target: DomainSettings, repository: S3Repository
) -> Iterator[tuple[Path, str]]:
    regions = (
        (("source", "region"), source.region),
        (("target", "region"), target.region),
        (("repository", "region"), repository.region),
    )
    roles = (
        (("source", "auth", "role_arn"), getattr(source.auth, "role_arn", None)),
        (("target", "auth", "role_arn"), getattr(target.auth, "role_arn", None)),
        (("repository", "role_arn"), repository.role_arn),
        (("repository", "target_role_arn"), repository.target_role_arn),
    )
    for path, region in regions:
        if region is not None:
            yield path, partition_of_region(region)
    for path, arn in roles:
        if arn is not None:
            yield path, parse_role_arn(arn).partition
