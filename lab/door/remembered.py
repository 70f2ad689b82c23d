"""What a front door remembers of the registrations that its engine holds: `Door.registered`."""

from __future__ import annotations

import json
from urllib.parse import unquote

from lab.account.wildcards import stars
from lab.door.exchange import Door
from lab.door.repositories import REGISTRATION, Registration
from lab.door.s3_failure import UNVERIFIED


def answered(door: Door, asked: Registration, status: int, content: bytes) -> None:
    """The engine has answered a registration.

    One that it took is there, and one whose verification failed, which comes after (facts 1.2). After any
    other error what was there before still is: a repository in use, or one that cannot be made.
    """
    if status != 200 and not (status == 500 and _kind(content) == UNVERIFIED):
        return
    if asked.is_s3:
        door.registered[asked.name] = asked.settings
    else:
        door.registered.pop(asked.name, None)


def unanswered(door: Door, asked: Registration) -> None:
    """The engine's answer was lost: what was not there may be there now."""
    if asked.is_s3:
        door.registered.setdefault(asked.name, asked.settings)


def removed(door: Door, path: str) -> None:
    """The engine has removed what this path names: a repository, several, or patterns with `*`."""
    found = REGISTRATION.match(path)
    patterns = [stars(each) for each in unquote(found.group(1)).split(",")] if found else []
    for name in list(door.registered):
        if any(pattern.fullmatch(name) for pattern in patterns):
            del door.registered[name]


def _kind(content: bytes) -> str:
    """The type of an engine's error; empty where it is none."""
    try:
        return json.loads(content)["error"]["type"]
    except (ValueError, TypeError, KeyError):
        return ""
