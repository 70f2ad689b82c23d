"""S3 registrations as the lab's engines can carry them out, and as their callers see them again.

An engine would take `endpoint: s3.amazonaws.com` literally, and engines without the S3 plugin cannot have an
S3 repository at all. The engine is given a registration that it can have, with the caller's own in one
setting more (`REGISTERED`), which it keeps and ignores; what a caller reads back is put right again.
"""

from __future__ import annotations

import json
import re
from typing import Any

from lab.door.repositories import REGISTRATION, Registration, flat, text

REGISTERED = "lab_registered"
AMAZON_S3 = re.compile(r"^(https?://)?s3[.-]([a-z0-9-]+\.)?amazonaws\.com(\.cn)?/?$")
_OF_S3 = frozenset(
    ("bucket", "base_path", "region", "endpoint", "role_arn", "server_side_encryption", "storage_class",
     "canned_acl", "buffer_size")
)  # fmt: skip


def for_engine(request: Registration, folder: str | None) -> bytes | None:
    """The body that the engine gets instead of the caller's, or None when it can stay as it is.

    `folder` is the shared folder that stands in for S3; None where the engine writes to S3 itself.
    """
    if not request.is_s3:
        return None
    if folder is not None:
        return _body(request, "fs", _in_folder(request.settings, folder))
    if not AMAZON_S3.match(request.settings.get("endpoint", "")):
        return None
    kept = {name: value for name, value in request.settings.items() if name != "endpoint"}
    return _body(request, "s3", kept)


def needs_putting_right(method: str, path: str) -> bool:
    """Whether the reply shows registrations."""
    shown = path in ("/_snapshot", "/_snapshot/") or path.startswith("/_cluster/state")
    return method == "GET" and (shown or bool(REGISTRATION.match(path)))


def put_right(body: bytes) -> bytes:
    """The reply with the registrations as the caller made them; anything else is left alone."""
    if REGISTERED.encode() not in body:
        return body
    document = _original(json.loads(body))
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def _body(request: Registration, kind: str, settings: dict[str, str]) -> bytes:
    original = json.dumps({"type": "s3", "settings": request.settings}, sort_keys=True)
    return json.dumps({"type": kind, "settings": {**settings, REGISTERED: original}}).encode()


def _in_folder(settings: dict[str, str], folder: str) -> dict[str, str]:
    place = "/".join(part for part in (settings.get("bucket"), settings.get("base_path")) if part)
    kept = {name: value for name, value in settings.items() if name not in _OF_S3}
    return {**kept, "location": f"{folder}/{place.strip('/')}"}


def _original(value: Any) -> Any:
    if isinstance(value, list):
        return [_original(item) for item in value]
    if not isinstance(value, dict):
        return value
    settings = flat(value["settings"]) if isinstance(value.get("settings"), dict) else {}
    if REGISTERED in settings:
        shown = json.loads(text(settings[REGISTERED]))
        kept = {name: part for name, part in value.items() if name not in ("type", "settings")}
        return {**kept, **shown}
    return {name: _original(item) for name, item in value.items()}
