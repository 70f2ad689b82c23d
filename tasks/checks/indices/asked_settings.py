"""Check of the index settings in the plan: a restore swallows what the engine does not know."""

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches

from configs.restore import full_key, setting_text
from domains.domain import Side
from domains.engine.catalog import Index
from domains.engine.every_index import every_setting
from domains.engine.index_metadata import known_settings
from domains.errors import Refused
from tasks.checks.check import Finding, check, failing, ok, shown, skip, unknown, warn
from tasks.checks.facts import indices
from tasks.selection.select import matches
from tasks.survey import Survey

_OPEN_ENDED = (
    "index.analysis.",
    "index.similarity.",
    "index.routing.allocation.exclude.",
    "index.routing.allocation.include.",
    "index.routing.allocation.initial_recovery.",
    "index.routing.allocation.require.",
)
"""Settings with names of the user's own: an engine lists none of them."""
_TRIED = 3
_BOOLEAN = re.compile(r"true|false")
_TIME = re.compile(r"-1|0|\d+(?:nanos|micros|ms|s|m|h|d)")
_SHAPES = ((_BOOLEAN, "true or false"), (_TIME, "a time with its unit, such as 30s"))


@check("indices.asked-settings", "the plan's index settings are settings", source="docs/plan.md")
def asked_settings(survey: Survey) -> Finding:
    """A restore accepts every name and value; the engine sets what it does not know aside, or drops it."""
    restore = survey.plan.restore
    wanted = {full_key(key): setting_text(value) for key, value in restore.index_settings.items()}
    if not wanted and not restore.ignore_index_settings:
        return skip("the plan neither sets nor leaves out any")
    held = _of_moving(survey)
    known = _known(survey, "target")
    problems = [] if known is None else list(_problems(wanted, known, held))
    if problems:
        return failing(problems, "", "correct them under restore.index_settings")
    idle = list(_idle(map(full_key, restore.ignore_index_settings), held))
    if idle:
        said = (
            idle[0]
            if len(idle) == 1
            else f"{len(idle)} entries of restore.ignore_index_settings leave out nothing"
        )
        return warn(said, "correct them, or remove them from restore.ignore_index_settings", idle)
    if known is None and wanted:
        return _by_the_source(survey, wanted, held)
    return ok(f"{shown(wanted)}: the target knows them" if wanted else "each leaves something out")


def _of_moving(survey: Survey) -> frozenset[str]:
    """The settings that moving indices have on the source."""
    found = survey.once("settings", lambda: every_setting(survey.domain("source"), "*.settings"))
    names = (index.name for index in indices.moving_indices(survey))
    return frozenset(key for name in names for key in found.get(name, {}).get("settings", {}))


def _known(survey: Survey, side: Side) -> Mapping[str, str] | None:
    """The settings that a side's engine knows, each with a value; None if it has no index to ask."""
    return survey.once(("known settings", side), lambda: _ask(survey, side))


def _ask(survey: Survey, side: Side) -> Mapping[str, str] | None:
    for index in sorted(survey.catalog(side).indices.values(), key=_rank)[:_TRIED]:
        try:
            return known_settings(survey.domain(side), index.name) or None
        except Refused:
            continue  # a system index, or one that a block keeps from being read
    return None


def _rank(index: Index) -> tuple[bool, bool, str]:
    """Ordinary open indices first."""
    return index.name.startswith("."), not index.open, index.name


def _problems(wanted: Mapping[str, str], known: Mapping[str, str], held: Iterable[str]) -> Iterator[str]:
    for key, value in wanted.items():
        if key.startswith(_OPEN_ENDED):
            continue
        if key not in known:
            yield f"{key}: the target knows no such setting{_meant(key, (*known, *held))}"
        else:
            yield from _shape(key, value, known[key])


def _meant(key: str, names: Iterable[str]) -> str:
    close = get_close_matches(key, set(names), n=1, cutoff=0.75)
    return f"; did you mean {close[0]}?" if close else ""


def _shape(key: str, value: str, usual: str) -> Iterator[str]:
    """Report a value that is neither true nor false, or no time, where the target's own is one."""
    for pattern, words in _SHAPES:
        if pattern.fullmatch(usual) and not pattern.fullmatch(value.lower()):
            yield f"{key} is {value}; write {words} (the target's default is {usual})"
            return


def _idle(patterns: Iterable[str], held: frozenset[str]) -> Iterator[str]:
    for pattern in patterns:
        if not any(matches(key, [pattern]) for key in held):
            none = "no index that moves has such a setting"
            yield f"restore.ignore_index_settings: {pattern}: {none}{_meant(pattern, held)}"


def _by_the_source(survey: Survey, wanted: Mapping[str, str], held: frozenset[str]) -> Finding:
    """Judge by the source's engine, where the target has no index yet: a newer one may know more."""
    known = _known(survey, "source")
    if known is None:
        return unknown(
            "neither domain lists the index settings that it knows", "look for them after a rehearsal"
        )
    doubtful = list(_problems(wanted, known, held))
    if doubtful:
        said = doubtful[0].replace("the target", "the source", 1)
        return unknown(
            f"the target has no index to ask; by the source: {said}", "correct restore.index_settings"
        )
    return ok(f"{shown(wanted)}: the source knows them; the target has no index to ask")
