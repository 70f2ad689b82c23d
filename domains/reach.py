"""The way to a domain, stage by stage: its name, its port, its certificate, its first answer."""

import socket
import ssl
from contextlib import closing
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from configs.plan import DomainSettings
from domains.domain import Domain
from domains.errors import Denied, DomainError, Expired, Refused, SnapferryError, Untrusted
from domains.refusals import cause_of

Stage = Literal[
    "dns", "tcp", "tls", "answer", "credentials", "clock", "domain-access", "access-control", "reached"
]
_TIMEOUT_S = 6.0
_VPC = "a VPC domain needs a network path into its VPC, or connect_to with a tunnel"


@dataclass(frozen=True)
class Reach:
    """How far one gets.

    Args:
        stage: where it ends; `reached` when the domain answers.
        detail, hint: what happened there, and what to do.
        date: the `Date` header of the domain's answer.
    """

    stage: Stage
    detail: str
    hint: str = ""
    date: str | None = None


def reach(domain: Domain, settings: DomainSettings) -> Reach:
    """Goes to the domain once, without retries. Reads only."""
    url = urlsplit(domain.endpoint)
    own = (url.hostname or "", url.port or (443 if url.scheme == "https" else 80))
    host, port = settings.connect_address or own
    found = _addresses(host, port, tunnel=settings.connect_to is not None)
    if isinstance(found, Reach):
        return found
    try:
        with closing(socket.create_connection((host, port), _TIMEOUT_S)) as connection:
            if url.scheme == "https":
                _shake_hands(connection, own[0], settings.ca_bundle)
    except (ssl.SSLError, FileNotFoundError) as error:
        return Reach("tls", _tls_words(error, settings), _tls_hint(settings))
    except TimeoutError:
        return Reach(
            "tcp", f"{host}:{port} does not answer within {_TIMEOUT_S:.0f} s", _tcp_hint(settings, host)
        )
    except OSError as error:
        return Reach("tcp", f"{host}:{port}: {error.strerror or error}", _tcp_hint(settings, host))
    return _first_answer(domain)


def _addresses(host: str, port: int, *, tunnel: bool) -> list[object] | Reach:
    try:
        return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except (OSError, UnicodeError) as error:
        what = "connect_to" if tunnel else "the endpoint"
        return Reach(
            "dns",
            f"{what}'s host {host} has no address: {getattr(error, 'strerror', None) or error}",
            f"correct it, or the resolver of this machine; {_VPC}",
        )


def _shake_hands(connection: socket.socket, name: str, ca_bundle: str | None) -> None:
    context = ssl.create_default_context(cafile=ca_bundle)
    with context.wrap_socket(connection, server_hostname=name):
        return


def _tls_words(error: OSError, settings: DomainSettings) -> str:
    if isinstance(error, FileNotFoundError):
        return f"ca_bundle {settings.ca_bundle} is not there"
    return f"the TLS handshake fails: {getattr(error, 'verify_message', '') or error.strerror or error}"


def _tls_hint(settings: DomainSettings) -> str:
    return (
        "correct ca_bundle: it must hold the authority that signed the certificate"
        if settings.ca_bundle
        else "set ca_bundle for a private authority, check the endpoint's name, or whether it speaks https"
    )


def _tcp_hint(settings: DomainSettings, host: str) -> str:
    if settings.connect_to:
        return f"start the tunnel that connect_to names ({settings.connect_to})"
    return f"check that {host} is reachable from here (security group, firewall, port); {_VPC}"


def _first_answer(domain: Domain) -> Reach:
    try:
        return Reach("reached", "it answers", date=domain.connection.ask_once("/"))
    except Expired as error:
        stage: Stage = "clock" if "clock" in error.hint else "credentials"
        return Reach(stage, error.message, error.hint)
    except Denied as error:
        return _denied(error)
    except Untrusted as error:
        return Reach("tls", error.message, error.hint)
    except DomainError as error:
        hint = error.hint or ("it may recover by itself: try again" if error.transient else _ELSE)
        return Reach("answer", error.message, hint)
    except SnapferryError as error:  # it could not be signed
        return Reach("credentials", error.message, error.hint)


_ELSE = "check that the endpoint is that of an OpenSearch or Elasticsearch domain"


def _denied(error: Refused) -> Reach:
    cause = cause_of(error.reply.text, caller_denied=True)
    kind = cause.kind if cause else ""
    if kind == "access control":
        return Reach("access-control", error.message, error.hint)
    if kind in {"request", "request denied", "unsigned"}:
        return Reach("domain-access", error.message, error.hint)
    if kind == "signature" or error.status == 401:
        return Reach("credentials", error.message, error.hint)
    return Reach("domain-access", error.message, error.hint)
