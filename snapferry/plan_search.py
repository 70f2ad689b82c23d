"""Find the plans in a folder, for a command that was given none: it names them, and guesses nothing."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from configs.loading.loader import is_resolved
from runs.commands import quoted, quoted_file

_MOST_FILES, _MOST_BYTES, _SHOWN = 200, 1_000_000, 5
_KEYS = ("name", "source", "target", "repository")


def plans_here(folder: Path, verb: str, arguments: Sequence[str]) -> str:
    """What to do about a command without its plan, in one sentence.

    Args:
        arguments: what was given after the verb.
    """
    found = list(plans_in(folder, saved=False))
    if not found:
        return "There is no plan in this folder; to write one: snapferry init"
    if len(found) > 1:
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        return f"Plans in this folder: {', '.join(found[:_SHOWN])}{more}"
    words = ["snapferry", verb, quoted_file(found[0]), *map(quoted, arguments)]
    return f"There is one plan in this folder: {' '.join(words)}"


def plans_in(folder: Path, beginning: str = "", *, saved: bool = True) -> Iterator[str]:
    """Names of the files in the folder that have the keys of a plan, in order.

    Args:
        beginning: of the names that are wanted.
        saved: whether saved plans are wanted, too; they have other keys.
    """
    try:
        files = sorted(
            each
            for each in folder.iterdir()
            if each.suffix in {".yaml", ".yml"} and each.name.startswith(beginning)
        )
    except OSError:
        return
    for file in files[:_MOST_FILES]:
        try:
            is_plan = file.is_file() and (_has_keys(file) or (saved and is_resolved(file)))
        except OSError:
            continue
        if is_plan:
            yield file.name


def _has_keys(file: Path) -> bool:
    if file.stat().st_size > _MOST_BYTES:
        return False
    text = file.read_text(encoding="utf-8", errors="replace")
    return all(re.search(rf"^{key}:", text, re.MULTILINE) for key in _KEYS)
