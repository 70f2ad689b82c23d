"""Probe the path to a domain stage by stage: DNS, TCP, TLS, first answer."""

import re
import socket
import ssl
import threading
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Literal
from urllib.parse import urlsplit

from requests.utils import get_environ_proxies, select_proxy

from configs.plan import DomainSettings
from domains.domain import Domain
from domains.errors import Denied, DomainError, Expired, Refused, SnapferryError, Untrusted
from domains.http.environment import CORRECT_FILE, bundle_problem, uses_proxy
from domains.http.known_refusals import cause_of
from domains.http.retry import retry_transient

Stage = Literal[
    "dns", "tcp", "tls", "answer", "credentials", "clock", "domain-access", "access-control", "reached"
]
NAME_S = 4.0
CONNECT_S = 6.0
ANSWER_S = 10.0
_PASSES_S = 3.0  # an error that passes within this time is not reported
_VPC = "a VPC domain needs a network path into its VPC, or connect_to with a tunnel"
_AGAIN = (
    "try again; if that does not help, check the tunnel, proxy or load balancer in front of the domain, and "
    "the domain's health in the console"
)
_ELSE = "check that the endpoint belongs to an OpenSearch or Elasticsearch domain"


@dataclass(frozen=True)
class Reachability:
    """The result of a probe.

    Args:
        stage: the stage that failed; `reached` when the domain answers.
        detail, hint: what happened there, and what to do.
        place: `host:port` that connections go to; empty when that is not known yet.
        asked: whether a request was sent: then DNS, TCP and TLS work.
        date: the `Date` header of the domain's answer.
        received: when the answer arrived, by this machine's clock.
    """

    stage: Stage
    detail: str
    hint: str = ""
    place: str = ""
    asked: bool = False
    date: str | None = None
    received: datetime | None = None


def probe(domain: Domain, settings: DomainSettings) -> Reachability:
    """Try each stage once; only a transient first answer is retried. Reads only."""
    place, by = _place(domain, settings), _proxy(domain.endpoint, settings)
    shown = f"the proxy {by}" if by else f"{place[0]}:{place[1]}"
    found = unresolved(domain, settings) or unconnected(domain, settings)
    return replace(found or _first_answer(domain, settings), place=shown)


def unresolved(domain: Domain, settings: DomainSettings) -> Reachability | None:
    """The problem if the name to connect to has no address; None if it has one, or a proxy looks it up."""
    host, port = _place(domain, settings)
    if _proxy(domain.endpoint, settings):
        return None
    try:
        _look_up(host, port)
    except (OSError, UnicodeError) as error:
        return _no_address(host, error, settings)
    return None


def _look_up(host: str, port: int) -> None:
    """Resolve a name, in a thread: nothing else limits the time that a lookup takes.

    Raises:
        TimeoutError: it took longer than `NAME_S`.
        OSError, UnicodeError: the name has no address.
    """
    problems: list[Exception] = []

    def resolve() -> None:
        try:
            socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            problems.append(error)

    lookup = threading.Thread(target=resolve, name=f"lookup of {host}", daemon=True)
    lookup.start()
    lookup.join(NAME_S)
    if lookup.is_alive():
        raise TimeoutError(f"the lookup of the name took longer than {NAME_S:.0f} s")
    if problems:
        raise problems[0]


def unconnected(
    domain: Domain, settings: DomainSettings, limit_s: float | None = None
) -> Reachability | None:
    """Try a connection and a TLS handshake; None when both work, or a proxy makes them.

    Args:
        limit_s: seconds for each of the two; `CONNECT_S` if None.
    """
    if _proxy(domain.endpoint, settings):
        return None
    host, port = _place(domain, settings)
    limit_s = limit_s or CONNECT_S
    try:
        connection = socket.create_connection((host, port), limit_s)
    except TimeoutError:
        said = f"{host}:{port} does not answer within {limit_s:.0f} s"
        return Reachability("tcp", said, _tcp_hint(settings, host))
    except OSError as error:
        said = f"no connection to {host}:{port}: {error.strerror or error}"
        return Reachability("tcp", said, _tcp_hint(settings, host))
    url = urlsplit(domain.endpoint)
    with closing(connection):
        return _shake_hands(connection, url.hostname or "", settings) if url.scheme == "https" else None


def _place(domain: Domain, settings: DomainSettings) -> tuple[str, int]:
    """Host and port that connections go to."""
    url = urlsplit(domain.endpoint)
    own = (url.hostname or "", url.port or (443 if url.scheme == "https" else 80))
    return settings.connect_address or own if settings.connect_to else own


def _proxy(endpoint: str, settings: DomainSettings) -> str | None:
    """The proxy that the environment sets, if any: then DNS, TCP and TLS are the proxy's business."""
    if settings.connect_to or settings.ca_bundle:
        return None
    found = select_proxy(endpoint, get_environ_proxies(endpoint))
    try:
        return urlsplit(found).hostname if found else None
    except ValueError:
        return f"that {uses_proxy(endpoint)} names"  # the first request says what is wrong with it


def _no_address(host: str, error: Exception, settings: DomainSettings) -> Reachability:
    what = "connect_to's host" if settings.connect_to else "the endpoint's host"
    said = f"{what} {host} has no address: {getattr(error, 'strerror', None) or error}"
    if settings.connect_to:
        return Reachability("dns", said, "correct connect_to")
    return Reachability("dns", said, f"correct the endpoint, or the resolver of this machine; {_VPC}")


def _tcp_hint(settings: DomainSettings, host: str) -> str:
    if settings.connect_to:
        return f"start the tunnel that connect_to names ({settings.connect_to})"
    return f"check that {host} is reachable from here (security group, firewall, port); {_VPC}"


def _shake_hands(connection: socket.socket, name: str, settings: DomainSettings) -> Reachability | None:
    """Try a TLS handshake. The first request shows whether the certificate is trusted."""
    problem = bundle_problem(settings.ca_bundle, ())
    if problem:
        return Reachability("tls", problem, CORRECT_FILE)
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    limit = connection.gettimeout() or CONNECT_S
    try:
        with context.wrap_socket(connection, server_hostname=name):
            return None
    except TimeoutError:
        said = f"it accepts connections, but does not answer the TLS handshake within {limit:.0f} s"
        return Reachability("tls", said, _SPEAKS)
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        words = "the server does not speak TLS" if reason == "WRONG_VERSION_NUMBER" else reason
        return Reachability("tls", f"the TLS handshake fails: {words}", _SPEAKS)


_SPEAKS = "check that this port speaks https, and any proxy, tunnel or load balancer in front of it"


def _first_answer(domain: Domain, settings: DomainSettings) -> Reachability:
    try:
        return retry_transient(partial(_answered, domain, settings), budget_s=_PASSES_S)
    except DomainError as error:
        hint = error.hint or (_AGAIN if error.transient else _ELSE)
        return Reachability("answer", error.message, hint, asked=True)


def _answered(domain: Domain, settings: DomainSettings) -> Reachability:
    """Ask once. Raises DomainError for an answer that says nothing about the caller."""
    try:
        date = domain.connection.ask_once("/", ANSWER_S)
        return Reachability("reached", "it answers", asked=True, date=date, received=datetime.now(UTC))
    except Expired as error:
        stage: Stage = "clock" if "clock" in error.hint else "credentials"
        return Reachability(stage, error.message, error.hint, asked=True)
    except Denied as error:
        if error.transient:
            raise
        return _denied(error)
    except Untrusted as error:
        said = re.search(r"certificate verify failed: ([^(\"']+)", str(error))
        words = f"its certificate is not trusted: {said[1].strip()}" if said else error.message
        return Reachability("tls", words, _trust_hint(settings))
    except DomainError:
        raise
    except SnapferryError as error:  # it could not be signed
        return Reachability("credentials", error.message, error.hint)


def _trust_hint(settings: DomainSettings) -> str:
    if settings.ca_bundle:
        return f"add the authority that signed it to {settings.ca_bundle} (ca_bundle), or check the endpoint"
    return "set ca_bundle to a file with the authority that signed it, or check the endpoint's name"


def _denied(error: Refused) -> Reachability:
    cause = cause_of(error.reply.text, caller_denied=True)
    kind = cause.kind if cause else ""
    stage: Stage = "domain-access"
    if kind == "access control":
        stage = "access-control"
    elif kind == "signature" or (
        error.status == 401 and kind not in {"request", "request denied", "unsigned"}
    ):
        stage = "credentials"
    return Reachability(stage, error.message, error.hint, asked=True)
