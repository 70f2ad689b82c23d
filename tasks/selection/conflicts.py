"""Conflicts with names on the target, decided by the plan's policy before anything is changed.

Indices, aliases and data streams share one namespace, so each kind can conflict with every other.
Pure: works on catalogs that were read before.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from configs.plan import ConflictSettings
from domains.engine.catalog import Catalog
from tasks.records.resolution import AliasSwitch, Merge, SelectedIndex, Unit
from tasks.selection.after_renaming import decide_after_renaming

_LONGEST_NAME = 255  # bytes
_GENERATION = r"-(?:\d{4}\.\d{2}\.\d{2}-)?\d{6,}"  # how names of backing indices end


@dataclass(frozen=True)
class Decision:
    """The units with their actions, and the problems that make the migration impossible as planned."""

    units: tuple[Unit, ...]
    problems: tuple[str, ...]
    switches: tuple[AliasSwitch, ...] = ()
    merges: tuple[Merge, ...] = ()


@dataclass(frozen=True)
class Taken:
    """A name of a unit that is taken on the target.

    Args:
        words: what has the name, so that a sentence may begin with “the target already has”.
        blocker: the name to delete, or an alias.
    """

    name: str
    words: str
    blocker: str
    deletable: bool


def decide(
    units: Iterable[Unit],
    target: Catalog,
    settings: ConflictSettings,
    *,
    aliases: bool,
    allowed: frozenset[str],
) -> Decision:
    """Decide the action for each unit by the plan's policy.

    Args:
        aliases: whether aliases are restored, so that their names count too.
        allowed: names that the user has consented to delete.
    """
    decided: list[Unit] = []
    problems: list[str] = []
    everything = tuple(units)
    names = _Names(frozenset(settings.delete), own_names(everything))  # empty under other policies
    for unit in everything:
        taken = tuple(_taken(unit, target, aliases, names))
        if not taken:
            decided.append(unit)
            continue
        outcome = _by_policy(unit, taken, target, settings, allowed)
        decided += [outcome] if isinstance(outcome, Unit) else []
        problems += outcome if isinstance(outcome, list) else []
    later = decide_after_renaming(decided, target, settings, aliases=aliases, allowed=allowed)
    problems += [*clashes(decided, aliases), *later.problems]
    return Decision(tuple(decided), tuple(problems), tuple(later.switches), tuple(later.merges))


@dataclass(frozen=True)
class _Names:
    """Names of indices on the target.

    Args:
        own: indices that an alias may cover: they belong to this migration, or will be deleted for it.
        given: names that this migration assigns, so another unit deals with the index that has them now.
    """

    own: frozenset[str]
    given: frozenset[str]


def own_names(units: Iterable[Unit]) -> frozenset[str]:
    """Names that these units' indices get on the target."""
    return frozenset(index.target for unit in units for index in unit.indices)


def taken_now(unit: Unit, target: Catalog, own: frozenset[str], *, aliases: bool) -> tuple[Taken, ...]:
    """Find names of this unit that are taken on the target according to this catalog.

    Args:
        own: names of indices that this migration assigns, or has decided to delete.
    """
    return tuple(_taken(unit, target, aliases and unit.action != "rename", _Names(own, own)))


def _taken(unit: Unit, target: Catalog, aliases: bool, names: _Names) -> Iterator[Taken]:
    wanted = [unit.target, *(index.target for index in unit.indices)] if unit.is_stream else [unit.target]
    covered = target.aliases
    for name in wanted:
        if name in target.indices:
            stream = target.indices[name].stream
            state = "" if target.indices[name].open else " (closed)"
            words = f"index {name}{state}" + (f" of data stream {stream}" if stream else "")
            yield Taken(name, words, stream or name, True)
        elif name in target.streams:
            yield Taken(name, f"data stream {name}", name, True)
        elif name in covered:
            yield Taken(name, f"alias {name} of {', '.join(covered[name])}", name, False)
    if aliases:
        yield from _taken_by_aliases(unit, target, names)


def _taken_by_aliases(unit: Unit, target: Catalog, names: _Names) -> Iterator[Taken]:
    """Aliases that a restore would change, so that clients of the target would reach other indices."""
    for index in unit.indices:
        for alias in index.aliases:
            kind = "index" if alias in target.indices else "data stream" if alias in target.streams else ""
            if kind:
                yield Taken(alias, f"{kind} {alias}, which is also the name of its alias", alias, True)
            for other in target.aliases.get(alias, ()):
                words = f"its alias {alias}, on {other}"
                if other not in names.own:
                    yield Taken(alias, words, alias, False)
                elif other not in names.given:
                    yield Taken(alias, words, other, True)


def _by_policy(
    unit: Unit, taken: tuple[Taken, ...], target: Catalog, settings: ConflictSettings, allowed: frozenset[str]
) -> Unit | list[str]:
    words = "; ".join(dict.fromkeys(item.words for item in taken))
    if settings.policy == "skip":
        return unit.model_copy(update={"action": "skip", "conflict": words})
    if settings.policy == "rename":
        return renamed(unit, target, settings, words)
    if settings.policy == "delete":
        return _replaced(unit, taken, target, settings, allowed, words)
    return [f"{unit.name}: the target already has {words}"]


def renamed(unit: Unit, target: Catalog, settings: ConflictSettings, words: str) -> Unit | list[str]:
    """Rename the unit by prefix or suffix, or say why it cannot have that name.

    Args:
        words: the conflict on the target; empty without one.
    """
    name = f"{settings.prefix}{unit.name}{settings.suffix}"
    indices = tuple(
        index.model_copy(update={"target": _renamed_index(unit, index, name)}) for index in unit.indices
    )
    for longest in (name, *(index.target for index in indices)):
        if len(longest.encode()) > _LONGEST_NAME:
            return [f"{unit.name}: its new name {longest} is longer than {_LONGEST_NAME} bytes"]
    changed = unit.model_copy(
        update={"action": "rename", "target": name, "indices": indices, "conflict": words}
    )
    again = [item.words for item in taken_now(changed, target, frozenset(), aliases=False)]
    if again:
        return [f"{unit.name}: its new name {name} is taken as well: {'; '.join(again)}"]
    return changed


def _renamed_index(unit: Unit, index: SelectedIndex, name: str) -> str:
    if not unit.is_stream:
        return name
    generation = index.name.removeprefix(f".ds-{unit.name}")
    if not re.fullmatch(_GENERATION, generation):
        return index.name  # added to the stream under a name of its own: the rule does not fit it
    return f".ds-{name}{generation}"


def _replaced(
    unit: Unit,
    taken: tuple[Taken, ...],
    target: Catalog,
    settings: ConflictSettings,
    allowed: frozenset[str],
    words: str,
) -> Unit | list[str]:
    problems: list[str] = []
    for item in taken:
        if not item.deletable:
            problems.append(
                f"{unit.name}: the target has {item.words}; aliases are never deleted: remove or rename it"
            )
        elif item.blocker not in settings.delete:
            problems.append(
                f"{unit.name}: the target has {item.words}; name {item.blocker} under conflicts.delete"
            )
        elif item.blocker not in allowed:
            problems.append(
                f"{unit.name}: deleting {item.blocker} on the target needs --allow-delete {item.blocker}"
            )
    if problems:
        return list(dict.fromkeys(problems))
    takes = {item.blocker: uuids(item.blocker, target) for item in taken}
    return unit.model_copy(update={"action": "replace", "takes": takes, "conflict": words})


def clashes(units: Sequence[Unit], aliases: bool) -> Iterator[str]:
    """Report names that several of these units would have on the target."""
    moving = [unit for unit in units if unit.action != "skip"]
    names = Counter(unit.target for unit in moving)
    for name, times in names.items():
        if times > 1:
            sources = ", ".join(unit.name for unit in moving if unit.target == name)
            yield f"{sources}: would all be called {name} on the target; choose another prefix or suffix"
    if not aliases:
        return
    for unit in moving:
        for index in unit.indices if unit.action != "rename" else ():
            for alias in index.aliases:
                if alias in names:
                    words = f"its alias {alias} is the new name of another index"
                    yield f"{unit.name}: {words}; choose another prefix or suffix"


def uuids(name: str, target: Catalog) -> str:
    """UUIDs of its indices: they distinguish this index or data stream from a later one of the same name."""
    names = target.streams[name].backing if name in target.streams else (name,)
    return ",".join(target.indices[index].uuid for index in names if index in target.indices)


def rename_rule(units: Sequence[Unit], settings: ConflictSettings) -> tuple[str, str]:
    """Build `rename_pattern` and `rename_replacement` (Java's) for one data stream, or for many indices.

    The engine replaces anywhere in a name, so the pattern is anchored. For a data stream it is matched
    against the stream and, without their `.ds-`, the backing indices.
    """
    if units[0].is_stream:
        return f"^\\Q{units[0].name}\\E({_GENERATION})?$", f"{_literal(units[0].target)}$1"
    return "^(.+)$", f"{_literal(settings.prefix)}$1{_literal(settings.suffix)}"


def _literal(replacement: str) -> str:
    return replacement.replace("\\", "\\\\").replace("$", "\\$")
