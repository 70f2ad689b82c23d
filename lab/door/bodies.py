"""Parse request bodies for the front door: exactly as the engine does, or not at all."""

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
    """The front door cannot parse the body; the engine might."""


def decoded(body: bytes, encoding: str) -> bytes | None:
    """Decode the body's content encoding; None if the encoding is unknown or the body broken."""
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return body
    attempts = (_inflated(body, form) for form in FORMATS.get(name, ()))
    return next((content for content in attempts if content is not None), None)


def document(content: bytes | None) -> Any:
    """Parse the content as strict JSON; None if it is empty.

    Raises:
        Unreadable: it is anything else. Engines also read YAML, CBOR, SMILE and JSON with comments.
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
    """Inflate the body as one stream. Engines stop at its end, so this must too."""
    stream = zlib.decompressobj(form)
    try:
        content = stream.decompress(body)
    except zlib.error:
        return None
    return content if stream.eof and not stream.unused_data else None


def _refused(constant: str) -> Any:
    raise Unreadable(f"{constant} is no JSON")
