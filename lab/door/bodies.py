"""What a request's body says, for the front door's own looks at it: as the engine reads it, or not at all."""

from __future__ import annotations

import json
import zlib
from typing import Any

GZIP = 16 + zlib.MAX_WBITS
WRAPPED, BARE = zlib.MAX_WBITS, -zlib.MAX_WBITS
FORMATS: dict[str, tuple[int, ...]] = {
    "gzip": (GZIP,), "x-gzip": (GZIP,), "deflate": (WRAPPED, BARE), "x-deflate": (WRAPPED, BARE),
}  # fmt: skip


class Unreadable(ValueError):
    """The front door cannot tell what the body says; the engine might."""


def decoded(body: bytes, encoding: str) -> bytes | None:
    """The body without its content encoding; None where that is not known, or the body is not of it."""
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return body
    attempts = (_inflated(body, form) for form in FORMATS.get(name, ()))
    return next((content for content in attempts if content is not None), None)


def document(content: bytes | None) -> Any:
    """What the content says as strict JSON; None where it is empty.

    Raises:
        Unreadable: it is anything else. Engines read YAML, CBOR, SMILE and JSON with comments, too.
    """
    if content is None:
        raise Unreadable("an unknown content encoding")
    if not content:
        return None
    try:
        return json.loads(content, parse_constant=_refused)
    except (ValueError, RecursionError) as error:
        raise Unreadable(str(error)) from error


def _inflated(body: bytes, form: int) -> bytes | None:
    """All of the body as one stream: engines stop at its end, and so must what is looked at."""
    stream = zlib.decompressobj(form)
    try:
        content = stream.decompress(body)
    except zlib.error:
        return None
    return content if stream.eof and not stream.unused_data else None


def _refused(constant: str) -> Any:
    raise Unreadable(f"{constant} is no JSON")
