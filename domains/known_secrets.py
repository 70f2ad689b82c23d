"""The secret values that this process uses, so that they can be cut out of whatever others say.

A domain, a proxy or AWS may quote what it was sent: without the name of its header, decoded, or encoded
otherwise. What a secret looks like is not known, but what this process has sent is.
"""

import base64
import binascii
import html
import json
import re
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from urllib.parse import quote

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


def remember_secret(value: str | None) -> None:
    """Cut this value out of foreign text from now on. One of fewer than six characters is not recognized."""
    if not value or len(value) < _SHORTEST or value in _patterns:
        return
    with _lock:
        _patterns[value] = "|".join(dict.fromkeys(map(_pattern, _forms(value))))
        longest_first = sorted(_patterns, key=len, reverse=True)
        _all[:] = [re.compile("|".join(_patterns[each] for each in longest_first))]


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
    for every in list(_all):
        text = every.sub(CUT, text)
    with _lock:
        sent = set(_signatures)
    return _SIGNATURE.sub(lambda found: CUT if found[0] in sent else found[0], text)


def forget_secrets() -> None:
    """Forget all values; for tests."""
    with _lock:
        _patterns.clear()
        _signatures.clear()
        _all.clear()


def _forms(value: str) -> Iterator[str]:
    """How a value may be quoted."""
    yield value
    yield " ".join(value.split())
    yield quote(value, safe="")
    yield json.dumps(value)[1:-1]
    yield json.dumps(value)[1:-1].replace("/", r"\/")
    yield html.escape(value)


def _pattern(form: str) -> str:
    if len(form) >= _LONG:
        return re.escape(form) + "|" + re.escape(form[:_BEGINNING]) + r"[^\s'\"<>]*"
    if len(form) >= _ANYWHERE:
        return re.escape(form)
    return rf"(?<![\w.-]){re.escape(form)}(?![\w-]|\.\w)"
