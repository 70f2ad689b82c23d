"""Repository registrations as callers send them, and the service's refusals before any engine gets them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qs, unquote

from lab.door import bodies
from lab.door.answers import Answer, not_read, reserved_name, role_missing
from lab.door.signature import Received

RESERVED_PREFIX = "cs-"
# Engines ignore slashes at the end of a path.
REGISTRATION = re.compile(r"^/_snapshot/([^/]+)/*$")
USE = re.compile(r"^/_snapshot/([^/]+)/.*[^/]")


@dataclass(frozen=True)
class Registration:
    """A request to register a repository. `document` is None if the body is not a JSON object; it is not
    `readable` if an engine might still find one in it."""

    name: str
    document: dict[str, Any] | None
    readable: bool = True

    @property
    def is_s3(self) -> bool:
        """Whether the repository is of type s3."""
        return self.document is not None and self.document.get("type") == "s3"

    @property
    def settings(self) -> dict[str, str]:
        """The settings as flat strings."""
        raw = (self.document or {}).get("settings")
        return {name: text(value) for name, value in flat(raw).items()} if isinstance(raw, dict) else {}

    @property
    def role_arn(self) -> str | None:
        """The role that the caller passes to the service."""
        return self.settings.get("role_arn") or None


def registration(request: Received) -> Registration | None:
    """Parse a registration; None for any other request."""
    found = REGISTRATION.match(request.path)
    if request.method not in ("PUT", "POST") or not found:
        return None
    name = unquote(found.group(1))
    try:
        document = bodies.document(request.content)
    except bodies.Unreadable:
        return Registration(name, None, readable=False)
    return Registration(name, document if isinstance(document, dict) else None)


def used_repository(path: str) -> str | None:
    """The repository whose contents (not registration) the request uses, or None."""
    found = USE.match(path)
    return unquote(found.group(1)) if found else None


def use(method: str, path: str) -> Literal["verify", "read", "write"]:
    """How a request uses a repository's contents."""
    if path.endswith("/_verify"):
        return "verify"
    reads = method in ("GET", "HEAD") or path.endswith("/_restore")
    return "read" if reads else "write"


def refusal(request: Registration) -> Answer | None:
    """The service's refusal before any engine gets the registration, or None."""
    if request.name.startswith(RESERVED_PREFIX):
        return reserved_name(request.name)
    if not request.readable:
        return not_read()
    if request.is_s3 and not request.role_arn:
        return role_missing(request.name)
    return None


def skips_verification(query: str) -> bool:
    """Whether the caller asked the engine not to verify the repository."""
    return parse_qs(query).get("verify", ["true"])[-1] == "false"


def flat(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Flatten nested settings to dotted names."""
    found: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, dict):
            found |= flat(value, f"{prefix}{name}.")
        else:
            found[prefix + name] = value
    return found


def text(value: Any) -> str:
    """Format a setting as engines show it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
