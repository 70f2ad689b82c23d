"""Authorize an engine's requests for shard objects by the repository's role, whose account owns what the
engine writes.

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

from lab.account import ownership
from lab.account.directory import Role, account_of
from lab.account.s3_actions import S3Request, path_of
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
        if door is None:
            return None
        action, bucket, key = _asked(environ)
        shard = SHARDS.match(key)
        roles = _roles(door, bucket, shard["path"] if shard else key)
        if shard is not None and not _allowed(door, roles, action, bucket, key):
            return refused(environ, start_response, "403 Forbidden", "AccessDenied", "Access Denied")
        _note_owner(environ, roles)
        return None


def _asked(environ: Environ) -> tuple[str, str, str]:
    """The request's IAM action, the bucket, and the object's key or the listed prefix."""
    bucket, _, key = environ["PATH_INFO"].lstrip("/").partition("/")
    method = environ["REQUEST_METHOD"]
    if not key and method == "GET":
        prefixes = parse_qs(environ.get("QUERY_STRING", "")).get("prefix", [""])
        return "s3:ListBucket", bucket, prefixes[0]
    return ACTIONS.get(method, "s3:DeleteObject"), bucket, key


def _roles(door: Door, bucket: str, path: str) -> list[str]:
    """The roles (ARNs) of the domain's repositories there."""
    there = [each for each in list(door.registered.values()) if _is_in(each, bucket, path)]
    return [each.get("role_arn", "") for each in there]


def _allowed(door: Door, roles: list[str], action: str, bucket: str, key: str) -> bool:
    """Whether one of the roles may do this; True without a repository."""
    found = door.directory.bucket(bucket)
    if found is None or not roles:
        return True
    known = [role for role in map(door.directory.role, roles) if isinstance(role, Role)]
    owner = found.owners.get(key)
    return any(may(role, bucket, found, action, key, owner) for role in known)


def _note_owner(environ: Environ, roles: list[str]) -> None:
    request = S3Request(environ["REQUEST_METHOD"], path_of(environ), environ.get("QUERY_STRING", ""))
    if roles and request.writes_an_object:
        acl = environ.get("HTTP_X_AMZ_ACL", "")
        ownership.note(request.bucket, request.key, account_of(roles[0]), acl)


def _is_in(settings: Mapping[str, Any], bucket: str, path: str) -> bool:
    base_path = settings.get("base_path", "").strip("/")
    return settings.get("bucket") == bucket and path.startswith(f"{base_path}/".lstrip("/"))
