"""One side of a migration, opened from the plan's settings.

boto3 and opensearch-py are imported when a domain is opened: commands that end before that answer at once.
"""

from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING

from configs.auth import BasicAuth, SigV4Auth
from configs.plan import DomainSettings, Side
from domains.errors import AwsError

if TYPE_CHECKING:
    import boto3
    from requests.auth import AuthBase

    from domains.http.connection import Connection

__all__ = ["Domain", "Side", "import_clients", "open_domain"]


@dataclass(frozen=True)
class Domain:
    """One side of a migration.

    Args:
        side: `source` or `target`.
        endpoint: its URL, looked up where the plan gives only the domain's name.
        region: its Region; None for a self-managed cluster without one.
        signed: whether requests carry a SigV4 signature, which only the managed service needs.
        connection: sends requests.
        session: the AWS session of this side, for lookups.
    """

    side: Side
    endpoint: str
    region: str | None
    signed: bool
    connection: "Connection"
    session: "boto3.Session"

    @property
    def label(self) -> str:
        """Its name in messages: the side, or `domain` where there is no other."""
        return self.connection.label

    def ending_at(self, end: float) -> "Domain":
        """The same domain, whose requests all end at this reading of `time.monotonic` at the latest."""
        return replace(self, connection=self.connection.ending_at(end))

    def without_retries(self, end: float) -> "Domain":
        """The same domain, which is asked everything once, until this reading of `time.monotonic`."""
        return replace(self, connection=self.connection.without_retries(end))


def import_clients() -> None:
    """Import what opening a domain needs."""
    for module in ("domains.aws.session", "domains.http.connection", "domains.http.signing"):
        import_module(module)


def open_domain(side: Side, settings: DomainSettings, label: str = "") -> Domain:
    """Open the domain: resolve credentials and, by name, its endpoint. Sends the domain nothing.

    Args:
        label: its name in messages; the side without it.

    Raises:
        AwsError: credentials, role or domain name could not be resolved.
    """
    from domains.aws import session as aws
    from domains.http.connection import Connection

    auth = settings.auth
    signing = auth if isinstance(auth, SigV4Auth) else None
    session = aws.session(signing, settings.region)
    endpoint = settings.endpoint or aws.domain_endpoint(session, settings.domain or "")
    connection = Connection(
        label or side,
        endpoint,
        _authoriser(settings, session),
        tunnel=_address(settings.connect_to),
        ca_bundle=settings.ca_bundle,
    )
    return Domain(side, endpoint, settings.region, signing is not None, connection, session)


def _authoriser(settings: DomainSettings, session: "boto3.Session") -> "AuthBase | None":
    from requests.auth import HTTPBasicAuth

    from domains.aws import session as aws
    from domains.http.signing import PerThreadSigner

    auth = settings.auth
    if isinstance(auth, BasicAuth):
        password = aws.secret(auth.password.env, auth.password.secret)
        return HTTPBasicAuth(auth.username.encode(), password.encode())  # text would be sent as Latin-1
    if isinstance(auth, SigV4Auth):
        if settings.region is None:
            raise AwsError(
                "there is no Region to sign requests for", "set region for this domain in the plan"
            )
        return PerThreadSigner(aws.credentials(session), settings.region)
    return None


def _address(connect_to: str | None) -> tuple[str, int] | None:
    if connect_to is None:
        return None
    host, _, port = connect_to.rpartition(":")
    return host.strip("[]"), int(port)
