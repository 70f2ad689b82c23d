"""An engine that is asked with bytes, and whose replies are read as bytes: a document must stay as it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import quote

import httpx

from lab.engines.engine_client import EngineClient

JSON, LINES, CBOR = "application/json", "application/x-ndjson", "application/cbor"
_READ = json.JSONDecoder(strict=False).raw_decode
_BLANK = " \t\r\n"


class RawEngine(EngineClient):
    """Requests to one engine, with bodies that nobody parses; thread-safe."""

    def send(
        self, method: str, path: str, body: bytes = b"", kind: str = JSON, **query: str | int
    ) -> httpx.Response:
        """Send a request; any reply is a result.

        Raises:
            httpx.HTTPError: no reply came.
        """
        headers = {"accept": JSON} | ({"content-type": kind} if body else {})
        return self._http.request(method, path, content=body, headers=headers, params=query or None)


def document_path(index: str, id: str, api: str = "_doc") -> str:
    """The path of a document with any id."""
    return f"/{quote(index, safe='')}/{api}/{quote(id, safe='')}"


def text_of(reply: bytes) -> str:
    """A reply as text that `bytes_of` turns back into the same bytes."""
    return reply.decode("utf-8", "surrogateescape")


def bytes_of(text: str) -> bytes:
    """A slice of such a text, as bytes."""
    return text.encode("utf-8", "surrogateescape")


def members(text: str, at: int = 0) -> Iterator[tuple[str, int, int]]:
    """Yield each member of the JSON object that begins there: its name, and where its value begins and ends.

    Blanks around a value belong to it: an engine writes none of its own, so they are the document's.
    """
    at = _expected(text, at, "{")
    while text[at] != "}":
        name, at = _READ(text, at)
        start = _expected(text, at, ":")
        end = _after_blanks(text, _READ(text, start)[1])
        yield name, text.index(":", at) + 1, end
        at = _next(text, end)


def elements(text: str, at: int = 0) -> Iterator[tuple[int, int]]:
    """Yield where each element of the JSON array that begins there begins and ends."""
    at = _expected(text, at, "[")
    while text[at] != "]":
        end = _READ(text, at)[1]
        yield at, end
        at = _next(text, end)


def member(text: str, name: str, at: int = 0) -> int:
    """Where the value of this member of the JSON object begins."""
    return next(start for found, start, _ in members(text, at) if found == name)


def _next(text: str, at: int) -> int:
    """Where the next member or element begins, or the closing bracket is."""
    at = _after_blanks(text, at)
    return _after_blanks(text, at + 1) if text[at] == "," else at


def _expected(text: str, at: int, sign: str) -> int:
    """What comes after this sign, which must be the next one."""
    at = _after_blanks(text, at)
    assert text[at] == sign, f"{sign} expected at {at}: {text[max(at - 40, 0) : at + 40]!r}"
    return _after_blanks(text, at + 1)


def _after_blanks(text: str, at: int) -> int:
    while text[at] in _BLANK:
        at += 1
    return at
