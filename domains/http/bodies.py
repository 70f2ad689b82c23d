"""Replies as they were sent: their text, of a bounded length, and digests of the documents in it.

A document's `_source` is compared as the JSON that it is. Parsed the usual way it would lose what
JSON can hold and Python's numbers and dicts cannot: the digits of 1.10, the size of 1e400, a key given twice.
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
    """A reply is longer than the caller wants to hold in memory: the rest of it was not read."""


@contextmanager
def unparsed_replies(longest: int) -> Generator[None]:
    """Inside the block, replies to this thread are not parsed, and may have at most so many bytes."""
    token = _longest.set(longest)
    try:
        yield
    finally:
        _longest.reset(token)


def read_body_as_text(response: requests.Response) -> None:
    """Reads the body of a reply that is asked for as text, as far as it may be held.

    Raises:
        ReplyTooLong: it is longer.
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
            raise ReplyTooLong(f"a reply has more than {longest} bytes")
    response.raw = io.BytesIO(b"".join(held))


class ReplySerializer(JSONSerializer):
    """opensearch-py's serializer, but for replies that are asked for as text."""

    def loads(self, s: str) -> Any:
        """The reply parsed, or as it is."""
        return s if _longest.get() is not None else super().loads(s)


def parse_lossless(text: str) -> Any:
    """The text of a reply with nothing lost.

    An object is `{"o": [[key, value], …]}`, a number `{"n": digits}`; what is neither is as JSON has it.

    Raises:
        ValueError: it is not JSON.
    """
    try:
        return json.loads(
            text, object_pairs_hook=_object, parse_int=_number, parse_float=_number, parse_constant=_number
        )
    except RecursionError:
        raise ValueError("objects lie too deep in one another") from None


def _object(pairs: list[tuple[str, Any]]) -> Json:
    return {"o": pairs}


def _number(digits: str) -> Json:
    return {"n": digits}


def members(value: Any) -> Json:
    """The keys of a parsed object, where each is there once: of the reply itself, not of documents.

    Raises:
        TypeError, LookupError: it is no object.
    """
    return dict(cast("list[tuple[str, Any]]", value["o"]))


def number(value: Any) -> int:
    """A parsed whole number.

    Raises:
        TypeError, LookupError, ValueError: it is none.
    """
    return int(value["n"])


def digest(value: Any) -> bytes:
    """The digest of a parsed document: another one wherever keys, their order, values or digits are."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"), check_circular=False)
    return hashlib.blake2b(text.encode(), digest_size=16).digest()
