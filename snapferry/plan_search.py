"""Find the plans in a folder, for a command that was given none: it names them, and guesses nothing."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from runs.commands import quoted, quoted_file

_MOST_FILES, _MOST_BYTES, _SHOWN = 200, 1_000_000, 5
_KEYS = ("name", "source", "target", "repository")


def plans_here(folder: Path, verb: str, arguments: Sequence[str]) -> str:
    """What to do about a command without its plan, in one sentence.

    Args:
        arguments: what was given after the verb.
    """
    found = sorted(_plans(folder))
    if not found:
        return "There is no plan in this folder; to write one: snapferry init"
    if len(found) > 1:
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        return f"Plans in this folder: {', '.join(found[:_SHOWN])}{more}"
    words = ["snapferry", verb, quoted_file(found[0]), *map(quoted, arguments)]
    return f"There is one plan in this folder: {' '.join(words)}"


def _plans(folder: Path) -> Iterator[str]:
    """Names of the files in the folder that have the keys of a plan. Saved plans have others."""
    try:
        files = sorted(each for each in folder.iterdir() if each.suffix in {".yaml", ".yml"})
    except OSError:
        return
    for file in files[:_MOST_FILES]:
        try:
            is_small = file.is_file() and file.stat().st_size <= _MOST_BYTES
            text = file.read_text(encoding="utf-8", errors="replace") if is_small else ""
        except OSError:
            continue
        if all(re.search(rf"^{key}:", text, re.MULTILINE) for key in _KEYS):
            yield file.name
