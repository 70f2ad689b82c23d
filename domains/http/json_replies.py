"""Reading JSON replies part by part, where a missing part means that there is nothing of it.

What a reply must have is read as `reply["key"]` instead, so that its absence is an error and never a default.
"""

from typing import Any, TypeGuard, cast

Json = dict[str, Any]


def is_object(value: object) -> TypeGuard[Json]:
    """Whether a part of a reply is a JSON object."""
    return isinstance(value, dict)


def child(reply: Json, *keys: str) -> Json:
    """The object under these keys, each below the one before; empty where one is missing or no object."""
    for key in keys:
        below: object = reply.get(key)
        reply = below if is_object(below) else {}
    return reply


def number(reply: Json, key: str) -> int:
    """The whole number under this key; 0 where it is missing.

    Raises:
        TypeError, ValueError: there is something, and it is no number.
    """
    return int(reply.get(key, 0))


def children(reply: Json, key: str) -> list[Json]:
    """The objects listed under this key; none where it is missing or no list.

    An entry that is no object counts as an empty one: none is lost, and what it must have is missing.
    """
    listed = reply.get(key)
    if not isinstance(listed, list):
        return []
    return [entry if is_object(entry) else {} for entry in cast(list[object], listed)]
