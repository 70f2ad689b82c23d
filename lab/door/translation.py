"""Translate S3 registrations for the lab's engines, and back for the callers.

An engine would take `endpoint: s3.amazonaws.com` literally, and engines without the S3 plugin cannot have an
S3 repository at all. The engine gets a registration that it supports, with the caller's own in an additional
setting (`REGISTERED`), which it stores and ignores; replies to callers are translated back.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any
from urllib.parse import quote, unquote, unquote_plus

from lab.door import filter_path
from lab.door.filter_path import Filter
from lab.door.repositories import Registration, flat, text
from lab.door.signature import Received

REGISTERED = "lab_registered"
IN_THE_STATE = "metadata.repositories"
AMAZON_S3 = re.compile(r"^(https?://)?s3[.-]([a-z0-9-]+\.)?amazonaws\.com(\.cn)?/?$")
_OF_S3 = frozenset(
    ("bucket", "base_path", "region", "endpoint", "role_arn", "server_side_encryption", "storage_class",
     "canned_acl", "buffer_size")
)  # fmt: skip


def for_engine(request: Registration, folder: str | None) -> bytes | None:
    """The body for the engine in place of the caller's, or None if it can stay unchanged.

    `folder` is the shared folder that stands in for S3; None if the engine writes to S3 itself.
    """
    if not request.is_s3:
        return None
    if folder is not None:
        return _body(request, "fs", _in_folder(request.settings, folder))
    if not AMAZON_S3.match(request.settings.get("endpoint", "")):
        return None
    kept = {name: value for name, value in request.settings.items() if name != "endpoint"}
    return _body(request, "s3", kept)


def shows_registrations(method: str, path: str) -> bool:
    """Whether the reply shows registrations."""
    parts = [unquote(part) for part in path.split("/") if part]
    if method != "GET" or not parts:
        return False
    if parts[0] == "_snapshot":
        return len(parts) == 1 or (len(parts) == 2 and parts[1] != "_status")
    metrics = parts[2].split(",") if len(parts) > 2 else ["_all"]
    return parts[:2] == ["_cluster", "state"] and bool({"_all", "metadata"} & set(metrics))


def whole(request: Received) -> tuple[Received, Filter | None]:
    """The request for the engine that returns the complete reply as JSON, for translation; and the filter
    that the caller asked for."""
    pieces = [piece for piece in request.query.split("&") if piece]
    values = {unquote_plus(name): unquote_plus(value) for name, _, value in map(_parted, pieces)}
    shown = filter_path.parse(values.get("filter_path", ""))
    kept = [piece for piece in pieces if unquote_plus(_parted(piece)[0]) not in ("filter_path", "format")]
    if shown is not None and shown.includes and not request.path.startswith("/_snapshot"):
        paths = ",".join((*shown.includes, IN_THE_STATE))  # a whole cluster state may be large
        kept.append(f"filter_path={quote(paths, safe=',*')}")
    headers = {**request.headers, "accept": "application/json"}
    return replace(request, query="&".join(kept), headers=headers), shown


def put_right(body: bytes, shown: Filter | None = None) -> bytes:
    """Restore the callers' registrations in the reply, then apply the filter; anything else stays
    unchanged."""
    if shown is None and REGISTERED.encode() not in body:
        return body
    document = _original(json.loads(body))
    if shown is not None:
        document = shown.applied(document)
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def _parted(piece: str) -> tuple[str, str, str]:
    return piece.partition("=")


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
