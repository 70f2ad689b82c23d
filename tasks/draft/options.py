"""Options for one side of a new plan. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from configs.auth import SigV4Auth
from configs.domain import DomainSettings
from configs.values.aws import check_domain_name, check_region, check_role_arn, region_of_host
from configs.values.endpoints import (
    PLAIN_HTTP,
    address_of,
    leaves_unencrypted,
    normal_connect_to,
    normal_endpoint,
)


@dataclass(frozen=True)
class SideOptions:
    """One side, as the user named it.

    Args:
        given: the side as the user wrote it.
        domain, endpoint: a domain name or a URL; exactly one of them.
        region: the given Region, or the Region in the endpoint's host.
        profile, role_arn, connect_to, ca_bundle: as in the plan.
    """

    given: str
    domain: str | None
    endpoint: str | None
    region: str | None
    profile: str | None = None
    role_arn: str | None = None
    connect_to: str | None = None
    ca_bundle: str | None = None

    @property
    def signing(self) -> SigV4Auth:
        """How requests are signed, if they are."""
        return SigV4Auth(type="sigv4", profile=self.profile, role_arn=self.role_arn)

    @property
    def is_managed(self) -> bool:
        """Whether the name or host is one of the service's."""
        return self.domain is not None or region_of_host(address_of(self.endpoint or "")[0]) is not None

    @property
    def region_told_by(self) -> str:
        """Where the Region comes from, in words; empty if unknown."""
        if self.endpoint and region_of_host(address_of(self.endpoint)[0]):
            return "the endpoint's host names it"
        return "given to `snapferry init`" if self.region else ""

    def settings(self, auth: Any, region: str | None) -> DomainSettings:
        """Build the side's settings as they would stand in a plan."""
        return DomainSettings(
            domain=self.domain,
            endpoint=self.endpoint,
            region=region,
            auth=auth,
            connect_to=self.connect_to,
            ca_bundle=self.ca_bundle,
        )


class WrongPart(ValueError):
    """Invalid part of a side.

    Args:
        part: option name without the side's prefix, such as `region`; empty for the domain or URL itself.
    """

    def __init__(self, part: str, message: str) -> None:
        super().__init__(message)
        self.part = part


def side_options(
    given: str,
    region: str | None = None,
    *,
    profile: str | None = None,
    role_arn: str | None = None,
    connect_to: str | None = None,
    ca_bundle: str | None = None,
) -> SideOptions:
    """Build one side's options, with the same checks as the plan's loader.

    Raises:
        WrongPart: a part is invalid; the error says which and why.
    """
    has_host = "://" in given or region_of_host(given) is not None
    domain = None if has_host else _checked("", check_domain_name, given)
    endpoint = _checked("", normal_endpoint, _url(given)) if has_host else None
    named = region_of_host(address_of(endpoint)[0]) if endpoint else None
    wanted = _checked("region", check_region, region)
    if wanted and named and wanted != named:
        raise WrongPart("region", f"the endpoint's host says {named}, not {wanted}; leave this option out")
    if ca_bundle is not None and endpoint is not None and endpoint.startswith("http:"):
        raise WrongPart("ca-bundle", "an http endpoint shows no certificate; leave this option out")
    made = SideOptions(
        given=given,
        domain=domain,
        endpoint=endpoint,
        region=named or wanted,
        profile=_checked("profile", _not_blank, profile),
        role_arn=_checked("role", check_role_arn, role_arn),
        connect_to=_checked("connect-to", normal_connect_to, connect_to),
        ca_bundle=_checked("ca-bundle", _not_blank, ca_bundle),
    )
    if endpoint is not None and leaves_unencrypted(endpoint, made.connect_to):
        raise WrongPart("", PLAIN_HTTP)
    return made


def _checked(part: str, check: Callable[[str], str], value: str | None) -> str | None:
    try:
        return None if value is None else check(value)
    except ValueError as error:
        raise WrongPart(part, str(error)) from None


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("this is empty; give a value, or leave the option out")
    return value


def _url(given: str) -> str:
    return given if "://" in given else f"https://{given}"
