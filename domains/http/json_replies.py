"""Read optional parts of JSON replies, where a missing part means none.

Read a required part as `reply["key"]` instead, so that its absence is an error and never a default.
"""

import re
from typing import Any, TypeGuard, cast

Json = dict[str, Any]
_DIGITS = re.compile(r"-?[0-9]{1,20}")
_LARGEST = 2**64


def is_object(value: object) -> TypeGuard[Json]:
    """Whether this value is a JSON object."""
    return isinstance(value, dict)


def child(reply: Json, *keys: str) -> Json:
    """The object at this path of keys; empty where a key is missing or holds something else."""
    for key in keys:
        below: object = reply.get(key)
        reply = below if is_object(below) else {}
    return reply


def whole(value: object) -> int:
    """A whole number of at most 64 bits, given as a number or, as `_cat` and settings do, as digits.

    Raises:
        TypeError, ValueError: the value is something else.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError(f"expected a number, got {type(value).__name__}")
    if isinstance(value, str) and not _DIGITS.fullmatch(value):
        raise ValueError("expected a number, got another text")
    found = int(value)
    if not -_LARGEST <= found <= _LARGEST or (isinstance(value, float) and not value.is_integer()):
        raise ValueError("expected a whole number of at most 64 bits")
    return found


def text(value: object) -> str:
    """A text, such as a name.

    Raises:
        TypeError: the value is something else.
        ValueError: it has half a surrogate pair, which engines let pass in mappings and documents only.
    """
    if not isinstance(value, str):
        raise TypeError(f"expected a text, got {type(value).__name__}")
    value.encode()
    return value


def text_or_none(value: object) -> str | None:
    """A text, or nothing.

    Raises:
        TypeError: the value is something else.
    """
    return None if value is None else text(value)


def required_object(value: object) -> Json:
    """An object.

    Raises:
        TypeError: the value is something else.
    """
    if not is_object(value):
        raise TypeError(f"expected an object, got {type(value).__name__}")
    return value


def texts(value: object) -> tuple[str, ...]:
    """A list of texts, as a tuple.

    Raises:
        TypeError: the value is something else.
    """
    if not isinstance(value, list):
        raise TypeError(f"expected a list, got {type(value).__name__}")
    return tuple(text(each) for each in cast(list[object], value))


def number(reply: Json, key: str) -> int:
    """The whole number at this key; 0 where the key is missing.

    Raises:
        TypeError, ValueError: the value is not a whole number.
    """
    return whole(reply.get(key, 0))


def children(reply: Json, key: str) -> list[Json]:
    """The objects listed at this key; none where the key is missing or holds no list.

    An entry of another type becomes an empty object: it still counts, and reading a required part fails.
    """
    listed = reply.get(key)
    if not isinstance(listed, list):
        return []
    return [entry if is_object(entry) else {} for entry in cast(list[object], listed)]
