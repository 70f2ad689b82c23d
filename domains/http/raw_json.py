"""Parse JSON replies whose documents must be passed on as they are: their text is cut out, never rewritten.

Parsing a document and writing it again would change it: 1.10 becomes 1.1, 1e400 becomes infinity.
"""

import json
import re
from typing import Any

from domains.http.bodies import PLAIN, BadBody, Body, Reading, decoded, require_memory
from domains.http.json_replies import Json

_NO_JSON = "the reply is not JSON"
_BLANKS = re.compile(r"[ \t\r\n]*")
_SEPARATOR = re.compile(r"[ \t\r\n]*:[ \t\r\n]*")
_DECODER = json.JSONDecoder(parse_int=float)  # an int of five thousand digits would be refused
_EXACT = json.JSONDecoder()
RAW = "_source"
"""The key whose value stays text."""


def raw_documents(within: tuple[str, ...], longest: int) -> Reading[Json]:
    """A reply with a list of documents; the `_source` of each stays exactly the text that came.

    Args:
        within: keys that lead to the list, such as `hits`, `hits`.
        longest: the most bytes to accept.
    """
    return Reading(longest, lambda body: _parsed(body, within))


def _parsed(body: Body, within: tuple[str, ...]) -> Json:
    require_memory(body, PLAIN)
    text = decoded(body)
    try:
        found, end = _object(text, _skip(text, 0), within)
    except (ValueError, IndexError, RecursionError):
        raise BadBody(_NO_JSON) from None
    if _skip(text, end) != len(text):
        raise BadBody(_NO_JSON)
    return found


def _skip(text: str, at: int) -> int:
    blanks = _BLANKS.match(text, at)
    return blanks.end() if blanks else at


def _object(text: str, at: int, within: tuple[str, ...]) -> tuple[Json, int]:
    """The object that begins here, and where it ends. Without keys that lead further, it is a document."""
    if text[at] != "{":
        raise ValueError
    found: Json = {}
    at = _skip(text, at + 1)
    while text[at] != "}":
        key, at = _EXACT.raw_decode(text, at)
        colon = _SEPARATOR.match(text, at)
        if not colon or not isinstance(key, str) or key in found:
            raise ValueError
        found[key], at = _member(text, colon.end(), key, within)
        at = _skip(text, at)
        if text[at] == ",":
            at = _skip(text, at + 1)
        elif text[at] != "}":
            raise ValueError
    return found, at + 1


def _member(text: str, at: int, key: str, within: tuple[str, ...]) -> tuple[Any, int]:
    if not within and key == RAW:
        _, end = _DECODER.raw_decode(text, at)
        end = _skip(text, end)
        return text[text.rindex(":", 0, at) + 1 : end], end
    if within and key == within[0]:
        return _object(text, at, within[1:]) if len(within) > 1 else _documents(text, at)
    return _EXACT.raw_decode(text, at)


def _documents(text: str, at: int) -> tuple[list[Json], int]:
    if text[at] != "[":
        raise ValueError
    found: list[Json] = []
    at = _skip(text, at + 1)
    while text[at] != "]":
        document, at = _object(text, at, ())
        found.append(document)
        at = _skip(text, at)
        if text[at] == ",":
            at = _skip(text, at + 1)
        elif text[at] != "]":
            raise ValueError
    return found, at + 1
