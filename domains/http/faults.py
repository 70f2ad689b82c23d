"""Requests without a usable reply: say whether nothing came, or something that cannot be read.

Nothing came: the outcome is unknown, and a read is repeated. What is no reply of an engine will be none a
moment later either, so it is not repeated.
"""

import errno
import http.client
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import opensearchpy.exceptions as client_errors
import requests
import urllib3.exceptions

from domains.errors import DomainError, SnapferryError, UnexpectedReply, Unreachable, Untrusted
from domains.http.bodies import BadBody, LongBody, ReplyTooLong
from domains.http.deadline import Limits
from domains.http.environment import DOMAIN_BUNDLES, bundle_problem, proxy_problem, uses_proxy

TIMEOUT_HINT = "run the same command again; if it fails again, check the domain's health and load"
_NO_TRUST = re.compile(r"CERTIFICATE_VERIFY_FAILED|hostname mismatch|hostname .{1,300} doesn't match", re.I)
_UNREADABLE = (
    http.client.HTTPException,
    urllib3.exceptions.DecodeError,
    urllib3.exceptions.InvalidHeader,
    UnicodeError,
)
_LOST = (http.client.IncompleteRead, http.client.RemoteDisconnected)
_LONG_LINE = "exceeded maximum allowed length"
_TOO_MANY_FILES = os.strerror(errno.EMFILE)
_RAISE_THE_LIMIT = "raise the limit, such as ulimit -n 4096, then run the same command again"


@dataclass(frozen=True)
class Route:
    """How a domain is reached.

    Args:
        endpoint: its URL.
        has_tunnel: whether connections go through a tunnel, and so not through a proxy.
        ca_bundle: path of the plan's CA bundle; None for the environment's or the system's.
    """

    endpoint: str
    has_tunnel: bool = False
    ca_bundle: str | None = None

    def proxy_problem(self) -> str:
        """Say which variable for proxies cannot be used; empty if none is wrong, or none is used."""
        return "" if self.has_tunnel or self.ca_bundle else proxy_problem(self.endpoint)

    def bundle_problem(self) -> str:
        """Say what is wrong with the bundle of authorities; empty if nothing is, or none is used."""
        if not self.endpoint.startswith("https:"):
            return ""
        return bundle_problem(self.ca_bundle, () if self.has_tunnel else DOMAIN_BUNDLES)


def fault_of(
    asked: str, error: client_errors.ConnectionError, route: Route, limits: Limits
) -> SnapferryError:
    """Turn an error of the client, other than a timeout, into one of ours.

    Args:
        asked: the request, in words.
        route: how the domain is reached.
        limits: the request's.
    """
    below: object = error.info
    if isinstance(below, SnapferryError):
        return below  # our own error, raised while the request was prepared
    if isinstance(below, BadBody):
        return bad_body(asked, below)
    if limits.exceeded:
        return ReplyTooLong(asked, "the reply does not end; the rest was not read")
    said, problem = _words(error), route.proxy_problem()
    if problem:
        return DomainError(asked, problem, hint="correct this variable, then run the same command again")
    if _TOO_MANY_FILES in said:
        return DomainError(asked, _TOO_MANY_FILES.lower(), hint=_RAISE_THE_LIMIT)
    if isinstance(error, client_errors.SSLError) and _NO_TRUST.search(said):
        return Untrusted(asked, said, hint="set ca_bundle, or check the endpoint's name")
    unreadable = next(filter(_is_unreadable, _chain(error)), None)
    if unreadable is not None:
        return UnexpectedReply(asked, f"the reply cannot be read ({type(unreadable).__name__})")
    return Unreachable(asked, said, _reach_hint(route))


def bad_body(asked: str, error: BadBody) -> UnexpectedReply:
    """The error for a body that cannot be used."""
    if isinstance(error, LongBody):
        return ReplyTooLong(asked, str(error))
    return UnexpectedReply(asked, str(error), hint=error.hint)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error with everything that led to it: libraries wrap each other's errors in several ways."""
    waiting: list[object] = [error]
    seen = set[int]()
    while waiting:
        each = waiting.pop()
        if isinstance(each, BaseException) and id(each) not in seen:
            seen.add(id(each))
            yield each
            context = None if each.__suppress_context__ else each.__context__
            waiting += [each.__cause__, context, getattr(each, "reason", None), *each.args]


def _is_unreadable(error: BaseException) -> bool:
    if isinstance(error, urllib3.exceptions.InvalidChunkLength):
        return True
    if isinstance(error, urllib3.exceptions.ProtocolError) and _LONG_LINE in str(error):
        return True
    if isinstance(error, ValueError) and not isinstance(error, requests.RequestException):
        return True
    return isinstance(error, _UNREADABLE) and not isinstance(error, _LOST)


def unanswered(asked: str, timeout_s: float) -> Unreachable:
    """The error for a request without an answer in time."""
    within = f"{timeout_s:.0f} s" if timeout_s >= 1 else f"{timeout_s * 1000:.0f} ms"
    return Unreachable(asked, f"no answer within {within}", TIMEOUT_HINT)


def _words(error: client_errors.ConnectionError) -> str:
    text = str(error.error)
    reason = re.search(r"((?:connect_to \S+ )?(?:\[Errno|timed out|Failed to resolve)[^\"()]*)", text)
    if reason and re.search("NewConnectionError|ConnectTimeoutError|NameResolutionError", text):
        return "could not connect: " + reason[1].rstrip()
    return text


def _reach_hint(route: Route) -> str:
    host = urlsplit(route.endpoint).hostname
    proxy = "" if route.has_tunnel else uses_proxy(route.endpoint)
    if proxy:
        return f"check the proxy that {proxy} names, or list {host} in NO_PROXY"
    return (
        f"check that {host} is reachable from here; "
        "a VPC domain needs a network path into its VPC, or connect_to with a tunnel"
    )
