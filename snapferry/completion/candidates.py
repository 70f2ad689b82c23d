"""What an argument may be: plans, domains, gates, indices, runs.

Everything is read from files on this machine, and not much of them: nobody waits for the tab key. What cannot
be read is not offered, without a word.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import typer

from snapferry.plan_search import plans_in

Candidates = Callable[[typer.Context, str], list[tuple[str, str]]]
"""From the command line so far and the beginning of a word: words, each with a note that may be empty."""
_SIDES = ("source", "target")
_LONGEST_PLAN = 64 << 10  # bytes
_LONGEST_JOURNAL = 16 << 20  # bytes; 10,000 indices need a third
_RUNS = 20


def plans(_: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Plans in the folder that is being typed, and the folders in it; of a single folder, what it holds."""
    found = list(_plans_and_folders(incomplete))
    while len(found) == 1 and found[0].endswith("/"):
        found = list(_plans_and_folders(found[0]))
    return [(each, "") for each in found]


def domains(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Both sides of each plan that `plans` would offer."""
    file, colon, _ = incomplete.rpartition(":")
    if colon:
        return [(f"{file}:{side}", "") for side in _SIDES] if Path(file).is_file() else []
    words = [word for word, _ in plans(context, incomplete)]
    return [
        (each, "")
        for word in words
        for each in ([word] if word.endswith("/") else [f"{word}:{side}" for side in _SIDES])
    ]


def gates(context: typer.Context, _: str) -> list[tuple[str, str]]:
    """The gates of the plan."""
    return [(name, "") for name in _section(_plan_of(context), "gates")]


def deletable(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """What the plan allows to be deleted: a consent is for one of these. For `index delete`, indices."""
    group = context.parent.info_name if context.parent and context.parent.parent else None
    if group:
        return indices(context, incomplete) if group == "index" else []
    named = _section(_plan_of(context), "conflicts").get("delete")
    return [(name, "") for name in _texts(named)]


def indices(context: typer.Context, _: str) -> list[tuple[str, str]]:
    """The indices and data streams of the plan's latest run that has resolved them.

    On the target, the names that they have there.
    """
    side = "target" if str(context.params.get("domain_given")).endswith(":target") else "name"
    for journal in _journals(context)[:_RUNS]:
        units = _list(_at(_read(journal), "steps", "resolve", "record", "units"))
        if units:
            return [(name, "") for name in sorted(_texts([_at(unit, side) for unit in units]))]
    return []


def checks(*_: Any) -> list[tuple[str, str]]:
    """The checks, and their groups."""
    from configs.checks import IDS

    groups = dict.fromkeys(id.partition(".")[0] for id in IDS)
    return [(name, "") for name in (*groups, *IDS)]


def runs(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """The latest runs of the plan, newest first, each with its verb and status."""
    found = [each for each in _journals(context) if each.stem.startswith(incomplete)]
    return [(each.stem, _run_note(_read(each))) for each in found[:_RUNS]]


BY_METAVAR: dict[str, Candidates] = {
    "PLAN": plans,
    "DOMAIN": domains,
    "SOURCE": domains,
    "TARGET": domains,
    "GATE": gates,
    "INDEX": indices,
}
"""Arguments and options, by what the help calls them."""
BY_OPTION: dict[tuple[str, str], Candidates] = {
    ("--run", "ID"): runs,
    ("--only", "NAME"): checks,
    ("--only", "PATTERN"): indices,
    ("--allow-delete", "NAME"): deletable,
}
"""Options, with what the help calls their values."""


def _plans_and_folders(incomplete: str) -> Iterator[str]:
    parent, name = incomplete.rpartition("/")[::2]
    above = parent + "/" if "/" in incomplete else ""
    folder = Path(above or ".").expanduser()
    for each in plans_in(folder, name):
        yield above + each
    with suppress(OSError):
        for each in sorted(folder.iterdir()):
            if each.name.startswith(name) and not each.name.startswith(".") and each.is_dir():
                yield f"{above}{each.name}/"


def _plan_of(context: typer.Context) -> Path | None:
    """The plan on the command line: it, or one of its sides."""
    given = context.params
    named = given.get("call_file") or given.get("plan") or given.get("domain_given")
    file, colon, side = str(named or "").rpartition(":")
    path = Path(file if colon and side in _SIDES else str(named or "")).expanduser()
    with suppress(OSError):
        return path if path.is_file() and path.stat().st_size <= _LONGEST_PLAN else None
    return None


def _section(plan: Path | None, key: str) -> dict[str, Any]:
    """A section of the plan, or of the plan in a saved one; empty if it is not there."""
    from configs.loading.loader import value_in

    if plan is None:
        return {}
    found = value_in(plan, key) or _at(value_in(plan, "plan"), key)
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _journals(context: typer.Context) -> list[Path]:
    """The journals of the plan's runs, newest first; none if they are not on this machine."""
    from configs.loading.loader import name_in, state_of
    from configs.state import is_shared
    from domains.errors import SnapferryError
    from runs.place import local_folder
    from runs.state import named_address

    plan = _plan_of(context)
    name = name_in(plan) if plan else None
    named = context.params.get("call_state") or context.params.get("state")
    is_elsewhere = is_shared(named) if named else bool(plan and state_of(plan)) or bool(named_address())
    if name is None or is_elsewhere:
        return []
    with suppress(OSError, SnapferryError):
        return sorted((local_folder(named) / "plans" / name).glob("*.json"), reverse=True)
    return []


def _read(journal: Path) -> Any:
    with suppress(OSError, ValueError):
        if journal.stat().st_size <= _LONGEST_JOURNAL:
            return json.loads(journal.read_text(encoding="utf-8"))
    return None


def _run_note(document: Any) -> str:
    return " ".join(str(_at(document, key)) for key in ("verb", "status") if _at(document, key))


def _list(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []


def _texts(value: Any) -> list[str]:
    return [each for each in _list(value) if isinstance(each, str)]


def _at(document: Any, *keys: str) -> Any:
    """The value at the end of these keys; None if it is not there."""
    for key in keys:
        document = cast("dict[str, Any]", document).get(key) if isinstance(document, dict) else None
    return document
