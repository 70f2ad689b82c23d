"""Check of the index settings in the plan: a restore swallows what the engine does not know."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches

from configs.restore import SHAPED, full_key, setting_text
from domains.domain import Side
from domains.engine.catalog import Index
from domains.engine.every_index import every_setting
from domains.engine.indices.index_metadata import known_settings
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
_OF_OTHER_KINDS = frozenset({*SHAPED, "index.shard.check_on_startup"})
"""Settings that take more than their value on the target tells; the plan's loader judges most of them."""
_BOOLEAN = re.compile(r"true|false")
_EITHER = re.compile(r"-1|0")  # a number, a time or a size
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_TIME = re.compile(r"-?\d+(?:\.\d+)?(?:nanos|micros|ms|s|m|h|d)")
_SIZE = re.compile(r"-?\d+(?:\.\d+)?(?:b|[kmgtp]b?)")
_KINDS = (
    (_BOOLEAN, "true or false"),
    (_EITHER, ""),
    (_NUMBER, "a number"),
    (_TIME, "a time with its unit, such as 30s"),
    (_SIZE, "a size with its unit, such as 512mb"),
)
"""Kinds of values, in words. The first that fits a setting's value on a domain is the setting's kind."""
_HINT = "correct them under restore.index_settings"


@dataclass(frozen=True)
class _Problem:
    """What is wrong about one setting; not `certain` where an engine may only lack a plugin."""

    words: str
    certain: bool


@check("indices.asked-settings", "the plan's index settings are settings", source="docs/plan.md")
def asked_settings(survey: Survey) -> Finding:
    """A restore accepts every name and value; the engine sets what it does not know aside, or drops it."""
    restore = survey.plan.restore
    wanted = {full_key(key): setting_text(value) for key, value in restore.index_settings.items()}
    if not wanted and not restore.ignore_index_settings:
        return skip("the plan neither sets nor leaves out any")
    held = _of_moving(survey)
    set_ = _set_values(survey, wanted, held)
    ignored = map(full_key, restore.ignore_index_settings if "source" in survey.sides else ())
    idle = list(_idle(ignored, held))
    if set_.status == "FAIL" or not idle:
        return set_
    left_out = idle[0] if len(idle) == 1 else f"{len(idle)} entries of restore.ignore_index_settings are idle"
    hint = "correct them, or remove them from restore.ignore_index_settings"
    if set_.status == "OK":
        return warn(left_out, hint, idle)
    return replace(set_, detail=f"{set_.detail}; {left_out}", hint=f"{set_.hint}; {hint}", items=tuple(idle))


def _set_values(survey: Survey, wanted: Mapping[str, str], held: frozenset[str]) -> Finding:
    """Judge restore.index_settings."""
    if not wanted:
        return ok("each leaves something out")
    known = _known(survey, "target")
    if known is None:
        return _by_the_source(survey, wanted, held)
    problems = (each.words for each in _problems(wanted, known, held, "target"))
    return failing(problems, f"{shown(wanted)}: the target knows them", _HINT)


def _of_moving(survey: Survey) -> frozenset[str]:
    """The settings that moving indices have on the source; of a snapshot none are known."""
    if "source" not in survey.sides:
        return frozenset()
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


def _problems(
    wanted: Mapping[str, str], known: Mapping[str, str], held: Iterable[str], side: Side
) -> Iterator[_Problem]:
    for key, value in wanted.items():
        if key.startswith(_OPEN_ENDED):
            continue
        if key not in known:
            meant = _meant(key, (*known, *held))
            yield _Problem(f"{key}: the {side} knows no such setting{meant}", bool(meant))
        elif key not in _OF_OTHER_KINDS:
            yield from _of_another_kind(key, value, known[key], side)


def _meant(key: str, names: Iterable[str]) -> str:
    close = get_close_matches(key, set(names), n=1, cutoff=0.75)
    return f"; did you mean {close[0]}?" if close else ""


def _of_another_kind(key: str, value: str, usual: str, side: Side) -> Iterator[_Problem]:
    """Report a value that is no number, time or size where the side's own value is one."""
    pattern, words = next((kind for kind in _KINDS if kind[0].fullmatch(usual.lower())), (_EITHER, ""))
    fits = pattern is _EITHER or pattern.fullmatch(value if pattern is _BOOLEAN else value.lower())
    if not fits and (pattern is _BOOLEAN or not _EITHER.fullmatch(value)):
        yield _Problem(f"{key} is {value}; write {words} (on the {side} it is {usual})", certain=True)


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
    doubtful = list(_problems(wanted, known, held, "source"))
    if not doubtful:
        return ok(f"{shown(wanted)}: the source knows them; the target has no index to ask")
    certain = [each.words for each in doubtful if each.certain]
    if certain and survey.identity("source").version == survey.identity("target").version:
        return failing(certain, "", _HINT)
    return unknown(f"the target has no index to ask; by the source: {doubtful[0].words}", _HINT)
