"""Access to a side: its address, its Region, and whether requests are signed; probed once."""

from dataclasses import dataclass, field, replace

from configs.plan import DomainSettings, NoAuth, Side
from configs.values.endpoints import address_of
from domains.aws import control_plane, session
from domains.aws.control_plane import DomainStatus
from domains.domain import Domain, open_domain
from domains.engine.reachability import Reachability, probe
from tasks.draft.find_domain import find_domain, login_region
from tasks.draft.optional_reads import optional_read
from tasks.draft.options import SideOptions
from tasks.errors import PreconditionError
from tasks.records.draft import AuthType

_AWAY = {"dns", "tcp", "tls", "answer"}
_TURNED_AWAY = {"domain-access", "access-control", "credentials"}
_SERVICE = "domains of the service need it"


@dataclass(frozen=True)
class Access:
    """Access to a side, probed once.

    Args:
        region_told_by, auth, auth_told_by: as in SideFound.
        status: the domain's status in the control plane; None if unknown there or not asked.
        unknown: one sentence for each thing that could not be determined; later reads add to it.
    """

    domain: Domain
    reach: Reachability
    region_told_by: str
    auth: AuthType
    auth_told_by: str
    status: DomainStatus | None = None
    unknown: list[str] = field(default_factory=list[str])


def find_access(side: Side, asked: SideOptions) -> Access:
    """Find out how to access this side. Reads only.

    Raises:
        PreconditionError: the side does not exist, or does not answer and nothing else is known about it.
        AwsError: the login cannot be used.
    """
    way = _by_name(side, asked) if asked.domain else _by_url(side, asked)
    end = way.reach
    if end.stage == "reached":
        return way
    if end.stage in _AWAY and way.status is None:
        raise PreconditionError(f"the {side} cannot be reached: {end.detail}", hint=end.hint)
    if end.stage in {"credentials", "clock"} and way.auth == "sigv4":
        hint = end.hint if asked.region or end.stage == "clock" else _other_login(side, way)
        raise PreconditionError(f"the {side} does not accept this login: {end.detail}", hint=hint)
    if way.auth != "basic":  # the plan itself says what to do where the login is filled in
        way.unknown.append(f"it could not be reached from here: {end.detail}; {end.hint}")
    return way


def _other_login(side: Side, way: Access) -> str:
    return (
        f"give the Region of the {side} with --{side}-region, if it is not {way.domain.region}; or its "
        f"account's login with --{side}-profile or --{side}-role"
    )


def _by_name(side: Side, asked: SideOptions) -> Access:
    place = find_domain(side, asked)
    domain, end = _go(side, asked.settings(asked.signing, place.region))
    return Access(domain, end, place.told_by, "sigv4", _SERVICE, place.status)


def _by_url(side: Side, asked: SideOptions) -> Access:
    if asked.is_managed:
        return _with_status(asked, _signed(side, asked, _SERVICE))
    if asked.profile or asked.role_arn:
        return _signed(side, asked, "a profile or a role was given to sign with")
    domain, end = _go(side, asked.settings(NoAuth(type="none"), asked.region))
    unsigned = Access(domain, end, asked.region_told_by, "none", "it answers without a login")
    return _turned_away(side, asked, unsigned) if end.stage in _TURNED_AWAY else unsigned


def _with_status(asked: SideOptions, way: Access) -> Access:
    name = control_plane.domain_name_of(address_of(asked.endpoint or "")[0])
    if name is None:
        return way
    what = "the control plane was not asked for it"
    status = optional_read(way.unknown, what, lambda: control_plane.domain_status(way.domain.session, name))
    return replace(way, status=status)


def _signed(side: Side, asked: SideOptions, why: str) -> Access:
    own = asked.region or session.profile_region(asked.profile)
    region = login_region(session.session(asked.signing, own))
    if region is None:
        raise PreconditionError(
            f"requests to the {side} must be signed for a Region, and {asked.given} names none",
            hint=f"give it with --{side}-region",
        )
    domain, end = _go(side, asked.settings(asked.signing, region))
    told_by = asked.region_told_by or "the login's Region: requests signed for it are accepted"
    return Access(domain, end, told_by, "sigv4", why)


def _turned_away(side: Side, asked: SideOptions, unsigned: Access) -> Access:
    """Handle another host that requires a login: try a signature, else assume user and password."""
    lacking: list[str] = []
    signed = optional_read(
        lacking, "no signed request was sent", lambda: _signed(side, asked, "it refuses unsigned requests")
    )
    if signed and signed.reach.stage in {"reached", "domain-access", "access-control"}:
        return signed
    if unsigned.reach.stage == "credentials":
        why = "it asks for a login and does not accept AWS signatures"
        return replace(unsigned, auth="basic", auth_told_by=why)
    said = f"the signed request ended with: {signed.reach.detail}" if signed else lacking[0]
    raise PreconditionError(
        f"the {side} refuses unsigned requests; {said}",
        hint=f"give the domain's Region with --{side}-region, and its login with --{side}-profile or "
        f"--{side}-role",
    )


def _go(side: Side, settings: DomainSettings) -> tuple[Domain, Reachability]:
    domain = open_domain(side, settings)
    return domain, probe(domain, settings)
