"""The service's treatment of S3 repositories: roles, Regions, and an endpoint that leads to the lab's own S3.

An engine would take `endpoint: s3.amazonaws.com` literally. It is given the same registration with that
setting under another name (`ENDPOINT_AS`), which the engine keeps and ignores; what the caller reads back is
put right again.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote

from lab.answers import Answer, reserved_name, role_missing
from lab.aws import Directory

ENDPOINT_AS = "lab_registered_endpoint"
RESERVED_PREFIX = "cs-"
REGISTRATION = re.compile(r"^/_snapshot/([^/]+)/?$")
USE = re.compile(r"^/_snapshot/([^/]+)/.+$")
AMAZON_S3 = re.compile(r"^(https?://)?s3[.-]([a-z0-9-]+\.)?amazonaws\.com(\.cn)?/?$")


@dataclass(frozen=True)
class Registration:
    """A request to register a repository. `document` is None where the body is no JSON object."""

    name: str
    document: dict[str, Any] | None

    @property
    def is_s3(self) -> bool:
        """Whether it is an S3 repository."""
        return self.document is not None and self.document.get("type") == "s3"

    @property
    def settings(self) -> dict[str, str]:
        """The settings as flat strings."""
        raw = (self.document or {}).get("settings")
        flat = _flat(raw) if isinstance(raw, dict) else {}
        return {name: _text(value) for name, value in flat.items()}

    @property
    def role_arn(self) -> str | None:
        """The role that the caller passes to the service."""
        return self.settings.get("role_arn") or None


def registration(method: str, path: str, body: bytes) -> Registration | None:
    """The registration that the request is, or None."""
    found = REGISTRATION.match(path)
    if method not in ("PUT", "POST") or not found:
        return None
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    return Registration(unquote(found.group(1)), document if isinstance(document, dict) else None)


def used_repository(path: str) -> str | None:
    """The repository whose content the request is about (not its registration), or None."""
    found = USE.match(path)
    return unquote(found.group(1)) if found else None


def refusal(request: Registration) -> Answer | None:
    """What the service says before any engine is asked, or None when it has no objection."""
    if request.name.startswith(RESERVED_PREFIX):
        return reserved_name(request.name)
    if request.is_s3 and not request.role_arn:
        return role_missing(request.name)
    return None


def unreachable_region(request: Registration, region: str, directory: Directory) -> str | None:
    """The bucket's real Region, when the domain in `region` could not reach it by these settings; else None.

    A bucket in another Region is reached by `endpoint: s3.amazonaws.com` in place of `region`, and only so. A
    bucket that does not exist is left to the engine's own error.
    """
    settings = request.settings
    if not request.is_s3:
        return None
    real = directory.bucket_region(settings.get("bucket", ""))
    if real is None or ("endpoint" in settings and "region" not in settings):
        return None
    return real if real != region or settings.get("region", region) != real else None


def for_engine(request: Registration) -> bytes | None:
    """The body that the engine gets instead of the caller's, or None when it can stay as it is."""
    raw = (request.document or {}).get("settings")
    endpoint = request.settings.get("endpoint", "")
    if not request.is_s3 or not isinstance(raw, dict) or not AMAZON_S3.match(endpoint):
        return None
    settings = {ENDPOINT_AS if name == "endpoint" else name: value for name, value in _flat(raw).items()}
    return json.dumps({**(request.document or {}), "settings": settings}).encode()


def needs_putting_right(method: str, path: str) -> bool:
    """Whether the reply shows registrations."""
    return method == "GET" and (path in ("/_snapshot", "/_snapshot/") or bool(
        REGISTRATION.match(path) or path.startswith("/_cluster/state")
    ))  # fmt: skip


def put_right(body: bytes) -> bytes:
    """The reply with the registrations as the caller made them; anything else is left alone."""
    if ENDPOINT_AS.encode() not in body:
        return body
    try:
        document = json.loads(body)
    except ValueError:
        return body.replace(ENDPOINT_AS.encode(), b"endpoint")
    return json.dumps(_renamed(document), separators=(",", ":"), ensure_ascii=False).encode()


def skips_verification(query: str) -> bool:
    """Whether the caller asked the engine not to verify the repository."""
    return parse_qs(query).get("verify", ["true"])[-1] == "false"


def _renamed(value: Any) -> Any:
    if isinstance(value, list):
        return [_renamed(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {_original(name): _renamed(item) for name, item in value.items()}


def _original(name: str) -> str:
    return "endpoint" if name == ENDPOINT_AS else name.replace(f".{ENDPOINT_AS}", ".endpoint")


def _flat(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
