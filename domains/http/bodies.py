"""Read the body of a reply, up to a bound: nobody else limits what a domain may send.

Bytes are counted twice: as they come over the wire (`deadline`: head, chunk framing, compressed body), and
here, uncompressed. A few bytes of JSON can take a hundred times as much memory, so that is estimated before
they are parsed.
"""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import urlsplit

import requests

from domains.errors import UnexpectedReply
from domains.http.deadline import current_limits, seconds_left

MIB = 1024 * 1024
ERROR_BYTES = 4 * MIB
"""Of an error reply; an engine lists every failed shard in it. What is longer is shown from its beginning."""
_CHUNK = 256 * 1024
_LARGE = 4 * MIB
_MEMORY = 256 * MIB  # for one reply, of the 400 MB that a process may take in all
_turn = threading.Lock()
_own = threading.local()
T = TypeVar("T")
Body = bytes | bytearray


class ReplyTooLong(UnexpectedReply):
    """A reply is longer than its bound, or would take too much memory. The rest was not read.

    Callers that can ask for less at once do so.
    """

    def __init__(self, asked: str, message: str) -> None:
        super().__init__(asked, message, hint=_TOO_LONG)


_TOO_LONG = (
    "check that the endpoint, and any proxy in front of it, answers as OpenSearch does; "
    "if it does, report how many indices, shards and fields the domain has"
)


class BadBody(Exception):
    """A reply, or its body, cannot be used; the connection turns it into UnexpectedReply.

    Args:
        message: why.
        hint: the next thing to do; empty for the usual advice.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class LongBody(BadBody):
    """The body is longer than its bound; the connection turns it into ReplyTooLong."""


@dataclass(frozen=True)
class Reading(Generic[T]):
    """How a reply is read.

    Args:
        longest: the most bytes of its body, uncompressed.
        parse: turns the body into what the caller gets. Raises BadBody.
    """

    longest: int
    parse: Callable[[Body], T]


@dataclass(frozen=True)
class Weights:
    """Bytes of memory that a parser needs at most for each of these characters."""

    brace: int
    bracket: int
    colon: int
    comma: int


PLAIN = Weights(brace=200, bracket=90, colon=110, comma=64)
LOSSLESS = Weights(brace=330, bracket=90, colon=350, comma=300)


def read_body(response: requests.Response) -> bytearray:
    """Read a reply's body, up to the bound of the request; of an error, only its beginning.

    Raises:
        LongBody: the body exceeds the bound, or announces that it will.
        BadBody: the reply sends the client elsewhere.
    """
    failed = not 200 <= response.status_code < 300
    longest = ERROR_BYTES if failed else current_limits().longest
    body = bytearray()
    try:
        if 300 <= response.status_code < 400 and response.headers.get("Location"):
            raise _redirected(response.status_code, response.headers["Location"])
        announced = response.headers.get("Content-Length", "")
        if not failed and re.fullmatch(r"[0-9]+", announced.strip()) and _above(announced, longest):
            raise _too_long(longest)
        for chunk in response.raw.stream(_CHUNK, decode_content=True):
            body += chunk
            if len(body) > _LARGE:
                _take_turn()
            if len(body) > longest:
                if failed:
                    response.close()
                    return body[:longest]
                raise _too_long(longest)
    except BaseException:
        body.clear()  # the error would hold it
        response.close()  # the rest of the reply must not be taken for the next one
        raise
    return body  # as it is: a copy would take its length once more


def _redirected(status: int, location: str) -> BadBody:
    """Signature and contents are meant for the endpoint alone: a redirect is named, and never followed."""
    try:
        url = urlsplit(location)
        elsewhere = f"{url.scheme}://{url.netloc.rpartition('@')[2]}" if url.netloc else "a path of its own"
    except ValueError:
        elsewhere = "an address that cannot be read"
    return BadBody(
        f"HTTP {status}, a redirect to {elsewhere}, which was not followed",
        "write the domain's own endpoint in the plan; if a proxy or a login page answers in its place, "
        "reach the domain without it",
    )


def _above(digits: str, longest: int) -> bool:
    digits = digits.strip().lstrip("0") or "0"
    return len(digits) > 18 or int(digits) > longest


def _too_long(longest: int) -> LongBody:
    return LongBody(f"the reply is longer than {longest // MIB} MiB; the rest was not read")


def _take_turn() -> None:
    """Let one thread at a time hold a large reply, so that eight of them do not add up."""
    if not getattr(_own, "turn", False):
        if not _turn.acquire(timeout=seconds_left() or -1):
            raise TimeoutError("timed out")
        _own.turn = True


def end_turn() -> None:
    """Let the next thread read a large reply."""
    if getattr(_own, "turn", False):
        _own.turn = False
        _turn.release()


def require_memory(body: Body, weights: Weights) -> None:
    """Refuse a body that would take too much memory once parsed.

    Raises:
        LongBody: it would.
    """
    if len(body) < _MEMORY // 512:
        return
    width = 1 if body.isascii() else 4 if re.search(rb"[\xf0-\xff]", body) else 2
    values = (
        weights.brace * body.count(b"{")
        + weights.bracket * body.count(b"[")
        + weights.colon * body.count(b":")
        + weights.comma * body.count(b",")
    )
    text = width * len(body)
    if text + max(len(body), text + values) > _MEMORY:
        raise LongBody(f"reading the reply would take more than {_MEMORY // MIB} MiB of memory")


def decoded(body: Body) -> str:
    """The body as text.

    Raises:
        BadBody: it is not UTF-8.
    """
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise BadBody("the reply is not UTF-8 text") from None
