"""Find a domain by its name: in the session's Region, else in one of the others."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import boto3

from configs.plan import Side
from configs.values.aws import check_region
from domains.aws import control_plane
from domains.aws import session as aws
from domains.aws.control_plane import DomainStatus
from domains.errors import AwsError
from tasks.draft.options import SideOptions
from tasks.errors import PreconditionError

_AT_ONCE = 8


@dataclass(frozen=True)
class DomainLocation:
    """Domain found by name: its Region, where the Region comes from, and its status in the control plane."""

    region: str
    told_by: str
    status: DomainStatus


def find_domain(side: Side, asked: SideOptions) -> DomainLocation:
    """Find a domain by its name. Reads only.

    Raises:
        PreconditionError: no domain has this name, or several do.
        AwsError: the control plane could not be asked.
    """
    name = asked.domain or ""
    session = aws.session(asked.signing, asked.region or aws.profile_region(asked.profile))
    aws.credentials(session)  # without credentials, fail once instead of once per Region
    own = login_region(session)
    status = control_plane.domain_status(session, name) if own else None
    if own and status:
        return DomainLocation(
            own, asked.region_told_by or "the domain is there, and it is the login's Region", status
        )
    if asked.region:
        raise PreconditionError(
            f"there is no domain {name} in {asked.region} for this login",
            hint=f"correct --{side} or --{side}-region, or use the account's login (--{side}-profile, "
            f"--{side}-role)",
        )
    return _elsewhere(side, name, session, [each for each in control_plane.regions(session) if each != own])


def login_region(session: boto3.Session) -> str | None:
    """Return the Region in the login's settings; None if they name none, or not a valid one."""
    try:
        return check_region(session.region_name or "")
    except ValueError:
        return None


def _elsewhere(side: Side, name: str, session: boto3.Session, regions: Sequence[str]) -> DomainLocation:
    def look(region: str) -> DomainStatus | AwsError | None:
        try:
            return control_plane.domain_status(session, name, region)
        except AwsError as error:
            return error

    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="region") as pool:
        answers = dict(zip(regions, pool.map(look, regions), strict=True))
    found = {region: status for region, status in answers.items() if isinstance(status, DomainStatus)}
    silent = [region for region, error in answers.items() if isinstance(error, AwsError)]
    if len(found) == 1:
        ((region, status),) = found.items()
        missing = f"; {len(silent)} Regions could not be asked" if silent else ""
        return DomainLocation(
            region, f"the only one of {len(regions)} other Regions that has it{missing}", status
        )
    raise _not_one(side, name, sorted(found), silent)


def _not_one(side: Side, name: str, found: Sequence[str], silent: Sequence[str]) -> PreconditionError:
    if found:
        return PreconditionError(
            f"there is a domain {name} in {', '.join(found)}", hint=f"say which with --{side}-region"
        )
    unasked = f" (not asked: {', '.join(silent)})" if silent else ""
    return PreconditionError(
        f"there is no domain {name} in any Region of this login{unasked}",
        hint=f"correct --{side}, or use the account's login (--{side}-profile, --{side}-role)",
    )
