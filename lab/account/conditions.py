"""Evaluate conditions of IAM policies, except those that compare numbers, dates or binary values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ipaddress import ip_address, ip_network
from typing import Any

from lab.account.wildcards import matches

Context = Mapping[str, tuple[str, ...]]
"""The known condition keys of a request; some have several values, as on AWS."""

ARN_PARTS = 6


def hold(conditions: Any, context: Context) -> bool | None:
    """Whether all conditions hold; None if none fails but one is not understood."""
    known = {name.lower(): values for name, values in context.items()}
    if not isinstance(conditions, dict):
        return None
    found = [
        _one_holds(operator, _texts(wanted), known.get(key.lower(), ()))
        for operator, keys in conditions.items()
        for key, wanted in _pairs(keys)
    ]
    if False in found:
        return False
    understood = None not in found and all(isinstance(keys, dict) for keys in conditions.values())
    return True if understood else None


def asked_keys(conditions: Any) -> set[str]:
    """The condition keys that the conditions refer to."""
    operators = conditions.values() if isinstance(conditions, dict) else ()
    return {key for keys in operators for key, _ in _pairs(keys)}


def _one_holds(operator: str, wanted: list[str], actual: tuple[str, ...]) -> bool | None:
    prefix, _, plain = operator.rpartition(":")
    if plain == "Null":
        return _is_null(wanted, actual)
    plain, if_exists = plain.removesuffix("IfExists"), plain.endswith("IfExists")
    negated = "Not" in plain
    compare = _OPERATORS.get(plain.replace("Not", "", 1))
    if compare is None:
        return None
    if not actual:
        return if_exists or prefix == "ForAllValues" or (negated and prefix != "ForAnyValue")
    each_one = [any(compare(value, pattern) for pattern in wanted) is not negated for value in actual]
    if prefix == "ForAllValues" or (negated and not prefix):
        return all(each_one)
    return any(each_one)


def _is_null(wanted: list[str], actual: tuple[str, ...]) -> bool:
    return (not actual) is ("true" in (each.lower() for each in wanted))


def _same(value: str, pattern: str) -> bool:
    return value == pattern


def _same_letters(value: str, pattern: str) -> bool:
    return value.lower() == pattern.lower()


def _arn_like(value: str, pattern: str) -> bool:
    """Match as both ARN operators do, part by part: a wildcard does not span the first five colons."""
    have, want = value.split(":", ARN_PARTS - 1), pattern.split(":", ARN_PARTS - 1)
    same_shape = len(have) == len(want) == ARN_PARTS
    return same_shape and all(matches(part, like) for part, like in zip(have, want, strict=True))


def _in_network(value: str, pattern: str) -> bool:
    try:
        return ip_address(value) in ip_network(pattern, strict=False)
    except ValueError:
        return False


_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": _same,
    "StringEqualsIgnoreCase": _same_letters,
    "StringLike": matches,
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
    "Bool": _same_letters,
    "IpAddress": _in_network,
}


def _pairs(keys: Any) -> list[tuple[str, Any]]:
    return list(keys.items()) if isinstance(keys, dict) else []


def _texts(wanted: Any) -> list[str]:
    values = wanted if isinstance(wanted, list) else [wanted]
    return [str(each).lower() if isinstance(each, bool) else str(each) for each in values]
