"""Keep `Door.registered` up to date: the registrations that the engine holds; and who owns what it writes to
a shared folder."""

from __future__ import annotations

import json
from urllib.parse import unquote

from lab.account import ownership
from lab.account.directory import account_of
from lab.account.wildcards import stars
from lab.door.exchange import Door
from lab.door.repositories import REGISTRATION, Registration
from lab.door.s3_failure import UNVERIFIED


def answered(door: Door, asked: Registration, status: int, content: bytes) -> None:
    """Update it after the engine's answer to a registration.

    An accepted registration exists, and so does one that failed verification, which happens afterwards (facts
    1.2). After any other error (a repository in use, or one that cannot be created), the previous one is
    still there.
    """
    if status != 200 and not (status == 500 and _kind(content) == UNVERIFIED):
        return
    if asked.is_s3:
        door.registered[asked.name] = asked.settings
    else:
        door.registered.pop(asked.name, None)


def unanswered(door: Door, asked: Registration) -> None:
    """Update it after a lost answer: a new registration may exist now."""
    if asked.is_s3:
        door.registered.setdefault(asked.name, asked.settings)


def removed(door: Door, path: str) -> None:
    """Update it after the engine removed the repositories in this path: names, or patterns with `*`."""
    found = REGISTRATION.match(path)
    patterns = [stars(each) for each in unquote(found.group(1)).split(",")] if found else []
    for name in list(door.registered):
        if any(pattern.fullmatch(name) for pattern in patterns):
            del door.registered[name]


def used(door: Door, name: str, use: str, method: str) -> None:
    """Note the owner of a snapshot that is taken into a shared folder, of which S3 sees nothing."""
    settings = door.registered[name]
    if door.folder is None or use != "write" or method == "DELETE" or settings.get("readonly") == "true":
        return
    key = f"{settings.get('base_path', '').strip('/')}/index-0".lstrip("/")
    account, acl = account_of(settings.get("role_arn", "")), settings.get("canned_acl", "")
    ownership.note(settings.get("bucket", ""), key, account, acl, in_folder=True)


def _kind(content: bytes) -> str:
    """The type of an engine's error; empty if the reply is not an error."""
    try:
        return json.loads(content)["error"]["type"]
    except (ValueError, TypeError, KeyError):
        return ""
