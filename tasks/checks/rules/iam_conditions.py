"""Conditions of policy statements, by IAM's rules. Pure.

What needs to be known of a request and is not makes the answer None: nothing is guessed.
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
    """Whether all conditions hold; None when one is not understood or its key not known, and none fails.

    Args:
        known: the value of a condition key, in whatever case it is written; None where it is not known.
    """
    answers = [holds(operator, known(key), wanted) for operator, key, wanted in each_condition(conditions)]
    if False in answers:
        return False
    return None if None in answers else True


def each_condition(conditions: Json) -> Iterator[tuple[str, str, list[str]]]:
    """Each operator with a key and the values that it names."""
    for operator, keys in conditions.items():
        for key, wanted in keys.items() if is_object(keys) else ():
            yield operator, str(key), list(texts(wanted))


def holds(operator: str, value: str | None, wanted: Sequence[str]) -> bool | None:
    """Whether one condition holds of a value; None where that cannot be told."""
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
    """Whether a value fits one of the patterns; None where a policy variable in one of them decides."""
    if any(fits(value, pattern) for pattern in patterns):
        return True
    perhaps = (_VARIABLE.sub("*", pattern) for pattern in patterns if _VARIABLE.search(pattern))
    return None if any(fits(value, pattern) for pattern in perhaps) else False


def fits(value: str, pattern: str) -> bool:
    """Whether the value fits a pattern with `*` and `?`."""
    return (
        re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), value, re.DOTALL)
        is not None
    )


def acts(statement: Json, action: str) -> bool:
    """Whether a statement is about an action; their names are the same in whatever case."""
    for element, wanted in (("Action", True), ("NotAction", False)):
        if element in statement:
            named = [each.lower() for each in texts(statement[element])]
            return any(fits(action.lower(), each) for each in named) is wanted
    return False


def texts(value: object) -> Iterator[str]:
    """One text, or each of a list: policies write a list of one as the one."""
    if isinstance(value, str | bool | int):
        yield str(value).lower() if isinstance(value, bool) else str(value)
    elif isinstance(value, list):
        for each in value:  # pyright: ignore[reportUnknownVariableType]
            yield from texts(each)  # pyright: ignore[reportUnknownArgumentType]
