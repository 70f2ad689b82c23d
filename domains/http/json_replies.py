"""Read optional parts of JSON replies, where a missing part means none.

Read a required part as `reply["key"]` instead, so that its absence is an error and never a default.
"""

from typing import Any, TypeGuard, cast

Json = dict[str, Any]


def is_object(value: object) -> TypeGuard[Json]:
    """Whether this value is a JSON object."""
    return isinstance(value, dict)


def child(reply: Json, *keys: str) -> Json:
    """The object at this path of keys; empty where a key is missing or holds something else."""
    for key in keys:
        below: object = reply.get(key)
        reply = below if is_object(below) else {}
    return reply


def number(reply: Json, key: str) -> int:
    """The whole number at this key; 0 where the key is missing.

    Raises:
        TypeError, ValueError: the value is not a number.
    """
    return int(reply.get(key, 0))


def children(reply: Json, key: str) -> list[Json]:
    """The objects listed at this key; none where the key is missing or holds no list.

    An entry of another type becomes an empty object: it still counts, and reading a required part fails.
    """
    listed = reply.get(key)
    if not isinstance(listed, list):
        return []
    return [entry if is_object(entry) else {} for entry in cast(list[object], listed)]
