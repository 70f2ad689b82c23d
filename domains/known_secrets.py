"""The secret values that this process uses, so that they can be cut out of whatever others say.

A domain, a proxy or AWS may quote what it was sent: without the name of its header, decoded, or encoded
otherwise. What a secret looks like is not known, but what this process has sent is.
"""

import base64
import binascii
import re
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from functools import cache
from html.entities import codepoint2name
from itertools import groupby
from typing import Any

CUT = "[cut out]"
_SHORTEST = 6  # shorter ones would blank ordinary words
_ANYWHERE = 12  # shorter ones are cut out only where they stand as a word
_BEGINNING = 16  # of a long one, which may be quoted in part
_LONG = 40
_SIGNATURES = 64  # of the last requests
_SIGNATURE = re.compile(r"\b[0-9a-f]{64}\b")

_lock = threading.Lock()
_patterns: dict[str, str] = {}
_signatures: deque[str] = deque(maxlen=_SIGNATURES)
_all: list[re.Pattern[str]] = []
"""All patterns in one, made when it is needed: to make it takes time, and most commands quote nobody."""


def remember_secret(value: str | None) -> None:
    """Cut this value out of foreign text from now on. One of fewer than six characters is not recognized."""
    if not value or len(value) < _SHORTEST or value in _patterns:
        return
    with _lock:
        _patterns[value] = "|".join(_patterns_of(value))
        _all.clear()


def remember_sent(headers: Mapping[str, str | bytes]) -> None:
    """Remember the credentials in the headers of a request: exactly these can come back."""
    for name, given in headers.items():
        value = given.decode("latin-1") if isinstance(given, bytes) else str(given)
        if name.lower() == "x-amz-security-token":
            remember_secret(value)
        elif name.lower() == "authorization":
            _remember_authorization(value)


def _remember_authorization(value: str) -> None:
    if value.startswith("Basic "):
        packed = value.removeprefix("Basic ")
        remember_secret(packed)
        try:
            login = base64.b64decode(packed).decode(errors="replace")
        except binascii.Error:
            return
        remember_secret(login)
        remember_secret(login.partition(":")[2])
    elif signed := re.search(r"Credential=([^/,\s]+).*Signature=([0-9a-f]{64})", value):
        remember_secret(signed[1])
        with _lock:
            _signatures.append(signed[2])
    else:
        remember_secret(value.partition(" ")[2] or value)


def cut_secrets(text: str) -> str:
    """The text without the secret values that are known, in whichever form they are quoted."""
    with _lock:
        if _patterns and not _all:
            longest_first = sorted(_patterns, key=len, reverse=True)
            _all.append(re.compile("|".join(_patterns[each] for each in longest_first)))
        every, sent = list(_all), set(_signatures)
    for pattern in every:
        text = pattern.sub(CUT, text)
    return _SIGNATURE.sub(lambda found: CUT if found[0] in sent else found[0], text)


def cut_from(error: BaseException) -> None:
    """Cut secrets out of what an error that nobody expected says, and out of those that led to it.

    Changes the errors themselves, so that whoever records or shows them has it cut. May be repeated.
    """
    left: list[BaseException | None] = [error]
    seen: set[int] = set()
    while left:
        each = left.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        if any(isinstance(part, str) for part in each.args):
            each.args = tuple(map(_cut_text, each.args))
        if isinstance(each, OSError):  # it says what is in these, and not in its arguments
            each.strerror, each.filename, each.filename2 = map(
                _cut_text, (each.strerror, each.filename, each.filename2)
            )
        if notes := getattr(each, "__notes__", None):
            notes[:] = map(_cut_text, notes)
        left += [each.__cause__, each.__context__, *getattr(each, "exceptions", ())]


def _cut_text(value: Any) -> Any:
    return cut_secrets(value) if isinstance(value, str) else value


def forget_secrets() -> None:
    """Forget all values; for tests."""
    with _lock:
        _patterns.clear()
        _signatures.clear()
        _all.clear()


def _patterns_of(value: str) -> Iterator[str]:
    """Patterns for how a value may be quoted: as it is, escaped, in part, packed."""
    whole = _spelled(value)
    if len(value) < _ANYWHERE:
        yield rf"(?<![\w.-]){whole}(?![\w-]|\.\w)"
    else:
        yield whole
    if len(value) >= _LONG:
        yield _spelled(value[:_BEGINNING]) + r"[^\s'\"<>]*"
    yield from _packed(value.encode(errors="surrogateescape"))


def _spelled(value: str) -> str:
    """A pattern for the value, with each of its characters as it is or escaped: in a URL, JSON or HTML."""
    return "".join(_run(each, len(list(run))) for each, run in groupby(value))


@cache
def _run(each: str, length: int) -> str:
    """A pattern for so many of a character; where each may become several, in one go and not one by one."""
    if each.isspace():
        return rf"(?:\s|\+|{_escaped(each)}){{1,{9 * length}}}"
    if each == "\\":
        return rf"(?:\\|{_escaped(each)}){{{length},{4 * length}}}"
    return _character(each) * length


def _character(each: str) -> str:
    if each.isascii() and each.isalnum():
        return each
    forms = [rf"\\{{0,3}}{re.escape(each)}", _escaped(each)]
    if not each.isascii():
        raw = each.encode(errors="surrogateescape")
        forms += ["".join(rf"\\{{1,3}}x(?i:{byte:02x})" for byte in raw), re.escape(raw.decode("latin-1"))]
    return f"(?:{'|'.join(forms)})"


def _escaped(each: str) -> str:
    raw, code = each.encode(errors="surrogateescape"), ord(each)
    units = each.encode("utf-16-be", "surrogatepass")
    forms = (
        "".join(f"%(?:25){{0,2}}(?i:{byte:02x})" for byte in raw),
        "".join(rf"\\{{1,3}}u(?i:{units[at]:02x}{units[at + 1]:02x})" for at in range(0, len(units), 2)),
        rf"&(?:amp;)?(?:#0{{0,4}}{code}|#[xX]0{{0,4}}(?i:{code:x})|{codepoint2name.get(code, '#')});",
    )
    return "|".join(forms)


def _packed(raw: bytes) -> Iterator[str]:
    """Patterns for the value in hexadecimal digits, and in Base64 wherever in a text it begins."""
    yield f"(?i:{raw.hex()})"
    for before in range(3):
        packed = base64.b64encode(bytes(before) + raw).decode()
        own = packed[-(-before * 4 // 3) : (before + len(raw)) * 4 // 3]  # the rest depends on its neighbours
        yield own.replace("+", r"[+-]").replace("/", "[/_]")
