"""Raw replies: read their text up to a limit, and digest the documents in it.

A document's `_source` is compared as JSON. The usual parser would lose what Python's numbers and dicts cannot
hold: the digits of 1.10, the size of 1e400, a duplicate key.
"""

import hashlib
import io
import json
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, cast

import requests
from opensearchpy.serializer import JSONSerializer

from domains.errors import SnapferryError
from domains.http.json_replies import Json

_CHUNK = 256 * 1024
_longest: ContextVar[int | None] = ContextVar("snapferry_longest_reply", default=None)


class ReplyTooLong(SnapferryError):
    """A reply is longer than the caller's limit; the rest was not read. Callers ask for smaller pages."""


@contextmanager
def unparsed_replies(longest: int) -> Generator[None]:
    """Inside the block, leave this thread's replies unparsed, and accept at most `longest` bytes of each."""
    token = _longest.set(longest)
    try:
        yield
    finally:
        _longest.reset(token)


def read_body_as_text(response: requests.Response) -> None:
    """Read the body of a reply up to the limit, inside `unparsed_replies`; elsewhere, do nothing.

    Raises:
        ReplyTooLong: the body exceeds the limit.
    """
    longest = _longest.get()
    if longest is None:
        return
    held, size = list[bytes](), 0
    for chunk in response.raw.stream(_CHUNK, decode_content=True):
        held.append(chunk)
        size += len(chunk)
        if size > longest:
            response.close()
            raise ReplyTooLong(
                f"a reply has more than {longest} bytes",
                "run the same command again; if it fails again, verify at level operations",
            )
    response.raw = io.BytesIO(b"".join(held))


class ReplySerializer(JSONSerializer):
    """opensearch-py's serializer, except inside `unparsed_replies`."""

    def loads(self, s: str) -> Any:
        """Parse a reply, or return its text unchanged."""
        return s if _longest.get() is not None else super().loads(s)


def parse_lossless(text: str) -> Any:
    """Parse JSON without losing anything.

    An object becomes `{"o": [[key, value], …]}`, a number `{"n": digits}`; the rest is parsed as usual.

    Raises:
        ValueError: the text is not JSON.
    """
    try:
        return json.loads(
            text, object_pairs_hook=_object, parse_int=_number, parse_float=_number, parse_constant=_number
        )
    except RecursionError:
        raise ValueError("the JSON is nested too deeply") from None


def _object(pairs: list[tuple[str, Any]]) -> Json:
    return {"o": pairs}


def _number(digits: str) -> Json:
    return {"n": digits}


def members(value: Any) -> Json:
    """Convert a parsed object whose keys are unique (the reply's own, never a document's) to a dict.

    Raises:
        TypeError, LookupError: the value is not an object.
    """
    return dict(cast("list[tuple[str, Any]]", value["o"]))


def number(value: Any) -> int:
    """Convert a parsed number to an int.

    Raises:
        TypeError, LookupError, ValueError: the value is not a whole number.
    """
    return int(value["n"])


def digest(value: Any) -> bytes:
    """Digest a parsed document; the digest depends on keys, their order, values and digits."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"), check_circular=False)
    return hashlib.blake2b(text.encode(), digest_size=16).digest()
