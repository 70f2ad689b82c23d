"""Checks of the moving indices: selection, versions, states, names."""

from collections.abc import Iterator

from configs.values.listing import counted
from domains.versions import Version
from tasks.checks.check import Finding, check, fail, failing, ok, shown, skip, unknown, warn
from tasks.checks.facts import domains
from tasks.checks.facts import indices as moving
from tasks.records.resolution import LeftOutReason
from tasks.selection import compatibility
from tasks.selection.system_indices import system_indices_of
from tasks.survey import Survey

_MOVING = "Tutorial: Migrating to Amazon OpenSearch Service"
_WARM = "AWS guide: UltraWarm storage, manual snapshots of warm indices"
_BOX_TYPE = "index.routing.allocation.require.box_type"
_NAMES_HINTS = {
    "fail": "remove them from the target, exclude them, or choose conflicts.policy: skip, rename or delete",
    "rename": "choose another conflicts.prefix or suffix, or exclude them",
    "skip": "choose another conflicts.policy, or exclude them",
    "delete": "do as each line says, exclude them, or choose another conflicts.policy",
}


@check("indices.selected", "the plan's patterns select what they name", source="docs/plan.md")
def selected(survey: Survey) -> Finding:
    """Fails on missing names, on aliases used as index names, and on an empty selection."""
    problems = tuple(_selection_problems(survey))
    if problems:
        return failing(problems, "", "correct indices.include and indices.exclude")
    selection = survey.selection
    loose = [pattern for pattern in selection.unmatched if "*" in pattern]
    if loose:
        return warn(
            f"indices.include: {shown(loose)} matches nothing {survey.where}", "remove it if it is a typo"
        )
    indices = sum(len(unit.indices) for unit in selection.units)
    return ok(
        f"{counted(indices, 'index moves', 'indices move')}, "
        f"{counted(len(selection.left_out), 'name is', 'names are')} left out"
    )


def _selection_problems(survey: Survey) -> Iterator[str]:
    selection, wanted = survey.selection, survey.plan.indices
    named = list(_named_problems(survey))
    if not selection.units and not named:
        yield f"no index {survey.where} matches indices.include and indices.exclude"
    yield from named
    for left in selection.left_out:
        if left.reason == LeftOutReason.CHANGING:
            yield f"{left.name}: {left.detail}; run again"
        elif left.name in wanted.include and left.reason == LeftOutReason.CLOSED:
            said = f"{left.name} is closed; set indices.closed: move, or remove it from the list"
            yield f"indices.include: {said}"
        elif left.name in wanted.include and (owner := system_indices_of(left.name)):
            said = f"{left.name} belongs to {owner.product} and never moves"
            yield f"indices.include: {said}; remove it from the list, and {owner.instead}"


def _named_problems(survey: Survey) -> Iterator[str]:
    aliases = survey.catalog("source").aliases
    for pattern in survey.selection.unmatched:
        if pattern in aliases:
            yield f"indices.include: {pattern} is an alias; name its indices: {', '.join(aliases[pattern])}"
        elif "*" not in pattern:
            yield f"indices.include: {survey.holder} has no index or data stream {pattern}"


@check("indices.created", "the target can hold indices of the versions that created them", source=_MOVING)
def created(survey: Survey) -> Finding:
    """An index keeps the version that created it, even after its domain was upgraded."""
    target = survey.identity("target").version
    source = survey.version("source")
    if source and compatibility.engine_problem(source, target):
        return skip("see domains.version")
    if "source" not in survey.sides:
        return _created_before(source, target)
    hint = (
        "set reindex.too_old: true to have the target copy them, reindex them on the source, or exclude them"
    )
    return failing(
        compatibility.index_problems(created_on(survey), target), f"{target} reads all of them", hint
    )


def _created_before(took: Version | None, target: Version) -> Finding:
    """Judge by the engine that took the snapshot: it holds no index older than those that it reads."""
    if took and compatibility.oldest_readable(took) >= compatibility.oldest_readable(target):
        return ok(f"{target} reads whatever {took} can hold")
    said = "a snapshot's record does not tell which versions created its indices"
    return unknown(f"{said}: the target refuses, one by one, those that it cannot hold")


def created_on(survey: Survey) -> list[tuple[str, int | None]]:
    """Return the indices to restore with their `index.version.created`."""
    found = survey.catalog("source").indices
    restored = (unit for unit in survey.selection.units if unit.name not in survey.reindexed)
    chosen = (index.name for unit in restored for index in unit.indices)
    return [(name, found[name].created_id) for name in chosen]


@check(
    "indices.closed", "what happens to closed indices", source="AWS guide: Troubleshooting, closing indices"
)
def closed(survey: Survey) -> Finding:
    """They stay, or they move and are closed again on the target, which must support that."""
    if "source" not in survey.sides:
        return unknown("a snapshot's record does not tell which indices were closed: all are restored open")
    if survey.plan.indices.closed == "skip":
        left = [each.name for each in survey.selection.left_out if each.reason == LeftOutReason.CLOSED]
        if left:
            hint = "set indices.closed: move to move them too, or exclude them"
            return warn(f"closed, so left out (indices.closed: skip): {shown(left)}", hint, left)
        return ok("none is left out for being closed")
    names = [index.name for index in moving.moving_indices(survey) if not index.open]
    if not names:
        return ok("no closed index moves")
    why = _cannot_close(survey)
    if why:
        return fail(
            f"{shown(names)}: closed on the source, and {why}",
            "open them on the source, set indices.closed: skip, or let the target close indices",
            names,
        )
    return ok(f"closed again after the move: {shown(names)}", names)


def _cannot_close(survey: Survey) -> str:
    version = survey.identity("target").version
    old = version.engine == "elasticsearch" and (version.generation, version.minor) < (7, 4)
    if old and moving.managed(survey, "target"):
        return f"domains of {version} cannot close indices"
    if moving.target_settings(survey).get("cluster.indices.close.enable") == "false":
        return "the target's cluster.indices.close.enable is false"
    return ""


@check("indices.warm", "one snapshot can hold them: no warm index among hot ones", source=_WARM)
def warm(survey: Survey) -> Finding:
    """A snapshot holds hot indices or a single warm one. Cold indices are not attached, so not visible."""
    if survey.plan.existing_snapshot is not None:
        return skip("the migration takes no snapshot")
    if not moving.managed(survey, "source"):
        return skip("the source is not a domain of the service")
    indices = moving.moving_indices(survey)
    named = [each.name for each in indices if moving.requirements(survey, each).setting(_BOX_TYPE) == "warm"]
    hint = "move them back to hot (POST _ultrawarm/migration/NAME/_hot) and wait for it, or exclude them"
    if named and len(named) < len(indices):
        hot = [each.name for each in indices if each.name not in named]
        said = f"{shown(named)}: warm, and {shown(hot)} hot: one snapshot of both fails"
        return fail(said, hint, named)
    if len(named) > 1:
        return fail(f"{shown(named)}: warm, and a snapshot holds one warm index at most", hint, named)
    return _cold(survey, f"{named[0]} is warm, and moves alone: it will be hot" if named else "all are hot")


def _cold(survey: Survey, otherwise: str) -> Finding:
    status = domains.status(survey, "source")
    if status is None:
        return unknown(
            f"{otherwise}, but the control plane does not show the source or its cold storage",
            "check in the console whether it has cold indices",
        )
    if status.cold:
        return warn(
            "the source has cold storage: cold indices are not attached, so they are not seen and stay",
            "GET _cold/indices/_search lists them; move those you want to warm, then to hot storage first",
        )
    return ok(otherwise)


@check(
    "indices.remote-store", "how their shards are stored", source="AWS guide: OpenSearch optimized instances"
)
def remote_store(survey: Survey) -> Finding:
    """Remote-backed indices (OR1 and the like) take on the target's storage type when restored."""
    names = [
        index.name
        for index in moving.moving_indices(survey)
        if moving.requirements(survey, index).setting("index.remote_store.enabled") == "true"
    ]
    if not names:
        return ok("none is remote-backed")
    return warn(
        f"{shown(names)}: remote-backed on the source (OR1 and the like); the copy is stored as the target "
        "stores its indices, and every round of a restore fetches all of it",
        "rehearse the migration with some of them first",
        names,
    )


@check(
    "indices.unicode",
    "a snapshot can hold the texts of their mappings and aliases",
    source="seen on Elasticsearch 7.10.2, OpenSearch 2.19.4 and 3.6.0",
)
def unicode(survey: Survey) -> Finding:
    """With half a surrogate pair in one of them, the source drops every snapshot, without a word."""
    if survey.plan.existing_snapshot is not None:
        return skip("the migration takes no snapshot")
    broken = {
        index.name: found
        for index in moving.moving_indices(survey)
        if (found := moving.requirements(survey, index).lone_surrogates)
    }
    lines = [f"{name}: {shown(texts)}" for name, texts in broken.items()]
    hint = (
        "copy their documents to new indices under other field names or values (_reindex with a script), and "
        "exclude these"
    )
    if lines:
        said = "half a surrogate pair in a field name, another text of the mapping, or an alias's filter"
        return fail(f"{shown(broken)}: {said}; a snapshot with them vanishes", hint, lines)
    return ok("no half of a surrogate pair in them")


@check("indices.names", "names are free on the target, or the plan says what happens", source="docs/plan.md")
def names(survey: Survey) -> Finding:
    """Indices, aliases and data streams share one namespace."""
    problems = survey.decision.problems
    policy = survey.plan.conflicts.policy
    taken = sum(bool(unit.conflict) for unit in survey.decision.units)
    otherwise = f"{taken} are taken: {policy}" if taken else "all are free"
    return failing(problems, otherwise, _NAMES_HINTS[policy] if problems else "")
