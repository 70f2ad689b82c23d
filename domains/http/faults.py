"""Requests without a usable reply: say whether nothing came, or something that cannot be read.

Nothing came: the outcome is unknown, and a read is repeated. What is no reply of an engine will be none a
moment later either, so it is not repeated.
"""

import http.client
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import opensearchpy.exceptions as client_errors
import requests
import urllib3.exceptions

from domains.errors import SnapferryError, UnexpectedReply, Unreachable, Untrusted
from domains.http.bodies import BadBody, LongBody, ReplyTooLong
from domains.http.deadline import Limits

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


def fault_of(
    asked: str, error: client_errors.ConnectionError, endpoint: str, limits: Limits
) -> SnapferryError:
    """Turn an error of the client, other than a timeout, into one of ours.

    Args:
        asked: the request, in words.
        limits: the request's.
    """
    below: object = error.info
    if isinstance(below, SnapferryError):
        return below  # our own error, raised while the request was prepared
    if isinstance(below, BadBody):
        return bad_body(asked, below)
    if limits.exceeded:
        return ReplyTooLong(asked, "the reply does not end; the rest was not read")
    said = _words(error)
    if isinstance(error, client_errors.SSLError) and _NO_TRUST.search(said):
        return Untrusted(asked, said, hint="set ca_bundle, or check the endpoint's name")
    unreadable = next(filter(_is_unreadable, _chain(error)), None)
    if unreadable is not None:
        return UnexpectedReply(asked, f"the reply cannot be read ({type(unreadable).__name__})")
    return Unreachable(asked, said, _reach_hint(endpoint))


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


def _reach_hint(endpoint: str) -> str:
    return (
        f"check that {urlsplit(endpoint).hostname} is reachable from here; "
        "a VPC domain needs a network path into its VPC, or connect_to with a tunnel"
    )
