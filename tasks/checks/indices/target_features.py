"""Checks of target features that moving indices need: templates, packages, plugins, pipelines, policies."""

import re
from collections.abc import Iterator, Mapping

from domains.engine.catalog import Catalog
from domains.engine.templates import Template
from domains.errors import DomainError
from tasks.checks.check import Finding, check, fail, failing, ok, shown, skip, unknown, warn
from tasks.checks.facts import indices
from tasks.checks.rules.plugin_versions import lacking
from tasks.records.resolution import SelectedIndex, Unit
from tasks.selection.select import matches
from tasks.survey import Survey

_PACKAGE = re.compile(r"(?:.*/)?analyzers/(F\d+)")
_FAILED = "ASSOCIATION_FAILED"
_PIPELINES = {
    "index.default_pipeline": "ingest",
    "index.final_pipeline": "ingest",
    "index.search.default_pipeline": "search",
}
_POLICIES = (
    "index.plugins.index_state_management.policy_id",
    "index.opendistro.index_state_management.policy_id",
)


@check("indices.streams", "data streams can continue on the target", source="AWS guide: Data streams")
def streams(survey: Survey) -> Finding:
    """Each needs an index template with `data_stream`, and free names for its future indices."""
    units = [unit for unit in indices.moving(survey) if unit.is_stream]
    if not units:
        return skip("no data stream moves")
    target = survey.catalog("target")
    collisions = [line for unit in units for line in _collisions(unit, target)]
    if collisions:
        hint = "remove or rename these on the target, or exclude the data streams"
        return failing(collisions, "", hint)
    templates = indices.target_definitions(survey).templates
    lines = [line for unit in units for line in _template_problems(unit.target, templates)]
    if lines:
        said = lines[0] if len(lines) == 1 else f"{len(lines)} data streams"
        return warn(
            said, "create the source's index templates on the target before anything is written", lines
        )
    return ok(f"{len(units)} data streams, each with its template")


def _collisions(unit: Unit, target: Catalog) -> Iterator[str]:
    """Yield names that collide: the engine refuses a data stream if one of its future names is taken."""
    start = f".ds-{unit.target}-"
    last = max((_number(index.target, start) for index in unit.indices), default=-1)
    if last < 0:
        return
    own = {index.target for index in unit.indices}
    others = {name for name, index in target.indices.items() if index.stream is None} | target.aliases.keys()
    for name in sorted(others - own - unit.takes.keys()):
        if _number(name, start) > last:
            yield f"data stream {unit.target}: the target has {name}, which would be one of its later indices"


def _number(name: str, start: str) -> int:
    rest = name.removeprefix(start)
    return int(rest) if rest != name and re.fullmatch(r"[0-9]+", rest) else -1


def _template_problems(name: str, templates: Mapping[str, Template]) -> Iterator[str]:
    fitting = [each for each, template in templates.items() if matches(name, template.patterns)]
    chosen = max(fitting, key=lambda each: templates[each].rank, default=None)
    if chosen is None:
        yield f"data stream {name}: no index template of the target matches it, so it cannot get a next index"
    elif not templates[chosen].streams:
        yield f"data stream {name}: the target's index template {chosen} matches it, but has no data_stream"


@check("indices.packages", "dictionaries and synonyms are on the target", source="AWS guide: Custom packages")
def packages(survey: Survey) -> Finding:
    """Analyzers read them from files; on the service, these are packages with an id."""
    needed: dict[str, list[str]] = {}
    for index in indices.moving_indices(survey):
        for value in sorted(_files(survey, index)):
            needed.setdefault(value, []).append(index.name)
    if not needed:
        return ok("no analyzer needs a package or a file")
    lines = [f"{value}: {shown(names, 3)}" for value, names in sorted(needed.items())]
    if not indices.managed(survey, "target"):
        hint = "put them under config/ on every node of the target"
        return unknown(f"whether the target has {shown(needed)}, which analyzers read", hint)
    ids = {value: found[1] for value in needed if (found := _PACKAGE.fullmatch(value))}
    there = indices.target_packages(survey) if ids else dict[str, str]()
    if there is None:
        return unknown("the control plane does not show the target or its packages: " + "; ".join(lines))
    missing = [value for value, package in ids.items() if there.get(package, _FAILED) == _FAILED]
    hint = (
        "associate them with the target (es:AssociatePackage), or name the target's own in the same settings "
        "under restore.index_settings"
    )
    if missing:
        said = f"the target lacks the package of {shown(missing)}: the indices would stay red"
        return fail(said, hint, [f"{value}: {shown(needed[value], 3)}" for value in sorted(missing)])
    moving_on = {ids[value]: there[ids[value]] for value in sorted(ids) if there[ids[value]] != "ACTIVE"}
    if moving_on:
        said = ", ".join(f"{package} is {status}" for package, status in moving_on.items())
        return unknown(f"whether the target will have the packages: {said}", "wait until they are ACTIVE")
    files = sorted(needed.keys() - ids.keys())
    if files:
        return warn(f"analyzers read {shown(files)}, and the service has packages only", hint, lines)
    return ok(f"the target has {shown(sorted(ids.values()))}", lines)


def _files(survey: Survey, index: SelectedIndex) -> set[str]:
    return {
        value
        for key, values in indices.restored_settings(survey, index).items()
        for value in values
        if key.startswith("index.analysis.") and (key.endswith("_path") or _PACKAGE.fullmatch(value))
    }


@check(
    "indices.plugins",
    "the target has the plugins that they need",
    source="AWS guide: Plugins by engine version",
)
def plugins(survey: Survey) -> Finding:
    """Field types, analyzers and codecs that the target lacks leave an index red."""
    have, version = indices.target_plugins(survey), survey.identity("target").version
    needed: dict[str, list[str]] = {}
    for index in indices.moving_indices(survey):
        settings = indices.restored_settings(survey, index)
        for words in lacking(indices.requirements(survey, index), settings, have, version):
            needed.setdefault(words, []).append(index.name)
    lines = (f"{shown(names, 3)}: {words}, which the target lacks" for words, names in needed.items())
    hint = "choose a target that has it, reindex them without it on the source, or exclude them"
    return failing(lines, "no field type, analyzer or codec needs one that is missing", hint)


@check(
    "indices.pipelines", "the target has the pipelines that they name", source="OpenSearch: index settings"
)
def pipelines(survey: Survey) -> Finding:
    """A pipeline is not part of a snapshot; without it, writes (or searches) fail after the migration."""
    named: dict[tuple[str, str], list[str]] = {}
    for index in indices.moving_indices(survey):
        settings = indices.restored_settings(survey, index)
        for key, kind in _PIPELINES.items():
            for name in settings.get(key, ()):
                if name != "_none":
                    named.setdefault((kind, name), []).append(index.name)
    if not named:
        return ok("none names a pipeline")
    have = indices.target_definitions(survey)
    there = {("ingest", name) for name in have.ingest} | {("search", name) for name in have.search}
    lines = [
        f"{kind} pipeline {name}: {shown(names, 3)}"
        for (kind, name), names in sorted(named.items())
        if (kind, name) not in there
    ]
    if lines:
        return warn(
            f"the target lacks {lines[0]}" if len(lines) == 1 else f"the target lacks {len(lines)} pipelines",
            "create them on the target, or drop their setting with restore.ignore_index_settings; without "
            "them writes (or searches) fail",
            lines,
        )
    return ok(f"the target has {shown(name for _, name in sorted(named))}")


@check(
    "indices.policies",
    "no policy is lost or carried over by accident",
    source="AWS guide: Index State Management",
)
def policies(survey: Survey) -> Finding:
    """Policies do not move, but an index's policy id does and may act on the target."""
    copied = {
        index.name: policy
        for index in indices.moving_indices(survey)
        for key in _POLICIES
        for policy in indices.restored_settings(survey, index).get(key, ())
    }
    names = {index.name for index in indices.moving_indices(survey)}
    try:
        known = indices.policies(survey)
    except DomainError:
        if not copied:
            raise
        known = {}  # carried-over ids are worse than missing policies
    managed = {name: policy for name, policy in known.items() if name in names} | copied
    if not managed:
        return ok("no policy manages them")
    lines = [f"{name}: policy {policy}" for name, policy in sorted(managed.items())]
    listed = shown(sorted(set(managed.values())))
    if copied:
        hint = (
            "create the policies on the target if you want them; else drop the ids with "
            "restore.ignore_index_settings: [index.*.index_state_management.policy_id]"
        )
        said = f"policy ids move ({listed}), policies do not; a policy with that id on the target would act"
        return warn(said, hint, lines)
    return warn(f"policies do not move: {listed}", "create them on the target and attach them", lines)
