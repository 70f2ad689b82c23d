"""What becomes of renamed units once they are verified: aliases of their old names, or a merge. Pure.

Decided, like the conflicts themselves, before anything is changed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from configs.plan import ConflictSettings
from domains.engine.catalog import Catalog
from tasks.records.resolution import AliasSwitch, Merge, Unit


@dataclass
class AfterRenaming:
    """Decisions about renamed units, and the problems that make the migration impossible as planned."""

    switches: list[AliasSwitch] = field(default_factory=list[AliasSwitch])
    merges: list[Merge] = field(default_factory=list[Merge])
    problems: list[str] = field(default_factory=list[str])


def decide_after_renaming(
    units: Iterable[Unit],
    target: Catalog,
    settings: ConflictSettings,
    *,
    aliases: bool,
    allowed: frozenset[str],
) -> AfterRenaming:
    """Decide about each renamed unit by `conflicts.then`.

    Args:
        aliases: whether the source's aliases come along.
        allowed: names that the user has consented to delete.
    """
    found = AfterRenaming()
    for unit in units:
        if unit.action != "rename" or settings.then == "none":
            continue
        if unit.is_stream:
            found.problems.append(
                f"{unit.name}: conflicts.then: {settings.then} works on indices, and this is a data stream; "
                "exclude it, and move it with a plan of its own"
            )
        elif settings.then == "alias":
            _switch(found, unit, target, settings, aliases=aliases, allowed=allowed)
        else:
            _merge(found, unit, target)
    return found


def _switch(
    found: AfterRenaming,
    unit: Unit,
    target: Catalog,
    settings: ConflictSettings,
    *,
    aliases: bool,
    allowed: frozenset[str],
) -> None:
    index = unit.indices[0]
    names = (unit.name, *(index.aliases if aliases else ()))
    problems = [problem for name in names for problem in _in_the_way(unit, name, target, settings, allowed)]
    if problems:
        found.problems += problems
        return
    found.switches.append(
        AliasSwitch(
            source=index.name,
            index=index.target,
            aliases=names,
            leaves={name: target.aliases[name] for name in names if name in target.aliases},
            deletes={name: target.indices[name].uuid for name in names if name in target.indices},
        )
    )


def _in_the_way(
    unit: Unit, name: str, target: Catalog, settings: ConflictSettings, allowed: frozenset[str]
) -> Iterator[str]:
    if name in target.streams:
        yield f"{unit.name}: {name} is a data stream on the target, so no alias can have that name"
    elif name in target.indices:
        stream = target.indices[name].stream
        if stream:
            yield f"{unit.name}: {name} belongs to data stream {stream} on the target"
        elif name not in settings.delete:
            yield (
                f"{unit.name}: for the alias {name}, the target's index {name} has to be deleted; name it "
                "under conflicts.delete"
            )
        elif name not in allowed:
            yield f"{unit.name}: deleting {name} on the target needs --allow-delete {name}"


def _merge(found: AfterRenaming, unit: Unit, target: Catalog) -> None:
    covered = target.aliases.get(unit.name, ())
    into = unit.name if unit.name in target.indices else covered[0] if len(covered) == 1 else ""
    index = target.indices.get(into)
    if not unit.indices[0].open:
        found.problems.append(f"{unit.name}: it is closed, and _reindex reads open indices only")
    elif index is None or index.stream:
        has = f"{unit.name} leads to {', '.join(covered)}" if covered else f"it has no index {unit.name}"
        what = f"{unit.name} is a data stream" if unit.name in target.streams else has
        found.problems.append(
            f"{unit.name}: there is no single index of that name on the target to merge it into ({what})"
        )
    elif not index.open:
        found.problems.append(f"{unit.name}: the target's index {into} is closed; open it to merge into it")
    else:
        found.merges.append(Merge(index=unit.indices[0].target, into=into, uuid=index.uuid))
