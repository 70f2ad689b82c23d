"""Facts about moving indices: names, settings, and the target's support for them."""

from configs.restore import full_key, setting_text
from domains.aws import control_plane
from domains.domain import Side
from domains.engine import cluster_features, templates
from domains.engine.indices import index_requirements as traits_of
from domains.engine.indices.index_requirements import NO_REQUIREMENTS, IndexRequirements
from domains.engine.policies.index_state_management import managed_indices
from domains.engine.templates import Definitions
from tasks.checks.facts import domains
from tasks.records.resolution import SelectedIndex, Unit
from tasks.restore.requests import batches, left_out
from tasks.selection.select import matches
from tasks.survey import Survey


def managed(survey: Survey, side: Side) -> bool:
    """Whether the side is a domain of the service, according to the plan."""
    settings = domains.settings(survey, side)
    return settings.is_signed or settings.is_managed


def moving(survey: Survey) -> tuple[Unit, ...]:
    """Return the moving units under their target names, including those that indices.names refuses."""
    decided = {unit.name: unit for unit in survey.decision.units}
    units = (decided.get(unit.name, unit) for unit in survey.selection.units)
    return tuple(unit for unit in units if unit.action != "skip")


def moving_indices(survey: Survey) -> tuple[SelectedIndex, ...]:
    """Return the indices of all moving units."""
    return tuple(index for unit in moving(survey) for index in unit.indices)


def requests(survey: Survey) -> tuple[list[Unit], ...]:
    """Return the units of each restore request, in order."""
    return tuple(batches(moving(survey), survey.plan.restore.batch))


def requirements(survey: Survey, index: SelectedIndex) -> IndexRequirements:
    """Return what the source index requires of a domain that holds it."""
    found = survey.once("traits", lambda: traits_of.index_requirements(survey.domain("source")))
    return found.get(index.name, NO_REQUIREMENTS)


def restored_settings(survey: Survey, index: SelectedIndex) -> dict[str, tuple[str, ...]]:
    """Return the settings of its copy: the source's, minus and plus those in the plan."""
    restore = survey.plan.restore
    ignored = [full_key(pattern) for pattern in (*left_out(index), *restore.ignore_index_settings)]
    kept = {
        key: value for key, value in requirements(survey, index).settings.items() if not matches(key, ignored)
    }
    return kept | {full_key(key): (setting_text(value),) for key, value in restore.index_settings.items()}


def replicas(survey: Survey, index: SelectedIndex) -> int:
    """Return the number of replicas of its copy's shards, before any auto-expansion by the engine."""
    wanted = {full_key(key): value for key, value in survey.plan.restore.index_settings.items()}
    return int(wanted.get("index.number_of_replicas", index.replicas))


def replicas_known(survey: Survey) -> bool:
    """Whether it is known how many replicas the copies get: a snapshot's record does not tell it."""
    wanted = map(full_key, survey.plan.restore.index_settings)
    return "source" in survey.sides or "index.number_of_replicas" in wanted


NO_REPLICAS = (
    "a snapshot's record does not tell how many replicas its indices have",
    "decide it in the plan: restore.index_settings: {index.number_of_replicas: 1}",
)
"""Why `replicas_known` may be false, and what to do."""


def copies(survey: Survey, index: SelectedIndex) -> int:
    """Return the number of copies: the primary and its `replicas`."""
    return 1 + replicas(survey, index)


def target_settings(survey: Survey) -> dict[str, str | tuple[str, ...]]:
    """Return the target's effective settings for disk, shards, zones and closing."""
    return survey.once("target settings", lambda: cluster_features.cluster_settings(survey.domain("target")))


def target_plugins(survey: Survey) -> frozenset[str]:
    """Return the target's plugins."""
    return survey.once("target plugins", lambda: cluster_features.plugins(survey.domain("target")))


def target_definitions(survey: Survey) -> Definitions:
    """Return the target's templates and pipelines."""
    return survey.once("target definitions", lambda: templates.definitions(survey.domain("target")))


def policies(survey: Survey) -> dict[str, str]:
    """Return the source's indices that a policy manages, each with its policy."""
    version = survey.identity("source").version
    managed = survey.once("policies", lambda: managed_indices(survey.domain("source"), version)) or {}
    return {name: index.policy for name, index in managed.items()}


def target_packages(survey: Survey) -> dict[str, str] | None:
    """Return the target's package ids and their status; None if the control plane does not know it."""
    status = domains.status(survey, "target")
    if status is None:
        return None
    session = survey.domain("target").session
    return survey.once("target packages", lambda: control_plane.packages(session, status.name))
