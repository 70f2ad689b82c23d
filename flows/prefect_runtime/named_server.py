"""Is the server that PREFECT_API_URL names a Prefect server? Asked before anything else is sent to it.

Import it before Prefect, which reads its settings from the environment on import.
"""

import importlib.metadata
import json
import os
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from domains.errors import SnapferryError
from domains.http.environment import bundle_problem, proxy_problem, without_login

_ANSWER_S = 10.0
_LONGEST = 64 * 1024
_UNSET = "or unset PREFECT_API_URL: runs need no Prefect server"
_QUIET = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_LOGGING_LEVEL": "CRITICAL",  # the command itself reports how a run ended
    "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
}
_CREDENTIALS = ("PREFECT_API_KEY", "PREFECT_API_AUTH_STRING")


class ServerUnusable(SnapferryError):
    """The Prefect server that is named cannot be used. Nothing was changed."""


@dataclass(frozen=True)
class _Answer:
    """A reply, as far as it matters: the value of its JSON, or None if it is no JSON."""

    status: int
    kind: str
    value: object
    to: str


def require_prefect_server(address: str) -> None:
    """Confirm that a Prefect server that this version can work with answers there; keep its client quiet.

    Raises:
        ServerUnusable: it does not; says what is there instead. No message contains a password.
    """
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    shown = without_login(address)
    _require_usable_environment()
    try:
        with httpx.Client(timeout=_ANSWER_S, auth=_login(), headers=_headers()) as client:
            _require_health(_asked(client, f"{address.rstrip('/')}/health"), shown)
            _require_version(_asked(client, f"{address.rstrip('/')}/admin/version"), shown)
    except httpx.HTTPError as error:
        said = without_login(str(error)) or type(error).__name__
        raise _unusable(shown, f"it does not answer: {said}", f"correct PREFECT_API_URL, {_UNSET}") from None
    except (ValueError, httpx.InvalidURL) as error:
        reason = f"this is not an address ({without_login(str(error))})"
        raise _unusable(shown, reason, f"correct PREFECT_API_URL, {_UNSET}") from None


def _require_usable_environment() -> None:
    """Confirm that Prefect's client can be made here: it reads proxies and authorities when it is made.

    Raises:
        ServerUnusable: it cannot; names the variable.
    """
    try:
        httpx.Client().close()
    except (ImportError, ValueError, OSError, httpx.InvalidURL) as error:
        problem = (
            proxy_problem("http://prefect")
            or proxy_problem("https://prefect")
            or bundle_problem(None, ("SSL_CERT_FILE",))
            or f"NO_PROXY or another variable for proxies cannot be used ({without_login(str(error))})"
        )
        raise ServerUnusable(
            f"Prefect cannot be reached: {problem}", "correct it, then run the same command again"
        ) from None


def _login() -> httpx.BasicAuth | None:
    user, _, password = os.environ.get("PREFECT_API_AUTH_STRING", "").partition(":")
    return httpx.BasicAuth(user, password) if user else None


def _headers() -> dict[str, str]:
    key = os.environ.get("PREFECT_API_KEY", "")
    return {"Authorization": f"Bearer {key}"} if key else {}


def _asked(client: httpx.Client, url: str) -> _Answer:
    """Send one GET; redirects are not followed, because they would get the credentials, too."""
    end = time.monotonic() + _ANSWER_S
    body = b""
    with client.stream("GET", url) as reply:
        for chunk in reply.iter_bytes():
            body += chunk
            if len(body) > _LONGEST or time.monotonic() > end:
                break
    try:
        value: object = json.loads(body)
    except (ValueError, RecursionError):
        value = None
    kind = reply.headers.get("content-type", "").partition(";")[0].strip()
    return _Answer(reply.status_code, kind, value, reply.headers.get("location", ""))


def _require_health(answer: _Answer, shown: str) -> None:
    if answer.status in {401, 403}:
        _require_no_refusal(answer, shown)
    elif answer.status != 200 or answer.value is not True:
        raise _unusable(shown, *_what_it_is(answer))


def _require_no_refusal(answer: _Answer, shown: str) -> None:
    """Refuse a server that refuses the credentials; where there are none, Prefect's own profile has them."""
    given = next((name for name in _CREDENTIALS if os.environ.get(name)), "")
    if given or answer.value is None:
        hint = f"correct {given}" if given else "set PREFECT_API_KEY or PREFECT_API_AUTH_STRING"
        raise _unusable(shown, f"it refuses access (HTTP {answer.status})", f"{hint}, {_UNSET}")


def _require_version(answer: _Answer, shown: str) -> None:
    if answer.status in {401, 403}:
        _require_no_refusal(answer, shown)
        return
    if answer.status == 404 and _host(shown).endswith(".prefect.cloud"):
        return  # Prefect Cloud keeps its version to itself
    ours = importlib.metadata.version("prefect")
    theirs = answer.value if answer.status == 200 and isinstance(answer.value, str) else ""
    if not theirs[:1].isdigit():
        raise _unusable(shown, *_what_it_is(answer))
    if theirs.partition(".")[0] != ours.partition(".")[0]:
        hint = f"name a server of Prefect {ours.partition('.')[0]}, {_UNSET}"
        raise _unusable(shown, f"it is Prefect {theirs[:40]}, and this is a client of Prefect {ours}", hint)


def _what_it_is(answer: _Answer) -> tuple[str, str]:
    """What answered in place of a Prefect server, and what to do."""
    hint = f"correct PREFECT_API_URL: the address of a Prefect API ends in /api; {_UNSET}"
    if answer.status >= 500:
        return f"it answers HTTP {answer.status}", f"wait until it is well again, {_UNSET}"
    if 300 <= answer.status < 400:
        return f"it redirects to {_host(answer.to) or 'another page'}", hint
    if "html" in answer.kind:
        return f"it answers with a web page (HTTP {answer.status}), not as a Prefect API", hint
    return f"it answers HTTP {answer.status} ({answer.kind or 'no type'}), not as a Prefect API", hint


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _unusable(shown: str, reason: str, hint: str) -> ServerUnusable:
    return ServerUnusable(f"the Prefect server at {shown} cannot be used: {reason}", hint)
