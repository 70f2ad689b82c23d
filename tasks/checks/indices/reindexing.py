"""Check of the indices that the target is to copy by `_reindex`."""

from collections.abc import Iterator

from configs.values.listing import counted
from domains.versions import version_of
from tasks.checks.check import Finding, check, failing, ok, shown, skip, warn
from tasks.checks.facts import domains
from tasks.checks.facts import indices as moving
from tasks.records.resolution import Unit
from tasks.selection.select import matches
from tasks.selection.strategy import reindex_problems
from tasks.survey import Survey

_GUIDE = "AWS guide: Migrating Amazon OpenSearch Service indexes using remote reindex"
_OLDEST = version_of("elasticsearch", "6.7.0")
_HINT = "restore them from a snapshot where that is possible, reindex them on the source, or exclude them"


@check("indices.reindex", "the target can copy what the plan reindexes", source=_GUIDE)
def reindexed(survey: Survey) -> Finding:
    """The target fetches each document from the source, by the source's endpoint or `reindex.remote.host`."""
    reindex = survey.plan.reindex
    if not reindex.is_wanted:
        return skip("the plan reindexes nothing")
    units = [unit for unit in moving.moving(survey) if unit.name in survey.reindexed]
    idle = [pattern for pattern in reindex.indices if not any(matches(u.name, [pattern]) for u in units)]
    problems = [*_versions(survey), *reindex_problems(units, _unreadable(survey, units))] if units else []
    if problems:
        return failing(problems, "", _HINT)
    if idle:
        said = f"reindex.indices: {shown(idle)} matches none of the indices that move"
        return warn(said, "remove it if it is a typo")
    if not units:
        return ok("the target can restore all of them, so none is reindexed")
    said = f"{counted(len(units), 'index is', 'indices are')} copied by the target itself"
    if domains.settings(survey, "source").connect_to and reindex.remote.host is None:
        host = survey.domain("source").endpoint
        hint = f"make sure that the target's nodes reach {host}, or set reindex.remote.host"
        return warn(f"{said}, which does not go through source.connect_to", hint)
    return ok(said)


def _versions(survey: Survey) -> Iterator[str]:
    source, target = survey.identity("source").version, survey.identity("target").version
    if target < _OLDEST:
        yield f"{target} cannot reindex from another domain: that takes {_OLDEST} or newer"
    elif source.generation > target.generation:
        yield f"{target} cannot reindex from {source}: the source must be of the same major version or older"


def _unreadable(survey: Survey, units: list[Unit]) -> dict[str, str]:
    indices = (index for unit in units for index in unit.indices)
    told = {index.name: moving.requirements(survey, index).unreadable for index in indices}
    return {name: why for name, why in told.items() if why}
