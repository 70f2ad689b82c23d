"""Authorize an engine's requests for shard objects by the repository's role.

OpenSearch 3 keeps shards in separate folders, `<a letter><14 binary digits>/<base_path>/…`, next to
`<base_path>/…` (observed on 3.6.0). A refusal there hits it in the middle of its work: a snapshot becomes
PARTIAL, a restored index stays red. Other missing permissions are found before the engine gets the request
(`trouble`). Deleting many objects in one request is not checked; engines ignore its refusal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qs

from lab.account.directory import Role
from lab.account.s3_refusal import refused
from lab.account.server import Environ, StartResponse
from lab.door.exchange import Door
from lab.door.trouble import may

SHARDS = re.compile(r"[A-Za-z0-9_-][01]{14}/(?P<path>.*)")
ACTIONS = {"GET": "s3:GetObject", "HEAD": "s3:GetObject", "PUT": "s3:PutObject", "POST": "s3:PutObject"}


class ShardRights:
    """A layer before moto. Each engine uses its own port, which identifies its requests."""

    def __init__(self) -> None:
        self._doors: Mapping[str, Door] = {}

    def manage(self, doors: Mapping[str, Door]) -> None:
        """Check the requests of the engines behind these doors, by their ports."""
        self._doors = doors

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes] | None:
        """Refuse a request that the role does not allow; None to let it pass."""
        door = self._doors.get(environ["SERVER_PORT"])
        action, bucket, key = _asked(environ)
        shard = SHARDS.match(key)
        if door is None or shard is None or _allowed(door, action, bucket, key, shard["path"]):
            return None
        return refused(environ, start_response, "403 Forbidden", "AccessDenied", "Access Denied")


def _asked(environ: Environ) -> tuple[str, str, str]:
    """The request's IAM action, the bucket, and the object's key or the listed prefix."""
    bucket, _, key = environ["PATH_INFO"].lstrip("/").partition("/")
    method = environ["REQUEST_METHOD"]
    if not key and method == "GET":
        prefixes = parse_qs(environ.get("QUERY_STRING", "")).get("prefix", [""])
        return "s3:ListBucket", bucket, prefixes[0]
    return ACTIONS.get(method, "s3:DeleteObject"), bucket, key


def _allowed(door: Door, action: str, bucket: str, key: str, path: str) -> bool:
    """Whether a role of one of the domain's repositories there allows this; True without a repository."""
    found = door.directory.bucket(bucket)
    there = [each for each in list(door.registered.values()) if _is_in(each, bucket, path)]
    roles = [door.directory.role(each.get("role_arn", "")) for each in there]
    known = [role for role in roles if isinstance(role, Role)]
    return found is None or not there or any(may(role, bucket, found, action, key) for role in known)


def _is_in(settings: Mapping[str, Any], bucket: str, path: str) -> bool:
    base_path = settings.get("base_path", "").strip("/")
    return settings.get("bucket") == bucket and path.startswith(f"{base_path}/".lstrip("/"))
