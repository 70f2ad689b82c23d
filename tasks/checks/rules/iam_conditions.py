"""Evaluate conditions of policy statements by IAM's rules. Pure.

If a required fact about the request is unknown, the answer is None: nothing is guessed.
"""

import re
from collections.abc import Callable, Iterator, Sequence

from domains.http.json_replies import Json, is_object

_LITERAL = {"StringEquals", "StringEqualsIgnoreCase", "Bool"}
_PATTERNS = {"StringLike", "ArnEquals", "ArnLike"}
_FOLDED = {"StringEqualsIgnoreCase", "Bool"}
_OPPOSITE = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
}
_VARIABLE = re.compile(r"\$\{[^}]*\}")


def hold(conditions: Json, known: Callable[[str], str | None]) -> bool | None:
    """Whether all conditions hold; None if none fails but one is not understood or its key is unknown.

    Args:
        known: returns the value of a condition key (in any case); None if unknown.
    """
    answers = [holds(operator, known(key), wanted) for operator, key, wanted in each_condition(conditions)]
    if False in answers:
        return False
    return None if None in answers else True


def each_condition(conditions: Json) -> Iterator[tuple[str, str, list[str]]]:
    """Yield each operator with a key and its values."""
    for operator, keys in conditions.items():
        for key, wanted in keys.items() if is_object(keys) else ():
            yield operator, str(key), list(texts(wanted))


def holds(operator: str, value: str | None, wanted: Sequence[str]) -> bool | None:
    """Whether one condition holds for a value; None if unknown."""
    plain = operator.removesuffix("IfExists")
    positive = _OPPOSITE.get(plain, plain)
    if value is None or positive not in _LITERAL | _PATTERNS:
        return None
    answers = [_agrees(positive, value, each) for each in wanted]
    if True in answers:
        return positive == plain
    return None if None in answers else positive != plain


def _agrees(operator: str, value: str, wanted: str) -> bool | None:
    if _VARIABLE.search(wanted):
        return None
    if operator in _PATTERNS:
        return fits(value, wanted)
    return value.lower() == wanted.lower() if operator in _FOLDED else value == wanted


def among(value: str, patterns: Sequence[str]) -> bool | None:
    """Whether a value matches one of the patterns; None if that depends on a policy variable."""
    if any(fits(value, pattern) for pattern in patterns):
        return True
    perhaps = (_VARIABLE.sub("*", pattern) for pattern in patterns if _VARIABLE.search(pattern))
    return None if any(fits(value, pattern) for pattern in perhaps) else False


def fits(value: str, pattern: str) -> bool:
    """Whether the value matches a pattern with `*` and `?`."""
    return (
        re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), value, re.DOTALL)
        is not None
    )


def acts(statement: Json, action: str) -> bool:
    """Whether a statement covers an action; action names are case-insensitive."""
    for element, wanted in (("Action", True), ("NotAction", False)):
        if element in statement:
            named = [each.lower() for each in texts(statement[element])]
            return any(fits(action.lower(), each) for each in named) is wanted
    return False


def texts(value: object) -> Iterator[str]:
    """Yield one text, or each of a list: policies write a list of one without the list."""
    if isinstance(value, str | bool | int):
        yield str(value).lower() if isinstance(value, bool) else str(value)
    elif isinstance(value, list):
        for each in value:  # pyright: ignore[reportUnknownVariableType]
            yield from texts(each)  # pyright: ignore[reportUnknownArgumentType]
