"""Make text visible: a name may hold characters that control a terminal, or that nobody sees.

They are shown as the escapes that YAML takes in double quotes, so that a name can be pasted into a plan.
"""

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar, cast

_UNSEEN = "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef"
_SUSPECT = re.compile(rf"[^ -~]|[{_UNSEEN}]")
_BLANK = re.compile(rf"[{_UNSEEN}]")
_SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}
_COLLECTIONS = (list, tuple, set, frozenset)
_OF_LINES = frozenset({"message", "error", "step_error"})
"""Fields that list reasons line by line; what others have said in them is visible already."""
T = TypeVar("T")


def is_visible(character: str) -> bool:
    """Whether people can see this character, and a terminal only prints it."""
    return character.isprintable() and not _BLANK.match(character)


def visible(text: str) -> str:
    r"""The text in one line, with an escape such as `\u200b` for each character that nobody would see."""
    return _SUSPECT.sub(lambda found: _shown(found[0]), text)


def visible_lines(text: str) -> str:
    """The same for a text of several lines."""
    return "\n".join(visible(line) for line in text.split("\n"))


def visible_json(text: str) -> str:
    """The same for a JSON document, whose values stay what they are."""
    return _SUSPECT.sub(lambda found: found[0] if found[0] == "\n" else _shown_in_json(found[0]), text)


def visible_values(value: T) -> T:
    """A copy of a record in which every text is visible; the record itself, where all of them are.

    Args:
        value: a model, a dataclass, or a collection of them.
    """
    return cast("T", _visible(value))


def _visible(value: Any) -> Any:
    return _visible_of(value, type(value))


def _visible_of(value: Any, kind: Any) -> Any:
    if kind is str:
        return visible(value)
    if keys := getattr(kind, "model_fields", None):  # pydantic's, without importing it for `--help`
        changed = _changed({name: getattr(value, name) for name in keys})
        return value.model_copy(update=changed) if changed else value
    if is_dataclass(kind):
        changed = _changed({each.name: getattr(value, each.name) for each in fields(kind) if each.init})
        return replace(value, **changed) if changed else value
    if kind is dict:
        return {_visible(key): _visible_field(key, below) for key, below in value.items()}
    if any(kind is each for each in _COLLECTIONS):
        return kind(_visible(each) for each in value)
    return value


def _changed(values: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: _visible_field(name, value) for name, value in values.items()}
    return {name: value for name, value in found.items() if value != values[name]}


def _visible_field(name: Any, value: Any) -> Any:
    return visible_lines(value) if name in _OF_LINES and isinstance(value, str) else _visible(value)


def _shown(character: str) -> str:
    if is_visible(character):
        return character
    code = ord(character)
    return _SHORT.get(character) or (rf"\u{code:04x}" if code < 0x10000 else rf"\U{code:08x}")


def _shown_in_json(character: str) -> str:
    if is_visible(character):
        return character
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(rf"\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
