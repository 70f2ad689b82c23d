"""Write YAML for people: values on one line, comments of a readable width."""

import json
import re
import textwrap
from collections.abc import Iterable, Iterator

import yaml

from configs.values.listing import listed as in_one_line
from configs.values.visible import visible

_PLAIN = re.compile(r"[A-Za-z0-9/][A-Za-z0-9_./:@+=,-]*")
_WIDTH = 100
_NAMES = 10


def scalar(value: str) -> str:
    """A text as YAML: plain if every reader takes it for that text, otherwise in quotes."""
    if _PLAIN.fullmatch(value) and not value.endswith(":") and _reads_back(value):
        return value
    return visible(json.dumps(value, ensure_ascii=False))


def _reads_back(value: str) -> bool:
    try:
        return bool(yaml.safe_load(f"[{value}]") == [value])  # in a list `0,` would be the number 0
    except (yaml.YAMLError, ValueError):
        return False


def comment(text: str, indent: str = "") -> Iterator[str]:
    """A text as comment lines."""
    clean = visible(" ".join(text.split()))
    start = f"{indent}# "
    yield from textwrap.wrap(
        clean, _WIDTH, initial_indent=start, subsequent_indent=start, break_on_hyphens=False
    )


def listed(what: str, names: Iterable[str], indent: str = "") -> Iterator[str]:
    """A list of the first names as a comment; nothing if there are none."""
    all_of_them = tuple(names)
    if not all_of_them:
        return
    yield from comment(f"{what}: {in_one_line(all_of_them, _NAMES, '; ')}.", indent)


def commented_out(text: str) -> Iterator[str]:
    """Lines of YAML as comments."""
    return (f"# {line}" for line in text.splitlines())


def entry(indent: str, key: str, value: str, note: str = "") -> str:
    """`key: value`, followed by a note."""
    line = f"{indent}{key}: {value}"
    clean = visible(" ".join(note.split()))
    return f"{line:<44}  # {clean}" if clean else line
