"""Check of write aliases: after the restore, each must still lead to one index."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from domains.engine.catalog import Alias, Catalog
from tasks.checks.check import Finding, check, failing, ok, skip, unknown, warn
from tasks.checks.facts import indices
from tasks.records.resolution import Unit
from tasks.survey import Survey

Flags = Mapping[str, bool | None]  # index → its `is_write_index` in an alias


@check("indices.aliases", "aliases still lead writers to one index", source="OpenSearch: index aliases")
def write_aliases(survey: Survey) -> Finding:
    """Several write indices: the engine refuses the restore. None, or another: writes fail or go astray."""
    if not survey.plan.restore.aliases:
        return skip("aliases are not restored")
    if survey.decision.problems:
        return skip("see indices.names")
    if "source" not in survey.sides:
        return unknown(
            "a snapshot's record does not tell the aliases of its indices: the restore brings them along",
            "set restore.aliases: false, if they could join aliases of the target",
        )
    source, target = survey.catalog("source"), survey.catalog("target")
    hint = "raise restore.batch, so that the old index goes in the same request; or exclude one of them"
    several = list(several_writers(indices.requests(survey), source, target))
    if several:
        return failing(several, "", hint)
    lost = list(lost_writers(indices.moving(survey), source, target))
    if lost:
        said = lost[0] if len(lost) == 1 else f"{len(lost)} aliases lose the index that they write to"
        hint = "move it too, or choose one on the target afterwards (POST _aliases, is_write_index: true)"
        return warn(said, hint, lost)
    return ok("each leads to one index, as on the source")


def several_writers(requests: Iterable[Sequence[Unit]], source: Catalog, target: Catalog) -> Iterator[str]:
    """Yield aliases that would have two write indices during a restore request."""
    flags = {alias: dict(_flags(target, names, alias)) for alias, names in target.aliases.items()}
    for batch in requests:
        for gone in (name for unit in batch for name in unit.takes):
            for members in flags.values():
                for name in _own(target, gone):
                    members.pop(name, None)
        touched: dict[str, None] = {}
        for alias, there in _arriving(batch, source):
            flags.setdefault(alias.name, {})[there] = alias.write_index
            touched[alias.name] = None
        for alias in touched:
            writers = sorted(name for name, writes in flags[alias].items() if writes)
            if len(writers) > 1:
                yield f"alias {alias} would have several write indices on the target: {', '.join(writers)}"
                flags[alias] = {}


def lost_writers(units: Sequence[Unit], source: Catalog, target: Catalog) -> Iterator[str]:
    """Yield aliases that take writes on the source, but on the target lead nowhere or to another index."""
    gone = {name for unit in units for taken in unit.takes for name in _own(target, taken)}
    arrived: dict[str, dict[str, bool | None]] = {}
    for alias, there in _arriving(units, source):
        arrived.setdefault(alias.name, {})[there] = alias.write_index
    for alias, members in sorted(arrived.items()):
        stays = (name for name in target.aliases.get(alias, ()) if name not in gone and name not in members)
        before = dict(_flags(source, source.aliases[alias], alias))
        after = {**dict(_flags(target, stays, alias)), **members}
        if writer(before) and writer(after) != writer(before):
            then = f"writes go to {writer(after)}" if writer(after) else "it cannot be written through"
            yield f"alias {alias}: its write index {writer(before)} does not move with it, so {then}"


def writer(members: Flags) -> str:
    """Return the index that an alias's writes go to; empty if there is none."""
    named = [name for name, writes in members.items() if writes]
    if named:
        return named[0]
    alone = next(iter(members.items())) if len(members) == 1 else ("", False)
    return "" if alone[1] is False else alone[0]


def _arriving(units: Iterable[Unit], source: Catalog) -> Iterator[tuple[Alias, str]]:
    """Yield every alias that moves, with the future name of its index."""
    for unit in units:
        if unit.action != "rename":  # renamed indices move without aliases
            for index in unit.indices:
                for alias in source.indices[index.name].aliases:
                    yield alias, index.target


def _flags(catalog: Catalog, names: Iterable[str], alias: str) -> Iterator[tuple[str, bool | None]]:
    for name in names:
        for entry in catalog.indices[name].aliases:
            if entry.name == alias:
                yield name, entry.write_index


def _own(catalog: Catalog, name: str) -> tuple[str, ...]:
    stream = catalog.streams.get(name)
    return stream.backing if stream else (name,)
