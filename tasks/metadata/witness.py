"""The service's own comparison beside ours: where it sees something else, and where it cannot tell."""

from collections.abc import Iterable, Iterator, Mapping

from configs.plan import DomainSettings, Side
from domains.aws.control_plane import domain_name_of, domain_status
from domains.aws.domain_comparison import CategoryComparison, compare_configuration
from domains.domain import Domain
from domains.errors import AwsError
from tasks.metadata.sides import Sides
from tasks.records.metadata import (
    Disagreement,
    ItemState,
    MetadataDiff,
    MetadataItem,
    Witness,
    WitnessState,
)

CATEGORIES: dict[str, str] = {
    "aliases": "aliases",
    "monitors": "alerting_monitors",
    "cluster-settings": "cluster_settings",
    "component-templates": "component_templates",
    "ingest-pipelines": "ingest_pipelines",
    "index-policies": "ism_policies",
    "action-groups": "security_action_groups",
    "users": "security_internal_users",
    "role-mappings": "security_role_mappings",
    "roles": "security_roles",
    "index-templates": "templates",
}
"""The service's categories, by our kinds."""


def witness(sides: Sides, diff: MetadataDiff) -> Witness:
    """Ask the service, where both sides are its domains in one account. It is never required."""
    plan = sides.plan
    if not all(plan.domain(side).is_managed for side in plan.sides):
        return Witness()
    asked = {kind: name for kind, name in CATEGORIES.items() if kind in sides.settings.kinds}
    try:
        arns = {side: _arn(sides.place(side).domain, _settings(sides, side)) for side in _SIDES}
        if not asked or _account(arns["source"]) != _account(arns["target"]):
            return Witness()
        told = compare_configuration(
            sides.source.domain.session,
            arns["source"],
            arns["target"],
            tuple(asked.values()),
            sides.source.domain.region,
        )
    except AwsError as error:
        return Witness(state=WitnessState.UNKNOWN, problem=error.message)
    return compared_with(diff, asked, told)


_SIDES: tuple[Side, Side] = ("source", "target")


def _settings(sides: Sides, side: Side) -> DomainSettings:
    return sides.plan.domain(side)


def _arn(domain: Domain, settings: DomainSettings) -> str:
    host = domain.endpoint.partition("://")[2]
    name = settings.domain or domain_name_of(host)
    status = domain_status(domain.session, name, domain.region) if name else None
    if status is None or not status.arn:
        raise AwsError(
            f"the control plane does not know the {domain.side} by its name",
            "nothing to do: our own comparison does not need it",
        )
    return status.arn


def _account(arn: str) -> str:
    return arn.split(":")[4] if arn.count(":") >= 5 else arn


def compared_with(
    diff: MetadataDiff, asked: Mapping[str, str], told: Mapping[str, CategoryComparison]
) -> Witness:
    """Where the service's comparison and ours disagree. Pure.

    Args:
        asked: the service's categories, by our kinds.
    """
    untold = tuple(name for name in asked.values() if name not in told or not told[name].whole)
    found = tuple(
        each
        for kind, name in asked.items()
        if name in told
        for each in _disagreements(kind, [item for item in diff.items if item.kind == kind], told[name])
    )
    return Witness(state=WitnessState.COMPARED, untold=untold, disagreements=found)


def _disagreements(
    kind: str, items: Iterable[MetadataItem], told: CategoryComparison
) -> Iterator[Disagreement]:
    ours = {item.name: item.state for item in items}
    theirs = {
        **dict.fromkeys(told.source_only, ItemState.SOURCE_ONLY),
        **dict.fromkeys(told.target_only, ItemState.TARGET_ONLY),
        **dict.fromkeys(told.diverged, ItemState.DIVERGED),
    }
    for name in sorted(ours):
        said = theirs.get(name, ItemState.IN_SYNC)
        if said is not ours[name] and (name in theirs or told.whole):
            yield Disagreement(kind=kind, name=name, ours=str(ours[name]), theirs=str(said))
