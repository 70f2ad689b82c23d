"""Parse the JSON of replies. What Python's parser lets pass, and JSON or an engine does not, is an error."""

import hashlib
import json
import math
import re
from collections.abc import Callable
from typing import Any, TypeVar, cast

from domains.http.bodies import LOSSLESS, MIB, PLAIN, BadBody, Body, Reading, decoded, require_memory
from domains.http.json_replies import Json, whole

_DIGITS = 1000  # as many as the engines accept
_EXACT = 2**63
_BLANKS = re.compile(rb"[ \t\r\n]*")
_OPENS, _CLOSES, _COLON, _COMMA = b"{}:,"
_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_SCALAR = re.compile(_STRING + rb"|[-+.0-9A-Za-z]+", re.DOTALL)
_TO_BRACKET = re.compile(rb'[^"\[\]{}]*+(?:' + _STRING + rb'[^"\[\]{}]*+)*+', re.DOTALL)
_DEPTH = 1000
_DEEP = "the reply's JSON is nested too deeply"
_NO_JSON = "the reply is not JSON"
_TWICE = "the reply's JSON has a key twice in one object"
T = TypeVar("T")


def parse(body: Body) -> Any:
    """Parse a reply; an empty one is an empty text.

    Raises:
        BadBody: it is not JSON; or it is, but nested too deeply, with a key twice in one object, or a number
            that is none.
        LongBody: it would take too much memory.
    """
    require_memory(body, PLAIN)
    return _parsed(decoded(body)) if body else ""


def _parsed(text: str) -> Any:
    try:
        value = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_int=_whole,
            parse_float=_real,
            parse_constant=_no_number,
        )
    except RecursionError:
        raise BadBody(_DEEP) from None
    except ValueError:
        raise BadBody(_NO_JSON) from None
    return value


def _unique(pairs: list[tuple[str, Any]]) -> Json:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise BadBody(_TWICE)
    return made


def _whole(digits: str) -> int | float:
    """A whole number; one beyond 64 bits as a double, as other readers of JSON take it."""
    if len(digits) > _DIGITS:
        raise BadBody("the reply has a number of more than a thousand digits")
    value = int(digits)
    return value if -_EXACT <= value < 2 * _EXACT else _real(digits)


def _real(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise BadBody("the reply has a number that is too large")
    return value


def _no_number(name: str) -> float:
    raise BadBody(f"the reply has {name} for a number")


JSON: Reading[Any] = Reading(64 * MIB, parse)
"""One reply, parsed as a whole. Ten thousand indices with five shards each take about 10 MiB."""


def text_of(body: Body) -> str:
    """The text of a reply that will be parsed by `parse_lossless`.

    Raises:
        BadBody: it is not UTF-8.
        LongBody: parsed, it would take too much memory.
    """
    require_memory(body, LOSSLESS)
    return decoded(body)


def entries(within: tuple[str, ...], each: Callable[[str, Any], T]) -> Reading[dict[str, T]]:
    """A reply with an entry for each index of the domain, parsed entry by entry.

    The mappings of ten thousand indices with a hundred fields take 67 MiB as text, and ten times that parsed.

    Args:
        within: keys that lead to the entries; none where they are missing.
        each: takes an entry's name and value, and returns what is kept of it.
    """
    return Reading(192 * MIB, lambda body: _Entries(body, each).at(within))


class _Entries:
    """Finds where each entry begins and ends, before anything of it is parsed or decoded."""

    def __init__(self, body: Body, each: Callable[[str, Any], Any]) -> None:
        self._body = body
        self._each = each

    def at(self, within: tuple[str, ...]) -> dict[str, Any]:
        """The entries that these keys lead to."""
        try:
            found, end = self._entries(self._blanks(0), within)
        except IndexError:
            raise BadBody(_NO_JSON) from None
        if self._blanks(end) != len(self._body):
            raise BadBody(_NO_JSON)
        return found

    def _entries(self, at: int, within: tuple[str, ...]) -> tuple[dict[str, Any], int]:
        if self._body[at] != _OPENS:
            raise BadBody("the reply has something else where a JSON object was expected")
        found = dict[str, Any]()
        seen = set[str]()
        at = self._blanks(at + 1)
        while self._body[at] != _CLOSES:
            key, at = self._key(at)
            if key in seen:
                raise BadBody(_TWICE)
            seen.add(key)
            if within and key == within[0]:
                found, at = self._entries(at, within[1:])
            else:
                end = self._end(at)
                if not within:
                    found[key] = self._each(key, parse(self._body[at:end]))
                at = end
            at = self._next(at)
        return found, at + 1

    def _key(self, at: int) -> tuple[str, int]:
        """The key that begins here, and where its value begins."""
        end = self._end(at)
        key: object = parse(self._body[at:end])
        colon = self._blanks(end)
        if not isinstance(key, str) or self._body[colon] != _COLON:
            raise BadBody(_NO_JSON)
        return key, self._blanks(colon + 1)

    def _next(self, at: int) -> int:
        """Where the next key begins, or the object ends."""
        at = self._blanks(at)
        if self._body[at] == _COMMA:
            return self._blanks(at + 1)
        if self._body[at] != _CLOSES:
            raise BadBody(_NO_JSON)
        return at

    def _end(self, at: int) -> int:
        """Where the value that begins here ends."""
        if self._body[at] not in b"{[":
            scalar = _SCALAR.match(self._body, at)
            if not scalar:
                raise BadBody(_NO_JSON)
            return scalar.end()
        depth = 0
        while True:
            if self._body[at] not in b"{}[]":  # a text that does not end
                raise BadBody(_NO_JSON)
            depth += 1 if self._body[at] in b"{[" else -1
            at += 1
            if not depth:
                return at
            if depth > _DEPTH:
                raise BadBody(_DEEP)
            found = _TO_BRACKET.match(self._body, at)
            at = found.end() if found else at

    def _blanks(self, at: int) -> int:
        found = _BLANKS.match(self._body, at)
        return found.end() if found else at


def parse_lossless(text: str) -> Any:
    """Parse JSON without losing anything: the digits of 1.10, the size of 1e400, a duplicate key.

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
    return whole(value["n"])


def digest(value: Any) -> bytes:
    """Digest a parsed document; the digest depends on keys, their order, values and digits.

    Raises:
        ValueError: the document is nested too deeply.
    """
    try:
        text = json.dumps(value, ensure_ascii=True, separators=(",", ":"), check_circular=False)
    except RecursionError:
        raise ValueError("the document is nested too deeply") from None
    made = hashlib.blake2b(digest_size=16)
    for start in range(0, len(text), MIB):  # encoded as a whole, a large document would be there twice
        made.update(text[start : start + MIB].encode())
    return made.digest()
